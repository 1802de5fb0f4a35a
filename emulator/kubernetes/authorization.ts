import type { Environment, Principal, WireRequest } from "../service.ts";
import { adminToken } from "./admin-token.ts";
import { KubernetesError } from "./status.ts";

/** Application id of the AKS server: the audience of every Entra token for a Kubernetes API. */
export const AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630";

export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection";

export type Caller =
  | { readonly kind: "administrator" }
  | { readonly kind: "principal"; readonly principal: Principal };

export interface Target {
  readonly group: string;
  readonly plural: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
}

/** Who sends this request to this cluster; throws 401 when nobody that it knows. */
export function authenticate(
  environment: Environment,
  clusterId: string,
  request: WireRequest,
): Caller {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const impersonated = request.headers["impersonate-user"];
  if (impersonated !== undefined) throw noImpersonation(String(impersonated));
  if (bearer !== undefined && bearer === adminToken(environment, clusterId)) {
    return { kind: "administrator" };
  }
  const principal = environment.tokens.authenticate(request, [AKS_SERVER_APPLICATION]);
  if ("refused" in principal) throw new KubernetesError(401, "Unauthorized", "Unauthorized");
  return { kind: "principal", principal };
}

/** Answering as somebody else would be worse than not answering. */
function noImpersonation(user: string): KubernetesError {
  const message = `users ${JSON.stringify(user)} is forbidden: this local cluster impersonates nobody; sign in as that principal instead`;
  return new KubernetesError(403, "Forbidden", message, { name: user, kind: "users" });
}

/**
 * The Azure data action behind a Kubernetes verb, as Azure RBAC for Kubernetes authorization names
 * them: `managedClusters/pods/read`, `managedClusters/policy/poddisruptionbudgets/write`.
 * A created subresource is an action of its own, as `pods/exec/action` is.
 * Source: https://learn.microsoft.com/azure/aks/manage-azure-rbac
 */
function dataAction(verb: string, target: Target): string {
  const resource = [target.group, target.plural].filter((part) => part !== "").join("/");
  const prefix = `Microsoft.ContainerService/managedClusters/${resource}`;
  if (target.subresource !== undefined && verb === "create") {
    return `${prefix}/${target.subresource}/action`;
  }
  if (verb === "delete" || verb === "deletecollection") return `${prefix}/delete`;
  return verb === "get" || verb === "list" || verb === "watch"
    ? `${prefix}/read`
    : `${prefix}/write`;
}

/** Throws 403, worded like the API server and naming the missing action. */
export function authorize(
  environment: Environment,
  clusterId: string,
  request: { readonly caller: Caller; readonly verb: Verb; readonly target: Target },
): void {
  const { caller, verb, target } = request;
  if (caller.kind === "administrator" || allows(environment, clusterId, request)) return;
  throw forbidden(caller.principal, verb, target);
}

export function allows(
  environment: Environment,
  clusterId: string,
  request: { readonly caller: Caller; readonly verb: string; readonly target: Target },
): boolean {
  const { caller, verb, target } = request;
  if (caller.kind === "administrator") return true;
  return environment.tokens.allows(caller.principal, dataAction(verb, target), clusterId);
}

function forbidden(principal: Principal, verb: Verb, target: Target): KubernetesError {
  const { group, plural, subresource, namespace } = target;
  const name = subresource === undefined ? plural : `${plural}/${subresource}`;
  const qualified = group === "" ? plural : `${plural}.${group}`;
  const scope =
    namespace === undefined
      ? "at the cluster scope"
      : `in the namespace ${JSON.stringify(namespace)}`;
  const message =
    `${qualified} is forbidden: User ${JSON.stringify(principal.objectId)} cannot ${verb} resource ` +
    `${JSON.stringify(name)} in API group ${JSON.stringify(group)} ${scope}: User does not have access ` +
    `to the resource in Azure. Update role assignment to allow access (action ${dataAction(verb, target)}).`;
  const details = { ...(group !== "" && { group }), kind: plural };
  return new KubernetesError(403, "Forbidden", message, details);
}
