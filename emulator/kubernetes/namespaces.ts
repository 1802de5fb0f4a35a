import type { Namespace } from "kubernetes-types/core/v1.js";
import type { Cluster } from "../../shared/simulator/model.ts";
import { ageOf } from "./age.ts";
import { forgetNamespace, keptObjects } from "./kept-objects.ts";
import { stringMap, toTime } from "./object.ts";
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
  phase: (name, cluster) => (isTerminating(cluster, name) ? "Terminating" : "Active"),
  render: (name, { cluster, phaseSince }) => {
    const { metadata } = keptObjects(cluster, WRITTEN).get(name) ?? {};
    const terminating = isTerminating(cluster, name);
    return {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name,
        labels: { ...metadata?.labels, "kubernetes.io/metadata.name": name },
        ...(metadata?.annotations && { annotations: metadata.annotations }),
        ...(terminating && { deletionTimestamp: toTime(phaseSince ?? cluster.createdAt) }),
      },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: terminating ? "Terminating" : "Active" },
    };
  },
  create: createNamespace,
  update: (cluster, _current, desired) => rememberNamespace(cluster, desired),
  oneByOne: true,
  remove: (cluster, { name }, { later }) => {
    requireDeletable(name);
    if (isTerminating(cluster, name)) return;
    keptObjects(cluster, TERMINATING).set(name, {});
    later(() => emptyNamespace(cluster, name));
  },
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

function createNamespace(cluster: Cluster, desired: Namespace): void {
  keptObjects(cluster, TERMINATING).delete(desired.metadata?.name ?? "");
  rememberNamespace(cluster, desired);
}

/** Those that somebody deleted: nothing new is made in them, and they go with the last of their pods. */
const TERMINATING = "terminating namespaces";

function isTerminating(cluster: Cluster, name: string): boolean {
  return keptObjects(cluster, TERMINATING).has(name);
}

function requireDeletable(name: string): void {
  if (!SYSTEM_NAMESPACES.includes(name)) return;
  const message = `namespaces ${JSON.stringify(name)} is forbidden: this namespace may not be deleted`;
  throw new KubernetesError(403, "Forbidden", message, { name, kind: "namespaces" });
}

/** What the namespace controller does; pods end gracefully. */
function emptyNamespace(cluster: Cluster, name: string): void {
  if (!isTerminating(cluster, name)) return;
  const inside = <T extends { readonly namespace: string }>(things: ReadonlyMap<string, T>): T[] =>
    [...things.values()].filter(({ namespace }) => namespace === name);
  keptObjects(cluster, WRITTEN).delete(name);
  for (const workload of inside(cluster.workloads)) {
    cluster.deleteWorkload(workload.kind, name, workload.name);
  }
  for (const budget of inside(cluster.budgets)) cluster.deleteBudget(name, budget.name);
  for (const pod of inside(cluster.pods)) cluster.deletePod(name, pod.name);
  forgetNamespace(cluster, name);
}

/** Nothing can be made in a namespace that nobody has made. */
export function requireNamespaceOf(cluster: Cluster, name: string): void {
  if (!namespaceNames(cluster).has(name)) throw notFound(namespaces, name);
  if (!isTerminating(cluster, name)) return;
  const message = `unable to create new content in namespace ${name} because it is being terminated`;
  throw new KubernetesError(403, "Forbidden", message, { name, kind: "namespaces" });
}

export function namespaceNames(cluster: Cluster): ReadonlyMap<string, string> {
  const names = new Set(SYSTEM_NAMESPACES);
  for (const things of [cluster.workloads, cluster.budgets, cluster.pods]) {
    for (const { namespace } of things.values()) names.add(namespace);
  }
  for (const name of keptObjects(cluster, WRITTEN).keys()) names.add(name);
  return new Map([...names].map((name) => [name, name]));
}
