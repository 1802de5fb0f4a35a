import type { PodTemplateSpec } from "kubernetes-types/core/v1.js";
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

/** Keeps a Deployment or DaemonSet as its client wrote it: the world needs little of it. */
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

/** Fields of the specification that the world does not act on. */
export function writtenSpec(cluster: Cluster, workload: Workload): JsonObject {
  const { spec } = writtenOf(cluster, workload);
  if (!isJsonObject(spec)) return {};
  const { replicas: _replicas, template: _template, ...others } = spec;
  return others;
}

/** The template with the containers, volumes and annotations that were written into it. */
export function withWrittenTemplate(
  cluster: Cluster,
  workload: Workload,
  template: PodTemplateSpec,
): PodTemplateSpec {
  const { spec } = writtenOf(cluster, workload);
  const written = isJsonObject(spec) && isJsonObject(spec.template) ? spec.template : {};
  const metadata = isJsonObject(written.metadata) ? written.metadata : {};
  const podSpec = isJsonObject(written.spec) ? written.spec : {};
  const annotations = stringMap(metadata.annotations);
  return {
    metadata: {
      ...template.metadata,
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec: {
      ...podSpec,
      ...template.spec,
      containers: containersOf(podSpec) ?? template.spec?.containers ?? [],
    },
  };
}

type Containers = NonNullable<PodTemplateSpec["spec"]>["containers"];

function containersOf({ containers }: JsonObject): Containers | undefined {
  if (!Array.isArray(containers) || containers.length === 0) return undefined;
  const named = containers.filter(isJsonObject).filter(({ name }) => typeof name === "string");
  return named.length === containers.length ? (named as unknown as Containers) : undefined;
}
