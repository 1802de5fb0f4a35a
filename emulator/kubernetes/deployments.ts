import type { Deployment } from "kubernetes-types/apps/v1.js";
import type { Cluster, Workload } from "../../shared/simulator/model.ts";
import { ageOf } from "./age.ts";
import { formatLabels } from "./label-selector.ts";
import { toTime } from "./object.ts";
import type { Column, Resource } from "./resource.ts";
import {
  countPods,
  putWorkload,
  removeWorkload,
  selectorOf,
  templateOf,
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
  subresources: [
    {
      name: "scale",
      group: "autoscaling",
      version: "v1",
      kind: "Scale",
      verbs: ["get", "patch", "update"],
    },
  ],
  selectableFields: ["metadata.name", "metadata.namespace"],
  columns: columns(),
  changes: "compared",
  dependsOn: ["deployments", "pods"],
  sources: (cluster) => workloadsOf(cluster, "Deployment"),
  phase: (workload, cluster) => (isAvailable(cluster, workload) ? "True" : "False"),
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
        annotations: { ...annotations, "deployment.kubernetes.io/revision": "1" },
      },
      spec: {
        selector: selectorOf(workload),
        strategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
        },
        progressDeadlineSeconds: 600,
        revisionHistoryLimit: 10,
        ...writtenSpec(view.cluster, workload),
        replicas: workload.replicas,
        template: templateOf(view.cluster, workload),
      },
      status: status(view.cluster, workload, toTime(view.phaseSince ?? workload.createdAt)),
    };
  },
  create: (cluster, desired) => putWorkload(cluster, "Deployment", desired),
  update: (cluster, _current, desired) => putWorkload(cluster, "Deployment", desired),
  remove: (cluster, namespace, name) => {
    removeWorkload(cluster, "Deployment", { ...(namespace !== undefined && { namespace }), name });
  },
};

/** At most a quarter of the replicas may be away: the default of the rolling update strategy. */
function isAvailable(cluster: Cluster, workload: Workload): boolean {
  const minimum = workload.replicas - Math.floor(workload.replicas * 0.25);
  return countPods(cluster, workload).ready >= minimum;
}

function status(
  cluster: Cluster,
  workload: Workload,
  since: string,
): NonNullable<Deployment["status"]> {
  const pods = countPods(cluster, workload);
  const available = isAvailable(cluster, workload);
  return {
    observedGeneration: 0,
    replicas: pods.all,
    updatedReplicas: pods.all,
    readyReplicas: pods.ready,
    availableReplicas: pods.ready,
    unavailableReplicas: Math.max(0, workload.replicas - pods.ready),
    conditions: [
      {
        type: "Available",
        status: available ? "True" : "False",
        reason: available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: `Deployment ${available ? "has" : "does not have"} minimum availability.`,
        lastTransitionTime: since,
        lastUpdateTime: since,
      },
    ],
  };
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
    {
      ...wide,
      name: "Containers",
      value: ({ spec }) => spec?.template.spec?.containers.map(({ name }) => name).join(",") ?? "",
    },
    {
      ...wide,
      name: "Images",
      value: ({ spec }) =>
        spec?.template.spec?.containers.map(({ image }) => image).join(",") ?? "",
    },
    { ...wide, name: "Selector", value: ({ spec }) => formatLabels(spec?.selector.matchLabels) },
  ];
}
