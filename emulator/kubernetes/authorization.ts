import type { Cluster } from "../../shared/simulator/model.ts";
import type { Environment, WireRequest } from "../service.ts";
import { adminToken } from "./admin-token.ts";
import { callerNamed, userInfo } from "./caller.ts";
import type { Caller } from "./caller.ts";
import { roleAllows } from "./rbac.ts";
import type { Target } from "./request-path.ts";
import { serviceAccountOf } from "./service-account-tokens.ts";
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

/** Who sends this request to this cluster; throws 401 when nobody that it knows. */
export function authenticate(
  environment: Environment,
  cluster: Cluster,
  request: WireRequest,
): Caller {
  const caller = bearerOf(environment, cluster, request);
  if (!caller) throw new KubernetesError(401, "Unauthorized", "Unauthorized");
  const { "impersonate-user": user, "impersonate-group": groups } = request.headers;
  if (user === undefined) return caller;
  const target = { group: "", plural: "users", subresource: undefined, namespace: undefined };
  authorize(environment, cluster, { caller, verb: "impersonate", target });
  return callerNamed(String(user), listOf(groups), environment.tokens.principals);
}

/** Whose token a request carries; undefined for nobody's. */
export function bearerOf(
  environment: Environment,
  cluster: Cluster,
  request: WireRequest,
): Caller | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (bearer !== undefined && bearer === adminToken(environment, cluster.id)) {
    return { kind: "administrator" };
  }
  const account = serviceAccountOf(environment, cluster, request);
  if (account !== undefined) return callerNamed(account, [], []);
  const principal = environment.tokens.authenticate(request, [AKS_SERVER_APPLICATION]);
  return "refused" in principal ? undefined : { kind: "principal", principal };
}

/** A header that is sent several times. */
function listOf(header: string | readonly string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  const text = typeof header === "string" ? header : header.join(",");
  return text.split(",").map((one) => one.trim());
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
  if (verb === "impersonate") return `${prefix}/impersonate/action`;
  if (target.subresource !== undefined && verb === "create") {
    return `${prefix}/${target.subresource}/action`;
  }
  if (verb === "delete" || verb === "deletecollection") return `${prefix}/delete`;
  return verb === "get" || verb === "list" || verb === "watch"
    ? `${prefix}/read`
    : `${prefix}/write`;
}

interface AccessRequest {
  readonly caller: Caller;
  readonly verb: string;
  readonly target: Target;
}

/** Throws 403, worded like the API server and naming the missing action. */
export function authorize(
  environment: Environment,
  cluster: Cluster,
  request: AccessRequest,
): void {
  if (!allows(environment, cluster, request)) throw forbidden(request);
}

export function allows(
  environment: Environment,
  cluster: Cluster,
  request: AccessRequest,
): boolean {
  const { caller, verb, target } = request;
  switch (caller.kind) {
    case "administrator":
      return true;
    case "principal":
      return environment.tokens.allows(caller.principal, dataAction(verb, target), cluster.id);
    case "user":
      return roleAllows(cluster, caller.user, request);
  }
}

function forbidden({ caller, verb, target }: AccessRequest): KubernetesError {
  const { group, plural, subresource, namespace } = target;
  const name = subresource === undefined ? plural : `${plural}/${subresource}`;
  const qualified = group === "" ? plural : `${plural}.${group}`;
  const scope =
    namespace === undefined
      ? "at the cluster scope"
      : `in the namespace ${JSON.stringify(namespace)}`;
  const why =
    caller.kind === "principal"
      ? ": User does not have access to the resource in Azure. Update role assignment to allow " +
        `access (action ${dataAction(verb, target)}).`
      : "";
  const message =
    `${qualified} is forbidden: User ${JSON.stringify(userInfo(caller).username)} cannot ${verb} resource ` +
    `${JSON.stringify(name)} in API group ${JSON.stringify(group)} ${scope}${why}`;
  const details = { ...(group !== "" && { group }), kind: plural };
  return new KubernetesError(403, "Forbidden", message, details);
}
