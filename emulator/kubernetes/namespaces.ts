import type { Namespace } from "kubernetes-types/core/v1.js";
import type { Cluster } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { toTime } from "./object.ts";
import type { Resource } from "./resource.ts";

/** Every cluster has these; the others exist because something is in them. */
const SYSTEM_NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

export const namespaces: Resource<string, Namespace> = {
  group: "",
  version: "v1",
  plural: "namespaces",
  singular: "namespace",
  kind: "Namespace",
  namespaced: false,
  shortNames: ["ns"],
  categories: [],
  subresources: [],
  selectableFields: ["metadata.name", "status.phase"],
  columns: [
    {
      name: "Name",
      type: "string",
      format: "name",
      description: "",
      priority: 0,
      value: ({ metadata }) => metadata?.name ?? "",
    },
    {
      name: "Status",
      type: "string",
      description: "",
      priority: 0,
      value: ({ status }) => status?.phase ?? "",
    },
    {
      name: "Age",
      type: "string",
      description: "",
      priority: 0,
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
  ],
  changes: "compared",
  dependsOn: ["pods", "deployments", "daemonsets", "poddisruptionbudgets"],
  sources: namespaceNames,
  phase: () => "",
  render: (name, view) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      uid: guidFrom(`${view.cluster.id}/namespaces/${name}`),
      creationTimestamp: toTime(view.cluster.createdAt),
      labels: { "kubernetes.io/metadata.name": name },
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  }),
};

function namespaceNames(cluster: Cluster): ReadonlyMap<string, string> {
  const names = new Set(SYSTEM_NAMESPACES);
  for (const things of [cluster.workloads, cluster.budgets, cluster.pods]) {
    for (const { namespace } of things.values()) names.add(namespace);
  }
  return new Map([...names].map((name) => [name, name]));
}
