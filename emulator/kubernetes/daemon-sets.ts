import type { DaemonSet } from "kubernetes-types/apps/v1.js";
import type { Workload } from "../../shared/simulator/model.ts";
import { ageOf } from "./age.ts";
import { formatLabels } from "./label-selector.ts";
import { toTime } from "./object.ts";
import { containerImages, containerNames } from "./pod-template.ts";
import { statusOf } from "./resource.ts";
import type { Column, Resource } from "./resource.ts";
import {
  admitWorkload,
  countPods,
  putWorkload,
  removeWorkload,
  selectorOf,
  wantedTemplate,
  workloadsOf,
} from "./workloads.ts";
import { writtenMetadata, writtenSpec } from "./written-workload.ts";

export const daemonSets: Resource<Workload, DaemonSet> = {
  group: "apps",
  version: "v1",
  plural: "daemonsets",
  singular: "daemonset",
  kind: "DaemonSet",
  namespaced: true,
  shortNames: ["ds"],
  categories: ["all"],
  subresources: [statusOf("apps", "DaemonSet")],
  selectableFields: ["metadata.name", "metadata.namespace"],
  columns: columns(),
  changes: "compared",
  dependsOn: ["daemonsets", "pods", "nodes"],
  sources: (cluster) => workloadsOf(cluster, "DaemonSet"),
  phase: () => "",
  render: (workload, { cluster }) => {
    const pods = countPods(workload);
    const wanted = nodesOf(workload);
    const { labels, annotations } = writtenMetadata(cluster, workload);
    return {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: {
        name: workload.name,
        namespace: workload.namespace,
        uid: workload.uid,
        creationTimestamp: toTime(workload.createdAt),
        labels,
        annotations: {
          ...annotations,
          "deprecated.daemonset.template.generation": String(workload.revision.number),
        },
      },
      spec: {
        selector: selectorOf(cluster, workload),
        updateStrategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
        },
        revisionHistoryLimit: 10,
        ...writtenSpec(cluster, workload),
        template: wantedTemplate(cluster, workload),
      },
      status: {
        observedGeneration: 0,
        desiredNumberScheduled: wanted,
        currentNumberScheduled: wanted,
        updatedNumberScheduled: countPods(workload, workload.revision).all,
        numberReady: pods.ready,
        numberAvailable: pods.ready,
        numberUnavailable: wanted - pods.ready,
        numberMisscheduled: 0,
      },
    };
  },
  admit: (desired, current) => admitWorkload("DaemonSet", desired, current),
  create: (cluster, desired) => putWorkload(cluster, "DaemonSet", desired),
  update: (cluster, _current, desired) => putWorkload(cluster, "DaemonSet", desired),
  remove: (cluster, { namespace, name }) => {
    removeWorkload(cluster, "DaemonSet", { ...(namespace !== undefined && { namespace }), name });
  },
};

/** A node whose pod is being replaced has two for a while. */
function nodesOf({ pods }: Workload): number {
  return new Set(pods.map(({ node }) => node)).size;
}

function columns(): readonly Column<DaemonSet>[] {
  const wide = { type: "string", description: "", priority: 1 } as const;
  const shown = { type: "string", description: "", priority: 0 } as const;
  const number = { type: "integer", description: "", priority: 0 } as const;
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    { ...number, name: "Desired", value: ({ status }) => status?.desiredNumberScheduled ?? 0 },
    { ...number, name: "Current", value: ({ status }) => status?.currentNumberScheduled ?? 0 },
    { ...number, name: "Ready", value: ({ status }) => status?.numberReady ?? 0 },
    { ...number, name: "Up-to-date", value: ({ status }) => status?.updatedNumberScheduled ?? 0 },
    { ...number, name: "Available", value: ({ status }) => status?.numberAvailable ?? 0 },
    {
      ...shown,
      name: "Node Selector",
      value: ({ spec }) => formatLabels(spec?.template.spec?.nodeSelector),
    },
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
