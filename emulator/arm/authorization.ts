import type { ArmRequest, ResourceProvider } from "./provider.ts";
import { ArmError } from "./provider.ts";
import { page } from "./paging.ts";
import { methodNotAllowed } from "./refusal.ts";

/**
 * `{scope}/providers/Microsoft.Authorization/permissions`: what the caller may do there, one entry per role
 * assignment. A scenario does not tell actions from data actions, so an entry lists its actions as both.
 */
export function createAuthorizationProvider(origin: () => string): ResourceProvider {
  return {
    namespace: "microsoft.authorization",
    handle(request) {
      const [[type] = []] = request.segments;
      if (type !== "permissions" || request.segments.length > 1) throw unknownType(type);
      if (request.method !== "GET") throw methodNotAllowed(request.method);
      return page(request, permissionsOf(request), { origin: origin() });
    },
  };
}

function permissionsOf(request: ArmRequest): object[] {
  const scope = `${scopeOf(request)}/`.toLowerCase();
  return request.principal.grants
    .filter((grant) => scope.startsWith(`${grant.scope.toLowerCase().replace(/\/+$/, "")}/`))
    .map(({ actions }) => ({
      actions,
      notActions: [],
      dataActions: actions,
      notDataActions: [],
    }));
}

function scopeOf({ scope, subscription, resourceGroup }: ArmRequest): string {
  if (scope !== undefined) return scope;
  const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`;
  return `/subscriptions/${subscription}${group}`;
}

function unknownType(type: string | undefined): ArmError {
  const message = `The resource type '${type ?? ""}' could not be found in the namespace 'Microsoft.Authorization'.`;
  return new ArmError(404, "InvalidResourceType", message);
}
