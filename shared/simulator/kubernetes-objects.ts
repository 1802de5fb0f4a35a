import { announceNode, announceObject } from "./announce.ts";
import {
  budgetState,
  linkBudget,
  linkWorkload,
  statusOf,
  unlinkBudget,
  unlinkWorkload,
} from "./budgets.ts";
import { SimulationError } from "./model.ts";
import type { Cluster, DisruptionBudget, WorkloadSpec } from "./model.ts";
import { cordon, isQuarantined, removeNode, uncordon } from "./nodes.ts";
import { placePending, reconcileReplicas, restoreDaemonSets, stopPod, tryEvict } from "./pods.ts";
import { WorkloadState } from "./state.ts";
import type { ClusterState, NodeState, PodState } from "./state.ts";

/** What a person does with kubectl; removing a quarantine label alone starts nothing. */
export function patchNode(
  cluster: ClusterState,
  name: string,
  patch: Parameters<Cluster["patchNode"]>[1],
): void {
  const node = requireNode(cluster, name);
  const wasQuarantined = isQuarantined(node);
  if (patch.labels !== undefined) node.labels = patch.labels;
  if (patch.annotations !== undefined) node.annotations = patch.annotations;
  if (patch.taints !== undefined) node.taints = patch.taints;
  if (wasQuarantined && !isQuarantined(node)) {
    node.released = true;
    announceNode(node, "QuarantineReleased");
  } else announceObject(cluster, "nodes", "MODIFIED", node);
  if (patch.unschedulable === true) cordon(node);
  if (patch.unschedulable === false) uncordon(node);
  if (patch.labels !== undefined || patch.taints !== undefined) readmit(cluster, node);
}

function readmit(cluster: ClusterState, node: NodeState): void {
  restoreDaemonSets(cluster, node);
  placePending(cluster);
}

function requireNode(cluster: ClusterState, name: string): NodeState {
  const node = cluster.nodes.get(name);
  if (node !== undefined) return node;
  throw new SimulationError("NotFound", `nodes "${name}" not found`);
}

export function deleteNode(cluster: ClusterState, name: string): void {
  removeNode(requireNode(cluster, name));
}

/** The pods by name, indexed when first asked for. */
export function podsByName(cluster: ClusterState): Map<string, PodState> {
  if (cluster.podIndex !== undefined) return cluster.podIndex;
  const index = new Map<string, PodState>();
  for (const workload of cluster.workloads.values()) {
    for (const pod of workload.pods) index.set(`${pod.namespace}/${pod.name}`, pod);
  }
  for (const node of cluster.nodes.values()) {
    for (const pod of node.pods) index.set(`${pod.namespace}/${pod.name}`, pod);
  }
  cluster.podIndex = index;
  return index;
}

function requirePod(cluster: ClusterState, namespace: string, name: string): PodState {
  const pod = podsByName(cluster).get(`${namespace}/${name}`);
  if (pod !== undefined) return pod;
  throw new SimulationError("NotFound", `pods "${name}" not found`);
}

export function evict(
  cluster: ClusterState,
  namespace: string,
  name: string,
): ReturnType<Cluster["evict"]> {
  const forbidding = tryEvict(cluster, requirePod(cluster, namespace, name));
  if (forbidding === undefined) return { allowed: true };
  return { allowed: false, budget: forbidding.budget.name, status: statusOf(forbidding) };
}

export function deletePod(cluster: ClusterState, namespace: string, name: string): void {
  stopPod(cluster, requirePod(cluster, namespace, name));
}

export function putBudget(cluster: ClusterState, budget: DisruptionBudget): void {
  if ((budget.minAvailable === undefined) === (budget.maxUnavailable === undefined)) {
    throw new SimulationError(
      "InvalidParameter",
      `PodDisruptionBudget "${budget.name}" needs exactly one of minAvailable and maxUnavailable`,
    );
  }
  const key = `${budget.namespace}/${budget.name}`;
  const before = cluster.budgets.get(key);
  if (before !== undefined) unlinkBudget(before);
  const change = before === undefined ? "ADDED" : "MODIFIED";
  const state = budgetState(budget);
  cluster.budgets.set(key, state);
  linkBudget(cluster, state);
  announceObject(cluster, "poddisruptionbudgets", change, budget);
}

export function deleteBudget(cluster: ClusterState, namespace: string, name: string): void {
  const state = cluster.budgets.get(`${namespace}/${name}`);
  if (state === undefined) {
    throw new SimulationError("NotFound", `poddisruptionbudgets.policy "${name}" not found`);
  }
  cluster.budgets.delete(`${namespace}/${name}`);
  unlinkBudget(state);
  announceObject(cluster, "poddisruptionbudgets", "DELETED", { namespace, name });
}

export function putWorkload(cluster: ClusterState, spec: WorkloadSpec): void {
  const key = `${spec.kind}/${spec.namespace}/${spec.name}`;
  const existing = cluster.workloads.get(key);
  const workload = existing ?? new WorkloadState(spec, cluster);
  workload.apply(spec);
  cluster.workloads.set(key, workload);
  linkWorkload(cluster, workload);
  announceObject(cluster, resourceOf(spec.kind), existing ? "MODIFIED" : "ADDED", spec);
  if (spec.kind === "Deployment") return reconcileReplicas(cluster, workload);
  cluster.daemonSets.add(workload);
  for (const node of cluster.nodes.values()) restoreDaemonSets(cluster, node);
}

export function deleteWorkload(
  cluster: ClusterState,
  kind: WorkloadSpec["kind"],
  object: { readonly namespace: string; readonly name: string },
): void {
  const workload = cluster.workloads.get(`${kind}/${object.namespace}/${object.name}`);
  if (workload === undefined) {
    throw new SimulationError("NotFound", `${resourceOf(kind)}.apps "${object.name}" not found`);
  }
  cluster.workloads.delete(workload.key);
  cluster.daemonSets.delete(workload);
  workload.replicas = 0;
  for (const pod of workload.pods.slice()) stopPod(cluster, pod);
  unlinkWorkload(workload);
  announceObject(cluster, resourceOf(kind), "DELETED", object);
}

function resourceOf(kind: WorkloadSpec["kind"]): "deployments" | "daemonsets" {
  return kind === "DaemonSet" ? "daemonsets" : "deployments";
}
