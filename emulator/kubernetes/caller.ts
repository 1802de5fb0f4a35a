import type { Principal } from "../service.ts";

/** Who sends a request: the local administrator, an Entra principal, or a user or service account of the cluster. */
export type Caller =
  | { readonly kind: "administrator" }
  | { readonly kind: "principal"; readonly principal: Principal }
  | { readonly kind: "user"; readonly user: ClusterUser };

/** Somebody whom the cluster's own roles judge. */
export interface ClusterUser {
  readonly name: string;
  readonly groups: readonly string[];
}

const AUTHENTICATED = "system:authenticated";
const MASTERS = "system:masters";
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

export function serviceAccountName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** Somebody by the name that Kubernetes knows: the object id of a principal, a service account, or any other. */
export function callerNamed(
  name: string,
  groups: readonly string[],
  principals: readonly Principal[],
): Caller {
  if (groups.includes(MASTERS) || name === ADMINISTRATOR) return { kind: "administrator" };
  const principal = principals.find(
    ({ objectId }) => objectId.toLowerCase() === name.toLowerCase(),
  );
  if (principal) return { kind: "principal", principal };
  return { kind: "user", user: { name, groups: [...groups, ...groupsOf(name), AUTHENTICATED] } };
}

function groupsOf(name: string): readonly string[] {
  const [, namespace] = SERVICE_ACCOUNT.exec(name) ?? [];
  if (namespace === undefined) return [];
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

/** As the certificate in AKS's admin kubeconfig calls its owner. */
const ADMINISTRATOR = "masterclient";

/** As `kubectl auth whoami` shows it. */
export function userInfo(caller: Caller): { readonly username: string; readonly groups: string[] } {
  switch (caller.kind) {
    case "administrator":
      return { username: ADMINISTRATOR, groups: [MASTERS, AUTHENTICATED] };
    case "principal":
      return { username: caller.principal.objectId, groups: [AUTHENTICATED] };
    case "user":
      return { username: caller.user.name, groups: [...new Set(caller.user.groups)] };
  }
}
