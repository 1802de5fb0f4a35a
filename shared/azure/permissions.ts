import type { ArmId } from "../core/arm-id.ts";
import type { ArmClient } from "./arm-client.ts";
import type { JsonObject } from "./json.ts";
import { readPages } from "./paged-list.ts";

const AUTHORIZATION_API_VERSION = "2022-04-01";

/** What one role assignment grants; `*` stands for any text. */
export interface PermissionSet {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

/** What the caller may do at a scope (an ARM id, or a subscription), as ARM itself reckons it. */
export async function readPermissions(
  arm: ArmClient,
  scope: ArmId,
): Promise<readonly PermissionSet[]> {
  const path = `${scope}/providers/Microsoft.Authorization/permissions`;
  return (await readPages(arm, path, AUTHORIZATION_API_VERSION)).map(toPermissionSet);
}

function toPermissionSet(entry: JsonObject): PermissionSet {
  return {
    actions: texts(entry["actions"]),
    notActions: texts(entry["notActions"]),
    dataActions: texts(entry["dataActions"]),
    notDataActions: texts(entry["notDataActions"]),
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

export interface Needed {
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
}

/** The actions that no assignment grants. An assignment's own exceptions do not take from another's. Pure. */
export function missingPermissions(
  granted: readonly PermissionSet[],
  needed: Needed,
): readonly string[] {
  const lacks = (action: string, yes: keyof PermissionSet, no: keyof PermissionSet) =>
    !granted.some((set) => names(set[yes], action) && !names(set[no], action));
  return [
    ...needed.actions.filter((action) => lacks(action, "actions", "notActions")),
    ...needed.dataActions.filter((action) => lacks(action, "dataActions", "notDataActions")),
  ];
}

function names(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => matches(pattern, action));
}

function matches(pattern: string, action: string): boolean {
  const literal = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`, "i").test(action);
}
