import type {
  Container,
  Pod as PodBody,
  PodCondition,
  PodStatus,
  PodTemplateSpec,
  Toleration,
} from "kubernetes-types/core/v1.js";
import type { OwnerReference } from "kubernetes-types/meta/v1.js";
import { SECOND } from "../../shared/core/duration.ts";
import type { Cluster, Pod } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { nodeAddress } from "./node-status.ts";
import { toTime } from "./object.ts";
import { templateOf } from "./pod-template.ts";
import { replicaSetIdentity, TEMPLATE_HASH_LABEL } from "./replica-sets.ts";
import { statusOf } from "./resource.ts";
import type { Column, Resource, View } from "./resource.ts";
import { whyUnschedulable } from "./unschedulable.ts";
import { admitPod, createPod, relabelled, relabelPod } from "./written-pod.ts";

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
    { name: "binding", group: "", version: "v1", kind: "Binding", verbs: ["create"] },
    { name: "log", group: "", version: "v1", kind: "Pod", verbs: ["get"] },
    statusOf("", "Pod"),
    { name: "ephemeralcontainers", group: "", version: "v1", kind: "Pod", verbs: ["patch"] },
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
    const since = view.phaseSince ?? pod.createdAt;
    const template = templateOf(pod.owner, pod.revision, ownerLabels(pod));
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...template.metadata,
        ...relabelled(view.cluster, pod),
        name: pod.name,
        namespace: pod.namespace,
        uid: pod.uid,
        creationTimestamp: toTime(pod.createdAt),
        ...(pod.phase === "Terminating" && deletion(pod, since)),
        ...ownerField(pod),
      },
      spec: podSpec(pod, template),
      status: podStatus(pod, template, { view, since: toTime(since) }),
    };
  },
  admit: admitPod,
  create: createPod,
  update: relabelPod,
  remove: (cluster, { namespace = "default", name }, { graceSeconds }) => {
    cluster.deletePod(namespace, name, graceSeconds);
  },
};

/** `deletionTimestamp` is the deadline of a graceful end, not its begin. */
function deletion(
  pod: Pod,
  since: number,
): { deletionTimestamp: string; deletionGracePeriodSeconds: number } {
  const seconds = pod.revision.terminationGracePeriodSeconds;
  return {
    deletionTimestamp: toTime(since + seconds * SECOND),
    deletionGracePeriodSeconds: seconds,
  };
}

/** By which the controller of each kind tells its pods apart. */
function ownerLabels(pod: Pod): Record<string, string> {
  const { hash, number } = pod.revision;
  switch (pod.owner.kind) {
    case "DaemonSet":
      return { "controller-revision-hash": hash, "pod-template-generation": String(number) };
    case "StatefulSet":
      return {
        "controller-revision-hash": hash,
        "apps.kubernetes.io/pod-index": pod.name.slice(pod.name.lastIndexOf("-") + 1),
        "statefulset.kubernetes.io/pod-name": pod.name,
      };
    case "Deployment":
      return { [TEMPLATE_HASH_LABEL]: hash };
    case "Pod":
      return {};
  }
}

function ownerField(pod: Pod): { ownerReferences?: OwnerReference[] } {
  const { kind, name, uid } = pod.owner;
  if (kind === "Pod") return {};
  const owner =
    kind === "Deployment"
      ? {
          kind: "ReplicaSet",
          ...replicaSetIdentity({ workload: pod.owner, revision: pod.revision }),
        }
      : { kind, name, uid };
  const controlling = { controller: true, blockOwnerDeletion: true };
  return { ownerReferences: [{ apiVersion: "apps/v1", ...owner, ...controlling }] };
}

/** What the DaemonSet controller adds so that its pods stay on cordoned and unready nodes. */
const DAEMON_TOLERATIONS = [
  ...["not-ready", "unreachable"].map((key) => exists(key, "NoExecute")),
  ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map((key) =>
    exists(key, "NoSchedule"),
  ),
];
/** What admission gives every other pod: five minutes on a node that went away. */
const USUAL_TOLERATIONS = ["not-ready", "unreachable"].map((key) => ({
  ...exists(key, "NoExecute"),
  tolerationSeconds: 300,
}));

function exists(condition: string, effect: string): Toleration {
  return { key: `node.kubernetes.io/${condition}`, operator: "Exists", effect };
}

function podSpec(pod: Pod, template: PodTemplateSpec): NonNullable<PodBody["spec"]> {
  const { containers = [], tolerations = [], ...spec } = template.spec ?? {};
  const given = new Set(tolerations.map(({ key, effect }) => `${key}:${effect}`));
  const added = (pod.daemonSet ? DAEMON_TOLERATIONS : USUAL_TOLERATIONS).filter(
    ({ key, effect }) => !given.has(`${key}:${effect}`),
  );
  return {
    preemptionPolicy: "PreemptLowerPriority",
    priority: 0,
    serviceAccountName: "default",
    enableServiceLinks: true,
    ...spec,
    containers,
    ...(pod.node !== undefined && { nodeName: pod.node }),
    tolerations: [...tolerations, ...added],
  };
}

interface Seen {
  readonly view: View;
  readonly since: string;
}

function podStatus(pod: Pod, template: PodTemplateSpec, { view, since }: Seen): PodStatus {
  const started = pod.node !== undefined && pod.phase !== "Pending";
  const ip = started ? podAddress(pod) : undefined;
  const host = pod.node === undefined ? undefined : hostAddress(view.cluster, pod.node);
  const containers = template.spec?.containers ?? [];
  return {
    phase: started ? "Running" : "Pending",
    conditions: conditions(pod, { view, since }),
    containerStatuses:
      pod.node === undefined ? [] : containers.map((one) => containerStatus(one, pod, since)),
    ...(host !== undefined && { hostIP: host }),
    ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
    ...(started && { startTime: toTime(pod.createdAt) }),
    qosClass: qualityOf(containers),
  };
}

/** Source: kubernetes.io/docs/concepts/workloads/pods/pod-qos */
function qualityOf(containers: readonly Container[]): "BestEffort" | "Burstable" | "Guaranteed" {
  const resources = containers.map((container) => container.resources ?? {});
  const asksNothing = resources.every(
    ({ requests, limits }) => Object.keys({ ...requests, ...limits }).length === 0,
  );
  if (asksNothing) return "BestEffort";
  const isGuaranteed = resources.every(({ requests, limits = {} }) =>
    ["cpu", "memory"].every(
      (name) => limits[name] !== undefined && (requests?.[name] ?? limits[name]) === limits[name],
    ),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

function conditions(pod: Pod, { view, since }: Seen): PodCondition[] {
  const scheduled = pod.node !== undefined;
  const ready = pod.ready ? "True" : "False";
  const times = { lastTransitionTime: since };
  const unready = pod.ready ? {} : { reason: "ContainersNotReady" };
  if (!scheduled) {
    const message = whyUnschedulable(view.cluster, pod);
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
  { name, image = "" }: Container,
  pod: Pod,
  since: string,
): NonNullable<PodStatus["containerStatuses"]>[number] {
  const started = pod.phase !== "Pending";
  return {
    name,
    image,
    imageID: "",
    lastState: {},
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
