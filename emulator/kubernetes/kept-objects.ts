import type { Cluster } from "../../shared/simulator/model.ts";
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
