import type { StatefulSet } from "kubernetes-types/apps/v1.js";
import type { Workload } from "../../shared/simulator/model.ts";
import { ageOf } from "./age.ts";
import { revisionName } from "./controller-revisions.ts";
import { toTime } from "./object.ts";
import { containerImages, containerNames } from "./pod-template.ts";
import { SCALE, statusOf } from "./resource.ts";
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

export const statefulSets: Resource<Workload, StatefulSet> = {
  group: "apps",
  version: "v1",
  plural: "statefulsets",
  singular: "statefulset",
  kind: "StatefulSet",
  namespaced: true,
  shortNames: ["sts"],
  categories: ["all"],
  subresources: [SCALE, statusOf("apps", "StatefulSet")],
  selectableFields: ["metadata.name", "metadata.namespace"],
  columns: columns(),
  changes: "compared",
  dependsOn: ["statefulsets", "pods"],
  sources: (cluster) => workloadsOf(cluster, "StatefulSet"),
  phase: () => "",
  render: (workload, { cluster }) => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      name: workload.name,
      namespace: workload.namespace,
      uid: workload.uid,
      creationTimestamp: toTime(workload.createdAt),
      ...writtenMetadata(cluster, workload),
    },
    spec: {
      selector: selectorOf(cluster, workload),
      serviceName: workload.name,
      podManagementPolicy: "OrderedReady",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      revisionHistoryLimit: 10,
      ...writtenSpec(cluster, workload),
      replicas: workload.replicas,
      template: wantedTemplate(cluster, workload),
    },
    status: status(workload),
  }),
  admit: (desired, current) => admitWorkload("StatefulSet", desired, current),
  create: (cluster, desired) => putWorkload(cluster, "StatefulSet", desired),
  update: (cluster, _current, desired) => putWorkload(cluster, "StatefulSet", desired),
  remove: (cluster, { namespace, name }) => {
    removeWorkload(cluster, "StatefulSet", { ...(namespace !== undefined && { namespace }), name });
  },
};

/** The current revision is that of the pods that are still to be replaced; without any, the newest. */
function status(workload: Workload): NonNullable<StatefulSet["status"]> {
  const pods = countPods(workload);
  const updated = countPods(workload, workload.revision);
  const before = workload.revisions.findLast(
    (one) => one !== workload.revision && countPods(workload, one).all > 0,
  );
  const current = before ?? workload.revision;
  return {
    observedGeneration: 0,
    replicas: pods.all,
    readyReplicas: pods.ready,
    availableReplicas: pods.ready,
    currentReplicas: countPods(workload, current).all,
    updatedReplicas: updated.all,
    currentRevision: revisionName(workload, current),
    updateRevision: revisionName(workload, workload.revision),
    collisionCount: 0,
  };
}

function columns(): readonly Column<StatefulSet>[] {
  const wide = { type: "string", description: "", priority: 1 } as const;
  const shown = { type: "string", description: "", priority: 0 } as const;
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    {
      ...shown,
      name: "Ready",
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    {
      ...shown,
      name: "Age",
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
    { ...wide, name: "Containers", value: ({ spec }) => containerNames(spec?.template) },
    { ...wide, name: "Images", value: ({ spec }) => containerImages(spec?.template) },
  ];
}
