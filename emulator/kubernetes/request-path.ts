import { armKey } from "../../shared/core/arm-id.ts";

/** A request for a cluster: whose, and the path below that cluster's server address. */
export interface ClusterPath {
  readonly clusterKey: string;
  /** Path of the cluster's server address. */
  readonly server: string;
  readonly path: string;
}

const CLUSTER = /^\/clusters\/([^/]+)\/([^/]+)\/([^/]+)(\/.*)?$/is;

/** Takes `/clusters/<subscription>/<resource group>/<name>/…` apart; undefined for any other path. */
export function parseClusterPath(path: string): ClusterPath | undefined {
  const match = CLUSTER.exec(path);
  if (!match) return undefined;
  const [, subscription = "", resourceGroup = "", name = "", rest = "/"] = match;
  const type = "providers/Microsoft.ContainerService/managedClusters";
  const id = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/${type}/${name}`;
  return {
    clusterKey: armKey(id),
    server: path.slice(0, path.length - (match[4]?.length ?? 0)),
    path: rest.length > 1 ? rest.replace(/\/+$/, "") : rest,
  };
}

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** What somebody wants to do something to. */
export interface Target {
  readonly group: string;
  readonly plural: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name?: string | undefined;
}

const RESOURCE = /^\/(?:api\/(v[^/]+)|apis\/([^/]+)\/(v[^/]+))\/(.+)$/;

/** Takes the path of an object or a collection apart; undefined for discovery and health paths. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const match = RESOURCE.exec(path);
  if (!match) return undefined;
  const [, coreVersion, group = "", groupVersion, rest = ""] = match;
  const version = coreVersion ?? groupVersion ?? "";
  const parts = rest.split("/");
  const inNamespace = parts[0] === "namespaces" && parts.length > 2 && parts[2] !== "status";
  const namespace = inNamespace ? parts[1] : undefined;
  const [plural = "", name, subresource, ...more] = inNamespace ? parts.slice(2) : parts;
  if (more.length > 0) return undefined;
  return { group, version, plural, namespace, name, subresource };
}
