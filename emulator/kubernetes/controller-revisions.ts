import type { ControllerRevision } from "kubernetes-types/apps/v1.js";
import type { Cluster, Revision, Workload } from "../../shared/simulator/model.ts";
import { ageOf } from "./age.ts";
import { toTime } from "./object.ts";
import { templateOf } from "./pod-template.ts";
import type { Column, Resource } from "./resource.ts";
import { selectorOf, workloadsOf } from "./workloads.ts";

interface Source {
  readonly workload: Workload;
  readonly revision: Revision;
}

export function revisionName(workload: Workload, revision: Revision): string {
  return `${workload.name}-${revision.hash}`;
}

/** The templates that a DaemonSet or StatefulSet has had: what `kubectl rollout history` and `undo` read. */
export const controllerRevisions: Resource<Source, ControllerRevision> = {
  group: "apps",
  version: "v1",
  plural: "controllerrevisions",
  singular: "controllerrevision",
  kind: "ControllerRevision",
  namespaced: true,
  shortNames: [],
  categories: [],
  subresources: [],
  selectableFields: ["metadata.name", "metadata.namespace"],
  columns: columns(),
  changes: "compared",
  dependsOn: ["daemonsets", "statefulsets"],
  sources: (cluster) => new Map(revisionsOf(cluster)),
  phase: () => "",
  render: ({ workload, revision }, { cluster }) => {
    const template = templateOf(workload, revision);
    return {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name: revisionName(workload, revision),
        namespace: workload.namespace,
        creationTimestamp: toTime(revision.createdAt),
        labels: {
          ...selectorOf(cluster, workload).matchLabels,
          "controller-revision-hash": revision.hash,
        },
        ownerReferences: [
          {
            apiVersion: "apps/v1",
            kind: workload.kind,
            name: workload.name,
            uid: workload.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      revision: revision.number,
      data: { spec: { template: { ...template, $patch: "replace" } } },
    };
  },
};

function* revisionsOf(cluster: Cluster): Generator<[string, Source]> {
  for (const kind of ["DaemonSet", "StatefulSet"] as const) {
    for (const workload of workloadsOf(cluster, kind).values()) {
      for (const revision of workload.revisions) {
        const key = `${workload.namespace}/${revisionName(workload, revision)}`;
        yield [key, { workload, revision }];
      }
    }
  }
}

function columns(): readonly Column<ControllerRevision>[] {
  const shown = { type: "string", description: "", priority: 0 } as const;
  const owner = ({ metadata }: ControllerRevision) => metadata?.ownerReferences?.[0];
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    {
      ...shown,
      name: "Controller",
      value: (body) => `${(owner(body)?.kind ?? "").toLowerCase()}.apps/${owner(body)?.name ?? ""}`,
    },
    { ...shown, name: "Revision", type: "integer", value: ({ revision }) => revision },
    {
      ...shown,
      name: "Age",
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
  ];
}
