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
import { naming, type Diagnosis } from "./diagnosis.ts";

export const ROLES = ["reader", "operator", "reactor", "repairer"] as const;
export type Role = (typeof ROLES)[number];

type Environment = Readonly<Record<string, string | undefined>>;

export interface RoleDefinition {
  readonly Name: string;
  readonly Actions: readonly string[];
  readonly DataActions: readonly string[];
}

/** Published to a topic, which is in another resource group than fleets and clusters. */
const OF_OTHER_RESOURCES = /^Microsoft\.EventGrid\/events\//i;

export async function definitionOf(role: Role | "subscriber"): Promise<RoleDefinition> {
  const file = join(PACKAGE_ROOT, "infra", "roles", `${role}.json`);
  return JSON.parse(await readFile(file, "utf8")) as RoleDefinition;
}

/** What an identity of this role is granted beside it; undefined: nothing. */
function besides(role: Role, env: Environment): "subscriber" | undefined {
  return role === "reactor" && env["FLEETWRIGHT_EVENT_DESTINATION"] ? "subscriber" : undefined;
}

/** Asked once per resource group: the role is granted there or above, seldom on one cluster. */
export async function checkPermissions(
  arm: ArmClient,
  { role, env }: { readonly role: Role; readonly env: Environment },
  resources: readonly ArmId[],
): Promise<readonly Diagnosis[]> {
  const names = [role, besides(role, env)].filter((name) => name !== undefined);
  const definitions = await Promise.all(
    names.map(async (name) => ({ name, definition: await definitionOf(name) })),
  );
  const scopes = new Map(resources.map(groupOf).map((group) => [armKey(group), group]));
  const found: Diagnosis[] = [];
  for (const scope of scopes.values()) {
    const granted = await readPermissions(arm, scope);
    for (const { name, definition } of definitions) {
      const missing = missingPermissions(granted, neededOf(definition));
      if (missing.length > 0) found.push(lacking(definition, name, { scope, missing }));
    }
  }
  if (found.length > 0) return found;
  const told = definitions.map(({ definition }) => definition.Name).join(" and ");
  return [{ topic: "permissions", verdict: "ok", message: `everything that ${told} may do` }];
}

function neededOf({ Actions, DataActions }: RoleDefinition): Needed {
  return {
    actions: Actions,
    dataActions: DataActions.filter((action) => !OF_OTHER_RESOURCES.test(action)),
  };
}

function groupOf(id: ArmId): ArmId {
  const { subscription, resourceGroup } = parseArmId(id);
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`;
}

function lacking(
  { Name }: RoleDefinition,
  role: string,
  { scope, missing }: { readonly scope: ArmId; readonly missing: readonly string[] },
): Diagnosis {
  return {
    topic: "permissions",
    verdict: "error",
    ...naming(missing, (actions) => `on ${scope} this identity may not ${actions}`),
    remedy: `grant it '${Name}' (infra/roles/${role}.json) there; a new assignment takes minutes to be seen`,
    subjects: missing,
  };
}
