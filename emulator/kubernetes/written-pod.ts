import type { Pod as PodBody } from "kubernetes-types/core/v1.js";
import { canonicalJson } from "../../shared/core/digest.ts";
import type { Cluster, Pod } from "../../shared/simulator/model.ts";
import { keptObjects } from "./kept-objects.ts";
import { validateLabels } from "./labels.ts";
import { stringMap } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { placementOf } from "./pod-placement.ts";
import { objectAt, withDefaults } from "./pod-template.ts";
import { invalid } from "./status.ts";
import { podErrors } from "./workloads.ts";

/** A pod as a client wrote it: made by nobody's controller when it is new, and only relabelled afterwards. */
export function admitPod(desired: PodBody, current: PodBody | undefined): PodBody {
  const { status: _status, ...body } = desired;
  const admitted = withDefaults(body as JsonObject) as PodBody;
  const errors = [
    ...validateLabels(body.metadata?.labels),
    ...podErrors("spec", objectAt({ ...admitted }, "spec")),
    ...(current ? changedSpec(current, admitted) : []),
  ];
  if (errors.length > 0) throw invalid("Pod", body.metadata?.name ?? "", errors);
  return admitted;
}

/** The real server lets a few fields change; what runs nowhere has no use for them. */
function changedSpec(current: PodBody, desired: PodBody): { field: string; message: string }[] {
  if (canonicalJson(current.spec) === canonicalJson(desired.spec)) return [];
  const message = "Forbidden: the specification of a pod may not be changed in this cluster";
  return [{ field: "spec", message }];
}

export function createPod(cluster: Cluster, desired: PodBody): void {
  const { name = "", namespace = "default", labels, annotations } = desired.metadata ?? {};
  const { nodeName, ...spec } = desired.spec ?? { containers: [] };
  const template = {
    metadata: { labels: stringMap(labels), ...(annotations && { annotations }) },
    spec,
  };
  cluster.putWorkload({
    kind: "Pod",
    namespace,
    name,
    replicas: 1,
    ...placementOf(template),
    template,
    ...(nodeName && { nodeName }),
  });
}

const LABELS = "relabelled pods";

/** What somebody wrote on a pod that runs; its owner and its budgets go on as before. */
export function relabelPod(cluster: Cluster, current: PodBody, desired: PodBody): void {
  const metadata = metadataOf(desired);
  if (canonicalJson(metadata) === canonicalJson(metadataOf(current))) return;
  keptObjects(cluster, LABELS).set(current.metadata?.uid ?? "", { metadata });
  const { namespace = "default", name = "" } = current.metadata ?? {};
  cluster.touchPod(namespace, name);
}

function metadataOf({ metadata }: PodBody): NonNullable<PodBody["metadata"]> {
  return {
    labels: stringMap(metadata?.labels),
    annotations: stringMap(metadata?.annotations),
  };
}

export function relabelled(cluster: Cluster, pod: Pod): NonNullable<PodBody["metadata"]> {
  const written = keptObjects(cluster, LABELS);
  return written.size === 0 ? {} : { ...written.get(pod.uid)?.metadata };
}
