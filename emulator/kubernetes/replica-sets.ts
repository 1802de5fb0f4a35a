import type { ReplicaSet } from "kubernetes-types/apps/v1.js";
import type { Cluster, Revision, Workload } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { formatLabels } from "./label-selector.ts";
import { keptObjects } from "./kept-objects.ts";
import { toTime } from "./object.ts";
import { containerImages, containerNames, templateOf } from "./pod-template.ts";
import type { Column, Resource } from "./resource.ts";
import { countPods, selectorOf, workloadsOf } from "./workloads.ts";
import { writtenMetadata } from "./written-workload.ts";

/** The label by which a Deployment tells the pods of its ReplicaSets apart. */
export const TEMPLATE_HASH_LABEL = "pod-template-hash";

/** A template of a Deployment; the simulated world goes from Deployments straight to pods. */
export interface ReplicaSetSource {
  readonly workload: Workload;
  readonly revision: Revision;
}

export function replicaSetIdentity({ workload, revision }: ReplicaSetSource): {
  name: string;
  uid: string;
} {
  const isFirst = revision.createdAt === workload.createdAt;
  return {
    name: `${workload.name}-${revision.hash}`,
    uid: guidFrom(`replicaset/${workload.uid}${isFirst ? "" : `/${revision.hash}`}`),
  };
}

export const replicaSets: Resource<ReplicaSetSource, ReplicaSet> = {
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
  sources: (cluster) => new Map(replicaSetsOf(cluster)),
  phase: () => "",
  render: (source, { cluster }) => {
    const { workload, revision } = source;
    const hash = { [TEMPLATE_HASH_LABEL]: revision.hash };
    const template = templateOf(workload, revision, hash);
    const pods = countPods(workload, revision);
    const selector = selectorOf(cluster, workload);
    return {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        ...replicaSetIdentity(source),
        namespace: workload.namespace,
        creationTimestamp: toTime(revision.createdAt),
        labels: { ...template.metadata?.labels },
        annotations: {
          ...changeCauseOf(cluster, source),
          "deployment.kubernetes.io/desired-replicas": String(workload.replicas),
          [REVISION_ANNOTATION]: String(revision.number),
        },
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
        replicas: revision.replicas,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, ...hash } },
        template,
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
  absence: "they belong to Deployments: create one of those",
  remove: (cluster, { namespace, name }) => {
    const source = new Map(replicaSetsOf(cluster)).get(`${namespace}/${name}`);
    if (source) cluster.deleteRevision(source.workload, source.revision);
  },
};

export const REVISION_ANNOTATION = "deployment.kubernetes.io/revision";
const CHANGE_CAUSE = "kubernetes.io/change-cause";

function* replicaSetsOf(cluster: Cluster): Generator<[string, ReplicaSetSource]> {
  for (const workload of workloadsOf(cluster, "Deployment").values()) {
    for (const revision of workload.revisions) {
      const source = { workload, revision };
      yield [`${workload.namespace}/${replicaSetIdentity(source).name}`, source];
    }
  }
}

/** Each revision keeps the reason that its Deployment carried while it was the newest. */
export function rememberChangeCause(cluster: Cluster, workload: Workload): void {
  const { annotations } = writtenMetadata(cluster, workload);
  const cause = annotations[CHANGE_CAUSE];
  const { uid } = replicaSetIdentity({ workload, revision: workload.revision });
  const causes = keptObjects(cluster, "change causes");
  if (cause === undefined) causes.delete(uid);
  else causes.set(uid, { metadata: { annotations: { [CHANGE_CAUSE]: cause } } });
}

function changeCauseOf(cluster: Cluster, source: ReplicaSetSource): Record<string, string> {
  const { uid } = replicaSetIdentity(source);
  return { ...keptObjects(cluster, "change causes").get(uid)?.metadata?.annotations };
}

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
    { ...wide, name: "Containers", value: ({ spec }) => containerNames(spec?.template) },
    { ...wide, name: "Images", value: ({ spec }) => containerImages(spec?.template) },
    { ...wide, name: "Selector", value: ({ spec }) => formatLabels(spec?.selector.matchLabels) },
  ];
}
