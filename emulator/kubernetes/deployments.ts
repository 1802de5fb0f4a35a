import type { Deployment } from "kubernetes-types/apps/v1.js";
import { SECOND } from "../../shared/core/duration.ts";
import type { Cluster, Workload } from "../../shared/simulator/model.ts";
import { flooredAmountOf } from "../../shared/simulator/surge.ts";
import { ageOf } from "./age.ts";
import { formatLabels } from "./label-selector.ts";
import { toTime } from "./object.ts";
import { containerImages, containerNames } from "./pod-template.ts";
import { rememberChangeCause, replicaSetIdentity, REVISION_ANNOTATION } from "./replica-sets.ts";
import { SCALE, statusOf } from "./resource.ts";
import type { Column, Resource, View } from "./resource.ts";
import {
  admitWorkload,
  countPods,
  putWorkload,
  removeWorkload,
  selectorOf,
  wantedTemplate,
  workloadKey,
  workloadsOf,
} from "./workloads.ts";
import { writtenMetadata, writtenSpec } from "./written-workload.ts";

export const deployments: Resource<Workload, Deployment> = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  singular: "deployment",
  kind: "Deployment",
  namespaced: true,
  shortNames: ["deploy"],
  categories: ["all"],
  subresources: [SCALE, statusOf("apps", "Deployment")],
  selectableFields: ["metadata.name", "metadata.namespace"],
  columns: columns(),
  changes: "compared",
  dependsOn: ["deployments", "pods"],
  sources: (cluster) => workloadsOf(cluster, "Deployment"),
  phase: (workload) => (isAvailable(workload) ? "True" : "False"),
  render: (workload, view) => {
    const { labels, annotations } = writtenMetadata(view.cluster, workload);
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name: workload.name,
        namespace: workload.namespace,
        uid: workload.uid,
        creationTimestamp: toTime(workload.createdAt),
        labels,
        annotations: { ...annotations, [REVISION_ANNOTATION]: String(workload.revision.number) },
      },
      spec: {
        selector: selectorOf(view.cluster, workload),
        strategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
        },
        progressDeadlineSeconds: 600,
        revisionHistoryLimit: 10,
        ...writtenSpec(view.cluster, workload),
        replicas: workload.replicas,
        template: wantedTemplate(view.cluster, workload),
      },
      status: status(workload, view),
    };
  },
  admit: (desired, current) => admitWorkload("Deployment", desired, current),
  create: put,
  update: (cluster, _current, desired) => put(cluster, desired),
  remove: (cluster, { namespace, name }) => {
    removeWorkload(cluster, "Deployment", { ...(namespace !== undefined && { namespace }), name });
  },
};

function put(cluster: Cluster, desired: Deployment): void {
  putWorkload(cluster, "Deployment", desired);
  const { namespace = "default", name = "" } = desired.metadata ?? {};
  const workload = cluster.workloads.get(workloadKey({ kind: "Deployment", namespace, name }));
  if (workload) rememberChangeCause(cluster, workload);
}

function isAvailable(workload: Workload): boolean {
  const { replicas, replacement } = workload;
  const unavailable = flooredAmountOf(replacement?.maxUnavailable ?? "25%", replicas);
  return countPods(workload).ready >= replicas - unavailable;
}

function status(workload: Workload, view: View): NonNullable<Deployment["status"]> {
  const pods = countPods(workload);
  return {
    observedGeneration: 0,
    replicas: pods.all,
    updatedReplicas: countPods(workload, workload.revision).all,
    readyReplicas: pods.ready,
    availableReplicas: pods.ready,
    unavailableReplicas: Math.max(0, Math.max(workload.replicas, pods.all) - pods.ready),
    conditions: [availability(workload, view), progress(workload, view)],
  };
}

type Condition = NonNullable<NonNullable<Deployment["status"]>["conditions"]>[number];

function availability(workload: Workload, { phaseSince }: View): Condition {
  const available = isAvailable(workload);
  const since = toTime(phaseSince ?? workload.createdAt);
  return {
    type: "Available",
    status: available ? "True" : "False",
    reason: available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: `Deployment ${available ? "has" : "does not have"} minimum availability.`,
    lastTransitionTime: since,
    lastUpdateTime: since,
  };
}

/** Reasons that `kubectl rollout status` knows. */
function progress(workload: Workload, { now }: View): Condition {
  const since = toTime(workload.progressedAt);
  const times = { type: "Progressing", lastTransitionTime: since, lastUpdateTime: since };
  const { name } = replicaSetIdentity({ workload, revision: workload.revision });
  const { paused, progressDeadlineSeconds = 600 } = workload.replacement ?? {};
  if (paused === true) {
    const message = "Deployment is paused";
    return { ...times, status: "Unknown", reason: "DeploymentPaused", message };
  }
  if (!workload.rolling) {
    const message = `ReplicaSet "${name}" has successfully progressed.`;
    return { ...times, status: "True", reason: "NewReplicaSetAvailable", message };
  }
  if (now - workload.progressedAt < progressDeadlineSeconds * SECOND) {
    const message = `ReplicaSet "${name}" is progressing.`;
    return { ...times, status: "True", reason: "ReplicaSetUpdated", message };
  }
  const message = `ReplicaSet "${name}" has timed out progressing.`;
  return { ...times, status: "False", reason: "ProgressDeadlineExceeded", message };
}

function columns(): readonly Column<Deployment>[] {
  const wide = { type: "string", description: "", priority: 1 } as const;
  const shown = { type: "string", description: "", priority: 0 } as const;
  const number = { type: "integer", description: "", priority: 0 } as const;
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    {
      ...shown,
      name: "Ready",
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    { ...number, name: "Up-to-date", value: ({ status }) => status?.updatedReplicas ?? 0 },
    { ...number, name: "Available", value: ({ status }) => status?.availableReplicas ?? 0 },
    {
      ...shown,
      name: "Age",
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
    { ...wide, name: "Containers", value: ({ spec }) => containerNames(spec?.template) },
    { ...wide, name: "Images", value: ({ spec }) => containerImages(spec?.template) },
    { ...wide, name: "Selector", value: ({ spec }) => formatLabels(spec?.selector.matchLabels) },
  ];
}
