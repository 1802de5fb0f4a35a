/** Reads from a request's URL which resource it touches and which action Azure will want for it. */
export interface ArmOperation {
  readonly id: string;
  readonly action: string;
}

const VERBS: Readonly<Record<string, string>> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
};

/**
 * `…/providers/{namespace}/{type}/{name}…`: an odd tail is a list (GET) or an action (POST), and the
 * resource is what stands before it. Source of the action names:
 * https://learn.microsoft.com/azure/role-based-access-control/permissions/containers
 */
export function armOperation(method: string, url: string): ArmOperation {
  const path = decodeURIComponent(new URL(url).pathname);
  const cut = path.lastIndexOf("/providers/");
  if (cut < 0) return { id: path, action: VERBS[method] ?? "action" };
  const [namespace = "", ...segments] = path.slice(cut + "/providers/".length).split("/");
  const types = segments.filter((_, index) => index % 2 === 0);
  const tail = segments.length % 2 === 1;
  if (method === "POST") {
    return {
      id: tail ? path.slice(0, path.lastIndexOf("/")) : path,
      action: [namespace, ...types, "action"].join("/"),
    };
  }
  return {
    id: tail ? listScope(path, cut, segments.length) : path,
    action: [namespace, ...types, VERBS[method] ?? "action"].join("/"),
  };
}

/** A list is read on the parent resource, or on the subscription or resource group before `providers`. */
function listScope(path: string, cut: number, depth: number): string {
  return depth === 1 ? path.slice(0, cut) : path.slice(0, path.lastIndexOf("/"));
}
