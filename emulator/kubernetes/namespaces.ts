import type { Namespace } from "kubernetes-types/core/v1.js";
import type { Cluster } from "../../shared/simulator/model.ts";
import { ageOf } from "./age.ts";
import { forgetNamespace, keptObjects } from "./kept-objects.ts";
import { stringMap } from "./object.ts";
import type { Resource } from "./resource.ts";
import { KubernetesError, notFound } from "./status.ts";

/** Every cluster has these; the others exist because something is in them. */
const SYSTEM_NAMESPACES: readonly string[] = [
  "default",
  "kube-node-lease",
  "kube-public",
  "kube-system",
];

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
  render: (name, { cluster }) => {
    const { metadata } = keptObjects(cluster, WRITTEN).get(name) ?? {};
    return {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name,
        labels: { ...metadata?.labels, "kubernetes.io/metadata.name": name },
        ...(metadata?.annotations && { annotations: metadata.annotations }),
      },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    };
  },
  create: rememberNamespace,
  update: (cluster, _current, desired) => rememberNamespace(cluster, desired),
  oneByOne: true,
  remove: (cluster, { name }) => deleteNamespace(cluster, name),
};

/** Namespaces that somebody made, with what they wrote. */
const WRITTEN = "namespaces";

function rememberNamespace(cluster: Cluster, desired: Namespace): void {
  const { name = "", labels, annotations } = desired.metadata ?? {};
  const metadata = {
    name,
    labels: stringMap(labels),
    ...(annotations && { annotations: stringMap(annotations) }),
  };
  keptObjects(cluster, WRITTEN).set(name, { metadata });
}

/** Its pods end gracefully, and so it is still there until they are gone. */
function deleteNamespace(cluster: Cluster, name: string): void {
  if (SYSTEM_NAMESPACES.includes(name)) {
    const message = `namespaces ${JSON.stringify(name)} is forbidden: this namespace may not be deleted`;
    throw new KubernetesError(403, "Forbidden", message, { name, kind: "namespaces" });
  }
  const inside = <T extends { readonly namespace: string }>(things: ReadonlyMap<string, T>): T[] =>
    [...things.values()].filter(({ namespace }) => namespace === name);
  for (const workload of inside(cluster.workloads)) {
    cluster.deleteWorkload(workload.kind, name, workload.name);
  }
  for (const budget of inside(cluster.budgets)) cluster.deleteBudget(name, budget.name);
  for (const pod of inside(cluster.pods)) cluster.deletePod(name, pod.name);
  forgetNamespace(cluster, name);
  keptObjects(cluster, WRITTEN).delete(name);
}

/** Nothing can be made in a namespace that nobody has made. */
export function requireNamespaceOf(cluster: Cluster, name: string): void {
  if (!namespaceNames(cluster).has(name)) throw notFound(namespaces, name);
}

function namespaceNames(cluster: Cluster): ReadonlyMap<string, string> {
  const names = new Set(SYSTEM_NAMESPACES);
  for (const things of [cluster.workloads, cluster.budgets, cluster.pods]) {
    for (const { namespace } of things.values()) names.add(namespace);
  }
  for (const name of keptObjects(cluster, WRITTEN).keys()) names.add(name);
  return new Map([...names].map((name) => [name, name]));
}
