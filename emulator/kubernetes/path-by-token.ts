import type { Environment, WireRequest } from "../service.ts";
import { adminToken } from "./admin-token.ts";
import type { ClusterPath } from "./request-path.ts";

const ROOT_PATHS = /^\/$|^\/(?:healthz|livez|readyz|version|metrics|openapi|apis?)(?:\/|$)/;
const ADMIN_TOKEN = /^Bearer +([0-9a-f]{64})$/i;

/**
 * `kubectl get --raw /healthz` leaves out the path of the server's address. The token of an administrator
 * says which cluster is meant; undefined for any other request.
 */
export function pathByToken(
  environment: Environment,
  { path, headers }: WireRequest,
): ClusterPath | undefined {
  const token = ADMIN_TOKEN.exec(headers.authorization ?? "")?.[1];
  if (token === undefined || !ROOT_PATHS.test(path)) return undefined;
  for (const [clusterKey, cluster] of environment.world.clusters) {
    if (adminToken(environment, cluster.id) !== token) continue;
    return { clusterKey, server: "", path: path.replace(/(?<=.)\/+$/, "") };
  }
  return undefined;
}
