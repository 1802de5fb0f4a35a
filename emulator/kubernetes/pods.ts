import type { Pod as PodBody, PodCondition, PodStatus } from "kubernetes-types/core/v1.js";
import type { OwnerReference } from "kubernetes-types/meta/v1.js";
import { SECOND } from "../../shared/core/duration.ts";
import type { Cluster, Pod, Workload } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { nodeAddress } from "./node-status.ts";
import { toTime } from "./object.ts";
import { replicaSetIdentity, TEMPLATE_HASH_LABEL, templateHash } from "./replica-sets.ts";
import type { Column, Resource, View } from "./resource.ts";
import { containerOf, graceSeconds, templateOf, workloadOfPod } from "./workloads.ts";

export const pods: Resource<Pod, PodBody> = {
  group: "",
  version: "v1",
  plural: "pods",
  singular: "pod",
  kind: "Pod",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  subresources: [
    { name: "eviction", group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
    { name: "log", group: "", version: "v1", kind: "Pod", verbs: ["get"] },
    ...["attach", "exec", "portforward"].map((name) => ({
      name,
      group: "",
      version: "v1",
      kind: `Pod${name === "portforward" ? "PortForward" : name === "exec" ? "Exec" : "Attach"}Options`,
      verbs: ["create", "get"],
    })),
  ],
  selectableFields: [
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
  ],
  columns: columns(),
  changes: "told",
  dependsOn: ["pods"],
  sources: (cluster) => cluster.pods,
  phase: (pod) => `${pod.phase}/${pod.ready}/${pod.node ?? ""}`,
  render: (pod, view) => {
    const workload = workloadOfPod(view.cluster, pod);
    const since = view.phaseSince ?? pod.createdAt;
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: pod.name,
        namespace: pod.namespace,
        uid: pod.uid,
        creationTimestamp: toTime(pod.createdAt),
        ...(pod.phase === "Terminating" && deletion(workload, since)),
        labels: { ...pod.labels, ...ownerLabels(pod, workload) },
        ...(workload && { ownerReferences: [ownerReference(workload)] }),
      },
      spec: podSpec(pod, workload, view.cluster),
      status: podStatus(pod, view, toTime(since)),
    };
  },
  remove: (cluster, namespace, name) => cluster.deletePod(namespace ?? "default", name),
};

/** `deletionTimestamp` is the deadline of a graceful end, not its begin. */
function deletion(
  workload: Workload | undefined,
  since: number,
): { deletionTimestamp: string; deletionGracePeriodSeconds: number } {
  const seconds = graceSeconds(workload);
  return {
    deletionTimestamp: toTime(since + seconds * SECOND),
    deletionGracePeriodSeconds: seconds,
  };
}

function ownerLabels(pod: Pod, workload: Workload | undefined): Record<string, string> {
  if (!workload) return {};
  return pod.daemonSet
    ? { "pod-template-generation": "1" }
    : { [TEMPLATE_HASH_LABEL]: templateHash(workload) };
}

function ownerReference(workload: Workload): OwnerReference {
  const owner =
    workload.kind === "DaemonSet"
      ? { kind: "DaemonSet", name: workload.name, uid: workload.uid }
      : { kind: "ReplicaSet", ...replicaSetIdentity(workload) };
  return { apiVersion: "apps/v1", ...owner, controller: true, blockOwnerDeletion: true };
}

/** What the DaemonSet controller adds so that its pods stay on cordoned and unready nodes. */
const DAEMON_TOLERATIONS = ["not-ready", "unreachable", "unschedulable"].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: "Exists",
  effect: condition === "unschedulable" ? "NoSchedule" : "NoExecute",
}));

