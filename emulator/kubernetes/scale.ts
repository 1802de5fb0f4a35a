import type { Workload } from "../../shared/simulator/model.ts";
import type { WireReply } from "../service.ts";
import { parseObjectBody } from "./body.ts";
import { formatLabels } from "./label-selector.ts";
import { isJsonObject, objectKey } from "./object.ts";
import type { KubernetesObject } from "./object.ts";
import { applyPatch } from "./patch.ts";
import { conflict, methodNotAllowed, notFound } from "./status.ts";
import { countPods, parseReplicas, withReplicas, workloadKey } from "./workloads.ts";
import { isDryRun, recordUpdate } from "./write.ts";
import type { WriteRequest } from "./write.ts";

/** `deployments/<name>/scale` and that of StatefulSets, the subresource behind `kubectl scale`. */
export function serveScale(write: WriteRequest, name: string): WireReply {
  const { cluster, journal, request } = write;
  const namespace = write.namespace ?? "default";
  const kind = journal.resource.kind as "Deployment" | "StatefulSet";
  const workload = cluster.workloads.get(workloadKey({ kind, namespace, name }));
  const stored = journal.get(objectKey(namespace, name));
  if (!workload || !stored) throw notFound(journal.resource, name);
  const scale = scaleOf(workload, stored);
  if (request.method === "GET") return { status: 200, body: scale };
  const desired = desiredScale(write, scale);
  const metadata = isJsonObject(desired.metadata) ? desired.metadata : {};
  const version = metadata.resourceVersion;
  if (version && version !== stored.metadata?.resourceVersion) {
    throw conflict(journal.resource, name, "the object has been modified");
  }
  const spec = isJsonObject(desired.spec) ? desired.spec : {};
  const replicas = parseReplicas(kind, name, spec.replicas ?? 0);
  if (isDryRun(request, {})) return { status: 200, body: { ...scale, spec: { replicas } } };
  cluster.putWorkload(withReplicas(workload, replicas));
  recordUpdate(write, name, { before: stored, subresource: "scale" });
  journal.refresh();
  const scaled = journal.get(objectKey(namespace, name)) ?? stored;
  return { status: 200, body: scaleOf(workload, scaled) };
}

function desiredScale(write: WriteRequest, scale: object): { readonly [field: string]: unknown } {
  switch (write.request.method) {
    case "PUT":
      return parseObjectBody(write.request);
    case "PATCH":
      return applyPatch(scale, write.request);
    default:
      throw methodNotAllowed();
  }
}

function scaleOf(workload: Workload, stored: KubernetesObject): object {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = stored.metadata ?? {};
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: workload.replicas },
    status: {
      replicas: countPods(workload).all,
      selector: formatLabels(workload.labels),
    },
  };
}
