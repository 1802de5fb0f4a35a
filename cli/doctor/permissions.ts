import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArmId } from "../../shared/core/arm-id.ts";
import { armKey, parseArmId } from "../../shared/core/arm-id.ts";
import {
  missingPermissions,
  readPermissions,
  type Needed,
} from "../../shared/azure/permissions.ts";
import type { ArmClient } from "../../shared/azure/arm-client.ts";
import { PACKAGE_ROOT } from "../package-root.ts";
import { someOf } from "../terminal.ts";
import type { Diagnosis } from "./diagnosis.ts";

export const ROLES = ["reader", "operator", "reactor", "repairer"] as const;
export type Role = (typeof ROLES)[number];

interface RoleDefinition {
  readonly Name: string;
  readonly Actions: readonly string[];
  readonly DataActions: readonly string[];
}

/** Published elsewhere than on a fleet or a cluster. */
const OF_OTHER_RESOURCES = /^Microsoft\.EventGrid\//i;

async function definitionOf(role: Role): Promise<RoleDefinition> {
  const file = join(PACKAGE_ROOT, "infra", "roles", `${role}.json`);
  return JSON.parse(await readFile(file, "utf8")) as RoleDefinition;
}

/** Asked once per resource group: the role is granted there or above, seldom on one cluster. */
export async function checkPermissions(
  arm: ArmClient,
  role: Role,
  resources: readonly ArmId[],
): Promise<readonly Diagnosis[]> {
  const definition = await definitionOf(role);
  const needed: Needed = {
    actions: definition.Actions.filter((action) => !OF_OTHER_RESOURCES.test(action)),
    dataActions: definition.DataActions.filter((action) => !OF_OTHER_RESOURCES.test(action)),
  };
  const scopes = new Map(resources.map(groupOf).map((group) => [armKey(group), group]));
  const found: Diagnosis[] = [];
  for (const scope of scopes.values()) {
    const missing = missingPermissions(await readPermissions(arm, scope), needed);
    if (missing.length > 0) found.push(lacking(definition, role, { scope, missing }));
  }
  if (found.length > 0) return found;
  return [
    { topic: "permissions", verdict: "ok", message: `everything that ${definition.Name} may do` },
  ];
}

function groupOf(id: ArmId): ArmId {
  const { subscription, resourceGroup } = parseArmId(id);
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`;
}

function lacking(
  { Name }: RoleDefinition,
  role: Role,
  { scope, missing }: { readonly scope: ArmId; readonly missing: readonly string[] },
): Diagnosis {
  return {
    topic: "permissions",
    verdict: "error",
    message: `on ${scope} this identity may not ${someOf(missing)}`,
    remedy: `grant it '${Name}' (infra/roles/${role}.json) there; a new assignment takes minutes to be seen`,
    subjects: missing,
  };
}
