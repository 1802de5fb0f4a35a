import type { Principal, TokenAuthority, WireRequest } from "../service.ts";
import type { FeaturesTarget } from "./features.ts";
import type { Locks } from "./locks.ts";
import { requiredAction } from "./operation-name.ts";
import { ArmError } from "./provider.ts";
import type { ArmTarget, ResourceTarget, TenantProviderTarget } from "./request.ts";

/** What roles and locks guard: everything below a subscription. */
export type GuardedTarget = Exclude<
  ArmTarget,
  TenantProviderTarget | { readonly kind: "metadata" | "tenants" | "subscriptions" | "unknown" }
>;

/** Throws 403 when the principal's roles do not hold the action. */
export function authorize(
  request: WireRequest,
  principal: Principal,
  { target, tokens }: { readonly target: GuardedTarget; readonly tokens: TokenAuthority },
): void {
  const action = actionOf(request.method, target);
  if (action === undefined) return;
  const scope = scopeOf(request.path, target);
  if (tokens.allows(principal, action, scope)) return;
  throw new ArmError(
    403,
    "AuthorizationFailed",
    `The client '${principal.clientId}' with object id '${principal.objectId}' does not have authorization ` +
      `to perform action '${action}' over scope '${scope}' or the scope is invalid. ` +
      "If access was recently granted, please refresh your credentials.",
  );
}

/** Locks hold for resources and their groups; whoever may write locks may take them away, too. */
export function checkLocks(request: WireRequest, target: GuardedTarget, locks: Locks): void {
  if (target.kind !== "resource" && target.kind !== "resourceGroup") return;
  const isLock =
    target.kind === "resource" &&
    target.namespace.toLowerCase() === "microsoft.authorization" &&
    target.segments[0]?.[0].toLowerCase() === "locks";
  if (!isLock) locks.check(request.method, scopeOf(request.path, target));
}

/** The path; that of the resource when the request acts on one. */
function scopeOf(path: string, target: ArmTarget): string {
  const scope = path.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  const acts = "action" in target && target.action !== undefined;
  return acts ? scope.slice(0, scope.lastIndexOf("/")) : scope;
}

/** Undefined where anybody with a token may look. */
function actionOf(method: string, target: GuardedTarget): string | undefined {
  switch (target.kind) {
    case "resources":
      return "Microsoft.Resources/subscriptions/resources/read";
    case "resource":
      return isOwnPermissions(method, target) ? undefined : requiredAction(method, target);
    case "features":
      return featureAction(method, target);
    case "tagNames":
      return method === "GET"
        ? undefined
        : `Microsoft.Resources/tags/${method === "DELETE" ? "delete" : "write"}`;
    case "providers":
      return target.action === undefined
        ? undefined
        : `${target.namespace}/${target.action}/action`;
    case "resourceGroup":
    case "resourceGroups": {
      if ("action" in target && target.action !== undefined) {
        return `Microsoft.Resources/subscriptions/resourceGroups/${target.action}/action`;
      }
      const verb = method === "DELETE" ? "delete" : method === "GET" ? "read" : "write";
      return `Microsoft.Resources/subscriptions/resourceGroups/${verb}`;
    }
    default:
      return undefined;
  }
}

function featureAction(method: string, { action, isRegistration }: FeaturesTarget): string {
  if (isRegistration) {
    const verb = { GET: "read", DELETE: "delete" }[method] ?? "write";
    return `Microsoft.Features/featureProviders/subscriptionFeatureRegistrations/${verb}`;
  }
  const verb = method === "GET" ? "read" : `${action}/action`;
  return `Microsoft.Features/providers/features/${verb}`;
}

/** Everybody may ask what they may do. */
function isOwnPermissions(method: string, { namespace, segments }: ResourceTarget): boolean {
  const [[type = ""] = []] = segments;
  const isAuthorization = namespace.toLowerCase() === "microsoft.authorization";
  return method === "GET" && isAuthorization && type.toLowerCase() === "permissions";
}
