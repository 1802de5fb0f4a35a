import type { Lease } from "kubernetes-types/coordination/v1.js";
import type { ClusterNode } from "../../shared/simulator/model.ts";
import { ageOf } from "./age.ts";
import { toTime } from "./object.ts";
import type { KubernetesObject } from "./object.ts";
import { keeping, keptObjects, withoutServerFields } from "./kept-objects.ts";
import type { Resource, View } from "./resource.ts";

const KIND = "leases";
const NAMESPACE = "kube-node-lease";
/** A kubelet renews its lease so often. Source: kubernetes.io, node heartbeats */
const RENEWAL_MILLISECONDS = 10_000;

/**
 * The leases of the kubelets, by which `kubectl describe node` tells when a node was last heard of, and those
 * by which clients agree on who of them leads.
 */
export const leases: Resource<ClusterNode | KubernetesObject, Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  singular: "lease",
  kind: "Lease",
  namespaced: true,
  shortNames: [],
  categories: [],
  subresources: [],
  selectableFields: ["metadata.name", "metadata.namespace"],
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
      name: "Holder",
      type: "string",
      description: "",
      priority: 0,
      value: ({ spec }) => spec?.holderIdentity ?? "",
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
  beatMilliseconds: RENEWAL_MILLISECONDS,
  dependsOn: ["nodes"],
  sources: (cluster) =>
    new Map<string, ClusterNode | KubernetesObject>([
      ...[...cluster.nodes.values()].map((node) => [`${NAMESPACE}/${node.name}`, node] as const),
      ...keptObjects(cluster, KIND),
    ]),
  phase: (source) => ("phase" in source ? source.phase : ""),
  render: (source, view) =>
    "phase" in source
      ? leaseOf(source, view)
      : { ...withoutServerFields(source), apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
  ...keeping<Lease>(KIND),
};

function leaseOf(node: ClusterNode, { now, phaseSince }: View): Lease {
  const lastBeat = now - (now % RENEWAL_MILLISECONDS);
  const renewed = node.phase === "Ready" ? lastBeat : (phaseSince ?? node.createdAt);
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: node.name,
      namespace: NAMESPACE,
      creationTimestamp: toTime(node.createdAt),
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid }],
    },
    spec: {
      holderIdentity: node.name,
      leaseDurationSeconds: 40,
      renewTime: toTime(Math.max(renewed, node.createdAt)).replace("Z", ".000000Z"),
    },
  };
}
