import type { Cluster } from "../../shared/simulator/model.ts";
import { objectKey } from "./object.ts";
import type { KubernetesObject } from "./object.ts";

type ByKey = Map<string, KubernetesObject>;

/** Objects of a cluster, and of nobody else: they go with it. */
const kept = new WeakMap<Cluster, Map<string, ByKey>>();

/**
 * Objects that nothing in the simulated world acts on, and what clients wrote of others beyond what the world
 * knows of them: they are as their writer left them. By `<namespace>/<name>`, or name.
 */
export function keptObjects(cluster: Cluster, kind: string): ByKey {
  const kinds = kept.get(cluster) ?? new Map<string, ByKey>();
  kept.set(cluster, kinds);
  const objects = kinds.get(kind) ?? new Map<string, KubernetesObject>();
  kinds.set(kind, objects);
  return objects;
}

/** Forgets everything that is kept in a namespace. */
export function forgetNamespace(cluster: Cluster, namespace: string): void {
  for (const objects of kept.get(cluster)?.values() ?? []) {
    for (const key of objects.keys()) if (key.startsWith(`${namespace}/`)) objects.delete(key);
  }
}

/** What the server says of every object, whatever its writer sent. */
const SERVER_FIELDS = [
  "uid",
  "creationTimestamp",
  "resourceVersion",
  "generation",
  "managedFields",
];

export function withoutServerFields(body: KubernetesObject): KubernetesObject {
  const metadata = Object.entries(body.metadata ?? {}).filter(
    ([field]) => !SERVER_FIELDS.includes(field),
  );
  return { ...body, metadata: Object.fromEntries(metadata) };
}

interface Keeping<Body extends KubernetesObject> {
  create(cluster: Cluster, desired: Body): void;
  update(cluster: Cluster, current: Body, desired: Body): void;
  remove(
    cluster: Cluster,
    object: { readonly namespace: string | undefined; readonly name: string },
  ): void;
}

/** What clients do to objects of a kind that are kept as they are written. */
export function keeping<Body extends KubernetesObject>(kind: string): Keeping<Body> {
  const put = (cluster: Cluster, desired: Body): void => {
    const { namespace, name = "" } = desired.metadata ?? {};
    keptObjects(cluster, kind).set(objectKey(namespace, name), desired);
  };
  return {
    create: put,
    update: (cluster, _current, desired) => put(cluster, desired),
    remove: (cluster, { namespace, name }) => {
      keptObjects(cluster, kind).delete(objectKey(namespace, name));
    },
  };
}
