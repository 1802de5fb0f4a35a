import type { Node, NodeStatus } from "kubernetes-types/core/v1.js";
import type { Cluster, ClusterNode } from "../../shared/simulator/model.ts";
import { keptObjects } from "./kept-objects.ts";

const KIND = "written node status";
/** The kubelet's own: it writes them again. */
const KUBELET_CONDITIONS = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
const KUBELET_RESOURCES = ["cpu", "ephemeral-storage", "memory", "pods"];

/** Keeps what others than the kubelet tell of a node: conditions of their own, extended resources. */
export function rememberNodeStatus(cluster: Cluster, current: Node, desired: Node): void {
  const { conditions = [], capacity = {}, allocatable = {} } = desired.status ?? {};
  const status = {
    conditions: conditions.filter(({ type }) => !KUBELET_CONDITIONS.includes(type)),
    capacity: extended(capacity),
    allocatable: { ...extended(capacity), ...extended(allocatable) },
  };
  keptObjects(cluster, KIND).set(current.metadata?.uid ?? "", { status } as Node);
}

function extended(resources: Readonly<Record<string, string>>): Record<string, string> {
  const others = Object.entries(resources).filter(([name]) => !KUBELET_RESOURCES.includes(name));
  return Object.fromEntries(others);
}

export function withWrittenStatus(
  cluster: Cluster,
  node: ClusterNode,
  status: NodeStatus,
): NodeStatus {
  const kept = keptObjects(cluster, KIND);
  const written = kept.size === 0 ? undefined : (kept.get(node.uid) as Node | undefined)?.status;
  if (!written) return status;
  return {
    ...status,
    capacity: { ...status.capacity, ...written.capacity },
    allocatable: { ...status.allocatable, ...written.allocatable },
    conditions: [...(status.conditions ?? []), ...(written.conditions ?? [])],
  };
}
