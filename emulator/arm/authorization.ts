import { guidFrom } from "../guid.ts";
import type { Environment, Principal, WireReply } from "../service.ts";
import type { JsonObject } from "./json.ts";
import { ArmError } from "./provider.ts";
import type { ArmRequest, ResourceProvider } from "./provider.ts";
import { page } from "./paging.ts";
import { invalid, notFound } from "./refusal.ts";

/** Ids of built-in roles in every tenant. Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const BUILT_IN: readonly Role[] = [
  { guid: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", roleName: "Owner", actions: ["*"] },
  { guid: "b24988ac-6180-42a0-ab88-20f7382dd24c", roleName: "Contributor", actions: ["*"] },
  { guid: "acdd72a7-3385-48ef-bd42-f606fba81ae7", roleName: "Reader", actions: ["*/read"] },
];
const NEVER_A_CONTRIBUTORS = [
  "Microsoft.Authorization/*/Delete",
  "Microsoft.Authorization/*/Write",
  "Microsoft.Authorization/elevateAccess/Action",
];
const EMPTY_TYPES = ["locks", "policyassignments", "denyassignments", "roleeligibilityschedules"];

interface Role {
  readonly guid: string;
  readonly roleName: string;
  readonly actions: readonly string[];
}

interface Assignment {
  readonly principal: Principal;
  readonly role: Role;
  readonly scope: string;
}

/**
 * `Microsoft.Authorization`, for reading: the grants of the scenario as role assignments. Grants that no
 * built-in role describes stand in a custom role of their own.
 */
export function createAuthorizationProvider({
  tokens,
  origin,
}: Pick<Environment, "tokens" | "origin">): ResourceProvider {
  const assignments = tokens.principals.flatMap((principal) =>
    principal.grants.map(({ actions, scope }) => ({ principal, role: roleOf(actions), scope })),
  );
  const custom = assignments.map(({ role }) => role).filter((role) => !BUILT_IN.includes(role));
  const roles = [...new Map([...BUILT_IN, ...custom].map((role) => [role.guid, role])).values()];
  return {
    namespace: "Microsoft.Authorization",
    handle(request) {
      if (request.method !== "GET") {
        throw invalid("Roles are assigned in the emulator's scenario alone.", "NotSupported");
      }
      const [[type = "", name] = []] = request.segments;
      switch (type) {
        case "roleassignments":
          return listOrGet(request, name, assignmentsAt(request, assignments));
        case "roledefinitions":
          return listOrGet(request, name, rolesNamed(request, roles));
        case "permissions":
          return page(request, permissionsAt(request), { origin: origin() });
        default:
          if (EMPTY_TYPES.includes(type)) return listOrGet(request, name, []);
          throw new ArmError(
            404,
            "InvalidResourceType",
            `The resource type '${type}' could not be found in the namespace 'Microsoft.Authorization'.`,
          );
      }
    },
  };
}

function roleOf(actions: readonly string[]): Role {
  const text = actions.join(", ");
  const known = BUILT_IN.find((role) => role.actions.join(", ") === text);
  return known ?? { guid: guidFrom(`role of ${text}`), roleName: text, actions };
}

function listOrGet(
  request: ArmRequest,
  name: string | undefined,
  found: readonly JsonObject[],
): WireReply {
  if (name === undefined) return { status: 200, body: { value: found } };
  const one = found.find((item) => item["name"] === name.toLowerCase());
  if (!one) throw notFound(request.wire.path);
  return { status: 200, body: one };
}

function scopeOf({ scope, subscription, resourceGroup }: ArmRequest): string {
  const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`;
  return scope ?? `/subscriptions/${subscription}${group}`;
}

function isAtOrBelow(scope: string, above: string): boolean {
  return `${scope}/`.toLowerCase().startsWith(`${above.replace(/\/+$/, "")}/`.toLowerCase());
}

/** Those at the scope and above, and below it unless `atScope()` is asked for. */
function assignmentsAt(request: ArmRequest, all: readonly Assignment[]): readonly JsonObject[] {
  const scope = scopeOf(request);
  const filter = request.wire.query.get("$filter") ?? "";
  const who = /(?:principalId eq |assignedTo\()'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const onlyAbove = /atScope\(\)/i.test(filter);
  return all
    .filter((one) => isAtOrBelow(scope, one.scope) || (!onlyAbove && isAtOrBelow(one.scope, scope)))
    .filter(({ principal }) => who === undefined || principal.objectId.toLowerCase() === who)
    .map((one) => renderAssignment(request.subscription, one));
}

function renderAssignment(
  subscription: string,
  { principal, role, scope }: Assignment,
): JsonObject {
  const name = guidFrom(`${principal.objectId} is ${role.guid} at ${scope.toLowerCase()}`);
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      roleDefinitionId: roleId(subscription, role),
      principalId: principal.objectId,
      principalType: "ServicePrincipal",
      scope,
      condition: null,
      conditionVersion: null,
      createdOn: "2026-07-01T08:00:00Z",
      updatedOn: "2026-07-01T08:00:00Z",
      createdBy: null,
      updatedBy: null,
    },
  };
}

function roleId(subscription: string, { guid }: Role): string {
  return `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
}

function rolesNamed(request: ArmRequest, all: readonly Role[]): readonly JsonObject[] {
  const filter = request.wire.query.get("$filter") ?? "";
  const wanted = /roleName eq '([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  return all
    .filter(({ roleName }) => wanted === undefined || roleName.toLowerCase() === wanted)
    .map((role) => renderRole(request.subscription, role));
}

function renderRole(subscription: string, role: Role): JsonObject {
  const isBuiltIn = BUILT_IN.includes(role);
  const notActions = role.roleName === "Contributor" ? NEVER_A_CONTRIBUTORS : [];
  return {
    id: roleId(subscription, role),
    name: role.guid,
    type: "Microsoft.Authorization/roleDefinitions",
    properties: {
      roleName: role.roleName,
      type: isBuiltIn ? "BuiltInRole" : "CustomRole",
      description: "",
      assignableScopes: [isBuiltIn ? "/" : `/subscriptions/${subscription}`],
      permissions: [{ actions: role.actions, notActions, dataActions: [], notDataActions: [] }],
    },
  };
}

/**
 * What the caller may do there, one entry per role assignment. A scenario does not tell actions from data
 * actions, so an entry lists its actions as both.
 */
function permissionsAt(request: ArmRequest): object[] {
  const scope = scopeOf(request);
  return request.principal.grants
    .filter((grant) => isAtOrBelow(scope, grant.scope))
    .map(({ actions }) => ({
      actions,
      notActions: [],
      dataActions: actions,
      notDataActions: [],
    }));
}
