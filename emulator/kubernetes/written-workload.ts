import type { Cluster, Workload } from "../../shared/simulator/model.ts";
import { keptObjects } from "./kept-objects.ts";
import { isJsonObject, stringMap } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";

type Identity = Pick<Workload, "kind" | "namespace" | "name">;

function placeOf(
  cluster: Cluster,
  { kind, namespace, name }: Identity,
): {
  readonly kept: Map<string, KubernetesObject>;
  readonly key: string;
} {
  return { kept: keptObjects(cluster, `written ${kind}`), key: `${namespace}/${name}` };
}

/** Keeps a workload as its client wrote it: the world needs little of it. */
export function rememberWritten(cluster: Cluster, identity: Identity, body: object): void {
  const { kept, key } = placeOf(cluster, identity);
  kept.set(key, body);
}

export function forgetWritten(cluster: Cluster, identity: Identity): void {
  const { kept, key } = placeOf(cluster, identity);
  kept.delete(key);
}

function writtenOf(cluster: Cluster, identity: Identity): JsonObject {
  const { kept, key } = placeOf(cluster, identity);
  return { ...kept.get(key) };
}

/** Labels and annotations as written; the labels of its pods where nobody wrote any. */
export function writtenMetadata(
  cluster: Cluster,
  workload: Workload,
): { readonly labels: Record<string, string>; readonly annotations: Record<string, string> } {
  const { metadata } = writtenOf(cluster, workload);
  if (!isJsonObject(metadata)) return { labels: { ...workload.labels }, annotations: {} };
  return { labels: stringMap(metadata.labels), annotations: stringMap(metadata.annotations) };
}

/** The specification as written, but for the replicas, which `scale` changes too. */
export function writtenSpec(cluster: Cluster, workload: Identity): JsonObject {
  const { spec } = writtenOf(cluster, workload);
  if (!isJsonObject(spec)) return {};
  const { replicas: _replicas, ...others } = spec;
  return others;
}
