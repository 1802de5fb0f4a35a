import type { Cluster } from "../../shared/simulator/model.ts";
import type { ClusterUser } from "./caller.ts";
import { serviceAccountName } from "./caller.ts";
import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { findResource } from "./registry.ts";
import type { Target } from "./request-path.ts";

const GROUP = "rbac.authorization.k8s.io";

/**
 * Do the cluster's own roles let a user do this? They judge users and service accounts; Entra principals are judged
 * by Azure alone, as with Azure RBAC for Kubernetes.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export function roleAllows(
  cluster: Cluster,
  user: ClusterUser,
  request: { readonly verb: string; readonly target: Target },
): boolean {
  const { verb, target } = request;
  return rulesFor(cluster, user, target.namespace).some((rule) => covers(rule, verb, target));
}

export function roleAllowsPath(
  cluster: Cluster,
  user: ClusterUser,
  verb: string,
  path: string,
): boolean {
  return rulesFor(cluster, user, undefined).some(
    (rule) =>
      listed(rule.verbs, verb) &&
      texts(rule.nonResourceURLs).some(
        (url) => url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1))),
      ),
  );
}

function covers(rule: JsonObject, verb: string, target: Target): boolean {
  const { group, plural, subresource, name } = target;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const names = texts(rule.resourceNames);
  return (
    listed(rule.verbs, verb) &&
    listed(rule.apiGroups, group) &&
    (listed(rule.resources, resource) || texts(rule.resources).includes(`*/${subresource}`)) &&
    (names.length === 0 || (name !== undefined && names.includes(name)))
  );
}

function listed(list: unknown, wanted: string): boolean {
  const all = texts(list);
  return all.includes("*") || all.includes(wanted);
}

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
}

function rulesFor(
  cluster: Cluster,
  user: ClusterUser,
  namespace: string | undefined,
): readonly JsonObject[] {
  const bindings = [
    ...objectsOf(cluster, "clusterrolebindings"),
    ...objectsOf(cluster, "rolebindings").filter((one) => namespaceOf(one) === namespace),
  ].filter((binding) => isBound(binding, user));
  return bindings.flatMap((binding) => {
    const role = isJsonObject(binding.roleRef) ? binding.roleRef : {};
    const isOfCluster = role.kind === "ClusterRole";
    const roles = objectsOf(cluster, isOfCluster ? "clusterroles" : "roles").filter(
      (one) =>
        metadataOf(one).name === role.name &&
        (isOfCluster || namespaceOf(one) === namespaceOf(binding)),
    );
    return roles.flatMap(({ rules }) => (Array.isArray(rules) ? rules.filter(isJsonObject) : []));
  });
}

function isBound(binding: JsonObject, user: ClusterUser): boolean {
  const subjects = Array.isArray(binding.subjects) ? binding.subjects.filter(isJsonObject) : [];
  return subjects.some(({ kind, name, namespace }) => {
    if (kind === "Group") return user.groups.includes(String(name));
    if (kind === "User") return user.name === name;
    return user.name === serviceAccountName(String(namespace), String(name));
  });
}

function objectsOf(cluster: Cluster, plural: string): readonly JsonObject[] {
  const objects = findResource(GROUP, "v1", plural)?.sources(cluster).values() ?? [];
  return [...objects].filter(isJsonObject);
}

function metadataOf(object: JsonObject): JsonObject {
  return isJsonObject(object.metadata) ? object.metadata : {};
}

function namespaceOf(object: JsonObject): unknown {
  return metadataOf(object).namespace;
}
