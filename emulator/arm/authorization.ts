import type { Environment, WireReply } from "../service.ts";
import type { Locks } from "./locks.ts";
import type { ArmRequest, ResourceProvider } from "./provider.ts";
import { page } from "./paging.ts";
import { methodNotAllowed, notFound, unknownType } from "./refusal.ts";
import { RoleAssignments } from "./role-assignments.ts";
import { Roles } from "./roles.ts";
import { isAtOrBelow, scopeOf } from "./scope.ts";

const EMPTY_TYPES = [
  "policyassignments",
  "denyassignments",
  "roleeligibilityschedules",
  "roleassignmentschedules",
  "classicadministrators",
];

/** `Microsoft.Authorization`: who may do what, and what nobody may do. */
export function createAuthorizationProvider(
  { tokens, origin }: Pick<Environment, "tokens" | "origin">,
  locks: Locks,
): ResourceProvider {
  const roles = new Roles();
  const assignments = new RoleAssignments(tokens, roles);
  return {
    namespace: "Microsoft.Authorization",
    handle(request) {
      const [[type = ""] = []] = request.segments;
      switch (type) {
        case "locks":
          return locks.handle(request);
        case "roleassignments":
          return assignments.handle(request);
        case "roledefinitions":
          return roles.handle(request);
        case "permissions":
          if (request.method !== "GET") throw methodNotAllowed(request.method);
          return page(request, permissionsAt(request), { origin: origin() });
        default:
          return emptyReply(request, type);
      }
    },
  };
}

function emptyReply(request: ArmRequest, type: string): WireReply {
  if (!EMPTY_TYPES.includes(type)) throw unknownType("Microsoft.Authorization", request);
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  if (request.segments[0]?.[1] !== undefined) throw notFound(request.wire.path);
  return { status: 200, body: { value: [] } };
}

/**
 * What the caller may do there, one entry per role assignment. A scenario does not tell actions from data
 * actions, so an entry lists its actions as both.
 */
function permissionsAt(request: ArmRequest): object[] {
  const scope = scopeOf(request);
  return request.principal.grants
    .filter((grant) => isAtOrBelow(scope, grant.scope))
    .map(({ actions, notActions = [] }) => ({
      actions,
      notActions,
      dataActions: actions,
      notDataActions: notActions,
    }));
}
