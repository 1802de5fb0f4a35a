import type { LabelSelector } from "kubernetes-types/meta/v1.js";
import type { Container, PodSpec, PodTemplateSpec, Toleration } from "kubernetes-types/core/v1.js";
import type { Cluster, Pod, Workload, WorkloadSpec } from "../../shared/simulator/model.ts";
import { isJsonObject, stringMap } from "./object.ts";
import { badRequest, invalid } from "./status.ts";
import type { InvalidField } from "./status.ts";
import { forgetWritten, rememberWritten, withWrittenTemplate } from "./written-workload.ts";

const DEFAULT_GRACE_SECONDS = 30;
/** The simulated world runs no containers; every template shows this one. */
const IMAGE = "mcr.microsoft.com/oss/v2/kubernetes/pause:3.10";

export function workloadsOf(
  cluster: Cluster,
  kind: Workload["kind"],
): ReadonlyMap<string, Workload> {
  const found = [...cluster.workloads.values()].filter((workload) => workload.kind === kind);
  return new Map(found.map((workload) => [`${workload.namespace}/${workload.name}`, workload]));
}

export function workloadKey(workload: Pick<Workload, "kind" | "namespace" | "name">): string {
  return `${workload.kind}/${workload.namespace}/${workload.name}`;
}

export interface PodCounts {
  readonly all: number;
  readonly ready: number;
}

export function countPods(cluster: Cluster, workload: Workload): PodCounts {
  const key = workloadKey(workload);
  const pods = [...cluster.pods.values()].filter(
    (pod) => pod.workload === key && pod.phase !== "Terminating",
  );
  return { all: pods.length, ready: pods.filter((pod) => pod.ready).length };
}

export function selectorOf(workload: Workload): LabelSelector {
  return { matchLabels: { ...workload.labels } };
}

export function templateOf(
  cluster: Cluster,
  workload: Workload,
  extraLabels: Readonly<Record<string, string>> = {},
): PodTemplateSpec {
  return withWrittenTemplate(cluster, workload, {
    metadata: { labels: { ...workload.labels, ...extraLabels } },
    spec: {
      containers: [containerOf(workload)],
      ...nodeSelectorField(workload),
      ...(workload.tolerations && { tolerations: [...workload.tolerations] as Toleration[] }),
      restartPolicy: "Always",
      schedulerName: "default-scheduler",
      terminationGracePeriodSeconds: graceSeconds(workload),
    },
  });
}

function nodeSelectorField({ nodeSelector = {} }: Workload): Pick<PodSpec, "nodeSelector"> {
  return Object.keys(nodeSelector).length > 0 ? { nodeSelector: { ...nodeSelector } } : {};
}

export function containerOf(workload: Pick<Workload, "name">): Container {
  return { name: workload.name, image: IMAGE, imagePullPolicy: "IfNotPresent" };
}

/** The specification of a workload, scaled; a live workload has more to it than its own fields. */
export function withReplicas(workload: Workload, replicas: number): WorkloadSpec {
  const { kind, namespace, name, labels, nodeSelector, tolerations } = workload;
  const { terminationGracePeriodSeconds: grace } = workload;
  return {
    kind,
    namespace,
    name,
    replicas,
    labels,
    ...(nodeSelector && { nodeSelector }),
    ...(tolerations && { tolerations }),
    ...(grace !== undefined && { terminationGracePeriodSeconds: grace }),
  };
}

export function graceSeconds(workload: Workload | undefined): number {
  return workload?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

export function workloadOfPod(cluster: Cluster, pod: Pod): Workload | undefined {
  return cluster.workloads.get(pod.workload);
}

/** Makes or changes a workload as a client wrote it; throws 422 for what the API server would refuse. */
export function putWorkload(cluster: Cluster, kind: WorkloadSpec["kind"], body: object): void {
  const spec = parseWorkload(kind, body);
  cluster.putWorkload(spec);
  const { namespace = "default", name } = spec;
  rememberWritten(cluster, { kind, namespace, name }, body);
}

export function removeWorkload(
  cluster: Cluster,
  kind: WorkloadSpec["kind"],
  { namespace = "default", name }: { readonly namespace?: string; readonly name: string },
): void {
  cluster.deleteWorkload(kind, namespace, name);
  forgetWritten(cluster, { kind, namespace, name });
}

/** Deployment or DaemonSet as a client wrote it; throws 422 for what the API server would refuse. */
function parseWorkload(kind: WorkloadSpec["kind"], body: unknown): WorkloadSpec {
  if (!isJsonObject(body)) throw badRequest("the object provided is not a map");
  const metadata = isJsonObject(body.metadata) ? body.metadata : {};
  const spec = isJsonObject(body.spec) ? body.spec : {};
  const template = isJsonObject(spec.template) ? spec.template : {};
  const templateMetadata = isJsonObject(template.metadata) ? template.metadata : {};
  const podSpec = isJsonObject(template.spec) ? template.spec : {};
  const selector = isJsonObject(spec.selector) ? spec.selector : {};
  const labels = stringMap(templateMetadata.labels);
  const name = String(metadata.name ?? "");
  const errors = selectorErrors(stringMap(selector.matchLabels), labels);
  if (errors.length > 0) throw invalid(`${kind}.apps`, name, errors);
  return {
    kind,
    namespace: String(metadata.namespace ?? "default"),
    name,
    replicas: kind === "Deployment" ? parseReplicas(name, spec.replicas) : 0,
    labels,
    ...placement(podSpec),
  };
}

function selectorErrors(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): InvalidField[] {
  const entries = Object.entries(selector);
  if (entries.length === 0) {
    return [{ field: "spec.selector", message: "Required value: matchLabels must be given" }];
  }
  if (entries.every(([key, value]) => labels[key] === value)) return [];
  const message = `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``;
  return [{ field: "spec.template.metadata.labels", message }];
}

export function parseReplicas(name: string, value: unknown): number {
  const replicas = value ?? 1;
  if (typeof replicas === "number" && Number.isInteger(replicas) && replicas >= 0) return replicas;
  const message = `Invalid value: ${JSON.stringify(value)}: must be an integer greater than or equal to 0`;
  throw invalid("Deployment.apps", name, [{ field: "spec.replicas", message }]);
}

function placement(podSpec: {
  readonly [field: string]: unknown;
}): Pick<WorkloadSpec, "nodeSelector" | "tolerations" | "terminationGracePeriodSeconds"> {
  const { nodeSelector, tolerations, terminationGracePeriodSeconds: grace } = podSpec;
  return {
    ...(isJsonObject(nodeSelector) && { nodeSelector: stringMap(nodeSelector) }),
    ...(Array.isArray(tolerations) && {
      tolerations: tolerations.filter(isJsonObject).map(stringMap),
    }),
    ...(typeof grace === "number" && { terminationGracePeriodSeconds: grace }),
  };
}