function podSpec(
  pod: Pod,
  workload: Workload | undefined,
  cluster: Cluster,
): NonNullable<PodBody["spec"]> {
  const template = workload && templateOf(cluster, workload).spec;
  const tolerations = [
    ...(template?.tolerations ?? []),
    ...(pod.daemonSet ? DAEMON_TOLERATIONS : []),
  ];
  return {
    containers: template?.containers ?? [containerOf({ name: pod.name })],
    ...(template?.nodeSelector && { nodeSelector: template.nodeSelector }),
    ...(pod.node !== undefined && { nodeName: pod.node }),
    ...(tolerations.length > 0 && { tolerations }),
    restartPolicy: "Always",
    schedulerName: "default-scheduler",
    serviceAccountName: "default",
    terminationGracePeriodSeconds: graceSeconds(workload),
  };
}

function podStatus(pod: Pod, view: View, since: string): PodStatus {
  const started = pod.node !== undefined && pod.phase !== "Pending";
  const ip = started ? podAddress(pod) : undefined;
  const host = pod.node === undefined ? undefined : hostAddress(view.cluster, pod.node);
  return {
    phase: started ? "Running" : "Pending",
    conditions: conditions(pod, since),
    containerStatuses: pod.node === undefined ? [] : [containerStatus(pod, view, started, since)],
    ...(host !== undefined && { hostIP: host }),
    ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
    ...(started && { startTime: toTime(pod.createdAt) }),
    qosClass: "BestEffort",
  };
}

function conditions(pod: Pod, since: string): PodCondition[] {
  const scheduled = pod.node !== undefined;
  const ready = pod.ready ? "True" : "False";
  const times = { lastTransitionTime: since };
  const unready = pod.ready ? {} : { reason: "ContainersNotReady" };
  if (!scheduled) {
    const message = "0 nodes are available for this pod: none is schedulable and has room.";
    return [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message, ...times }];
  }
  return [
    { type: "Initialized", status: "True", ...times },
    { type: "Ready", status: ready, ...unready, ...times },
    { type: "ContainersReady", status: ready, ...unready, ...times },
    { type: "PodScheduled", status: "True", ...times },
  ];
}

function containerStatus(
  pod: Pod,
  view: View,
  started: boolean,
  since: string,
): NonNullable<PodStatus["containerStatuses"]>[number] {
  const workload = workloadOfPod(view.cluster, pod);
  const [written] = workload ? (templateOf(view.cluster, workload).spec?.containers ?? []) : [];
  const { name, image } = written ?? containerOf({ name: pod.name });
  return {
    name,
    image: image ?? "",
    imageID: "",
    ready: pod.ready,
    restartCount: 0,
    started,
    state: started
      ? { running: { startedAt: since } }
      : { waiting: { reason: "ContainerCreating" } },
  };
}

/** In AKS's default overlay range; nothing connects to it. */
function podAddress(pod: Pod): string {
  const hash = Number.parseInt(guidFrom(pod.uid).slice(0, 4), 16);
  return `10.244.${hash >> 8}.${2 + ((hash & 0xff) % 250)}`;
}

function hostAddress(cluster: Cluster, nodeName: string): string | undefined {
  const node = cluster.nodes.get(nodeName);
  return node && nodeAddress(node);
}

function statusText(pod: PodBody): string {
  if (pod.metadata?.deletionTimestamp !== undefined) return "Terminating";
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;
  return waiting ?? pod.status?.phase ?? "Unknown";
}

function readyText(pod: PodBody): string {
  const ready = (pod.status?.containerStatuses ?? []).filter((status) => status.ready).length;
  return `${ready}/${pod.spec?.containers.length ?? 0}`;
}

function columns(): readonly Column<PodBody>[] {
  const wide = { type: "string", description: "", priority: 1 } as const;
  const shown = { type: "string", description: "", priority: 0 } as const;
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    { ...shown, name: "Ready", value: readyText },
    { ...shown, name: "Status", value: statusText },
    { ...shown, name: "Restarts", value: () => "0" },
    {
      ...shown,
      name: "Age",
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
    { ...wide, name: "IP", value: ({ status }) => status?.podIP ?? "<none>" },
    { ...wide, name: "Node", value: ({ spec }) => spec?.nodeName ?? "<none>" },
    { ...wide, name: "Nominated Node", value: () => "<none>" },
    { ...wide, name: "Readiness Gates", value: () => "<none>" },
  ];
}
