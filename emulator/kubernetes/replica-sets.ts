import type { ReplicaSet } from "kubernetes-types/apps/v1.js";
import type { Workload } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { formatLabels } from "./label-selector.ts";
import { toTime } from "./object.ts";
import type { Column, Resource } from "./resource.ts";
import { countPods, templateOf, workloadsOf } from "./workloads.ts";

/** The label by which a Deployment tells the pods of its ReplicaSets apart. */
export const TEMPLATE_HASH_LABEL = "pod-template-hash";

/** The pods of a Deployment carry the hash of their template in their names. */
export function templateHash({ name, podPrefix }: Pick<Workload, "name" | "podPrefix">): string {
  return podPrefix.slice(name.length + 1, -1);
}

/** The simulated world goes from Deployments straight to pods; a client expects the level between. */
export function replicaSetIdentity(workload: Workload): { name: string; uid: string } {
  return {
    name: workload.podPrefix.slice(0, -1),
    uid: guidFrom(`replicaset/${workload.uid}`),
  };
}

export const replicaSets: Resource<Workload, ReplicaSet> = {
  group: "apps",
  version: "v1",
  plural: "replicasets",
  singular: "replicaset",
  kind: "ReplicaSet",
  namespaced: true,
  shortNames: ["rs"],
  categories: ["all"],
  subresources: [],
  selectableFields: ["metadata.name", "metadata.namespace", "status.replicas"],
  columns: columns(),
  changes: "compared",
  dependsOn: ["deployments", "pods"],
  sources: (cluster) =>
    new Map(
      [...workloadsOf(cluster, "Deployment").values()].map((workload) => [
        `${workload.namespace}/${replicaSetIdentity(workload).name}`,
        workload,
      ]),
    ),
  phase: () => "",
  render: (workload, view) => {
    const hash = { [TEMPLATE_HASH_LABEL]: templateHash(workload) };
    const pods = countPods(view.cluster, workload);
    return {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        ...replicaSetIdentity(workload),
        namespace: workload.namespace,
        creationTimestamp: toTime(workload.createdAt),
        labels: { ...workload.labels, ...hash },
        annotations: { "deployment.kubernetes.io/revision": "1" },
        ownerReferences: [
          {
            apiVersion: "apps/v1",
            kind: "Deployment",
            name: workload.name,
            uid: workload.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: {
        replicas: workload.replicas,
        selector: { matchLabels: { ...workload.labels, ...hash } },
        template: templateOf(view.cluster, workload, hash),
      },
      status: {
        observedGeneration: 0,
        replicas: pods.all,
        fullyLabeledReplicas: pods.all,
        readyReplicas: pods.ready,
        availableReplicas: pods.ready,
      },
    };
  },
};

function columns(): readonly Column<ReplicaSet>[] {
  const wide = { type: "string", description: "", priority: 1 } as const;
  const shown = { type: "string", description: "", priority: 0 } as const;
  const number = { type: "integer", description: "", priority: 0 } as const;
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    { ...number, name: "Desired", value: ({ spec }) => spec?.replicas ?? 0 },
    { ...number, name: "Current", value: ({ status }) => status?.replicas ?? 0 },
    { ...number, name: "Ready", value: ({ status }) => status?.readyReplicas ?? 0 },
    {
      ...shown,
      name: "Age",
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
    { ...wide, name: "Selector", value: ({ spec }) => formatLabels(spec?.selector.matchLabels) },
  ];
}
