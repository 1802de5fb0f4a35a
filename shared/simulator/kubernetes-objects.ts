import { announceNode, announceObject, resourceOf } from "./announce.ts";
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
import {
  consult,
  reconcileReplicas,
  reconsiderNode,
  restoreDaemonSets,
  startPod,
  stopPod,
  tryEvict,
} from "./pods.ts";
import { rollDaemonSet, rollDeployment } from "./rollout.ts";
import { keepOrdinals } from "./stateful-set.ts";
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
  if (patch.labels !== undefined || patch.taints !== undefined) reconsiderNode(cluster, node);
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

export function deletePod(
  cluster: ClusterState,
  pod: { readonly namespace: string; readonly name: string },
  graceSeconds?: number,
): void {
  stopPod(cluster, requirePod(cluster, pod.namespace, pod.name), graceSeconds);
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
  if (before !== undefined) unlinkBudget(cluster, before);
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
  unlinkBudget(cluster, state);
  announceObject(cluster, "poddisruptionbudgets", "DELETED", { namespace, name });
}

export function putWorkload(cluster: ClusterState, spec: WorkloadSpec): void {
  const key = `${spec.kind}/${spec.namespace}/${spec.name}`;
  const existing = cluster.workloads.get(key);
  if (existing === undefined) addWorkload(cluster, key, new WorkloadState(spec, cluster));
  else changeWorkload(cluster, existing, spec);
}

function addWorkload(cluster: ClusterState, key: string, workload: WorkloadState): void {
  cluster.workloads.set(key, workload);
  linkWorkload(cluster, workload);
  announceWorkloadObject(cluster, workload, "ADDED");
  if (workload.kind === "DaemonSet") cluster.daemonSets.add(workload);
  workload.controller = lastingController(workload);
  workload.revision.replicas = workload.replicas;
  if (workload.kind === "Pod") startPod(cluster, workload, workload.revision);
  else lookAfter(cluster, workload);
}

function changeWorkload(cluster: ClusterState, workload: WorkloadState, spec: WorkloadSpec): void {
  const { replicas } = workload;
  workload.scale(spec);
  if (spec.replacement?.paused !== true && !workload.revision.isOf(spec)) {
    beginRollout(cluster, workload, spec);
  }
  if (workload.controller !== rollDeployment) workload.revision.replicas = workload.replicas;
  else if (spec.replacement?.paused === true) scaleRollout(workload, workload.replicas - replicas);
  announceWorkloadObject(cluster, workload, "MODIFIED");
  lookAfter(cluster, workload);
}

/** Kubernetes keeps ten older templates to go back to unless told otherwise. */
const MAX_OLDER_REVISIONS = 10;
const PROGRESS_DEADLINE_SECONDS = 600;

function beginRollout(cluster: ClusterState, workload: WorkloadState, spec: WorkloadSpec): void {
  const { revision } = workload;
  if (workload.controller !== rollDeployment) revision.replicas = workload.live;
  workload.progressedAt = cluster.kernel.timeline.now;
  workload.revise(spec);
  const inUse = new Set(workload.pods.map((pod) => pod.revision));
  const idle = workload.older.filter((one) => !inUse.has(one));
  const forgotten = new Set(idle.slice(0, Math.max(0, idle.length - MAX_OLDER_REVISIONS)));
  workload.older = workload.older.filter((one) => !forgotten.has(one));
  linkWorkload(cluster, workload);
  if (workload.kind === "Deployment") {
    if (workload.controller === undefined) watchProgress(cluster, workload);
    workload.controller = rollDeployment;
  }
  if (workload.kind === "DaemonSet") workload.controller = rollDaemonSet;
}

/** Nothing else happens when a rollout is stuck, but that it is has to be told. */
function watchProgress(cluster: ClusterState, workload: WorkloadState): void {
  const { timeline } = cluster.kernel;
  const seconds = workload.replacement?.progressDeadlineSeconds ?? PROGRESS_DEADLINE_SECONDS;
  const deadline = workload.progressedAt + Math.max(1, seconds) * 1_000;
  timeline.at(deadline, () => {
    if (workload.controller !== rollDeployment) return;
    if (timeline.now - workload.progressedAt < seconds * 1_000) watchProgress(cluster, workload);
    else announceWorkloadObject(cluster, workload, "MODIFIED");
  });
}

/** More replicas in a rollout that is paused are the newest revision's; fewer are first the older ones'. */
function scaleRollout(workload: WorkloadState, change: number): void {
  let left = change;
  for (const one of workload.revisions) {
    if (left >= 0) break;
    const fewer = Math.min(one.replicas, -left);
    one.replicas -= fewer;
    left += fewer;
  }
  if (left > 0) workload.revision.replicas += left;
}

function lastingController({ kind }: WorkloadState): WorkloadState["controller"] {
  if (kind === "StatefulSet") return keepOrdinals;
  return kind === "Pod" ? forgetWhenGone : undefined;
}

/** A pod of its own is not replaced. */
function forgetWhenGone(cluster: ClusterState, workload: WorkloadState): void {
  if (workload.pods.length > 0) return;
  cluster.workloads.delete(workload.key);
  unlinkWorkload(workload);
}

function lookAfter(cluster: ClusterState, workload: WorkloadState): void {
  if (workload.kind === "DaemonSet") {
    for (const node of cluster.nodes.values()) restoreDaemonSets(cluster, node);
  }
  if (workload.controller !== undefined) consult(cluster, workload);
  else if (workload.kind === "Deployment") reconcileReplicas(cluster, workload);
}

export function deleteWorkload(
  cluster: ClusterState,
  kind: WorkloadSpec["kind"],
  object: { readonly namespace: string; readonly name: string },
): void {
  const workload = cluster.workloads.get(`${kind}/${object.namespace}/${object.name}`);
  if (workload === undefined) {
    const plural = resourceOf(kind);
    const what = plural === undefined ? "pods" : `${plural}.apps`;
    throw new SimulationError("NotFound", `${what} "${object.name}" not found`);
  }
  cluster.workloads.delete(workload.key);
  cluster.daemonSets.delete(workload);
  workload.controller = undefined;
  workload.replicas = 0;
  for (const pod of workload.pods.slice()) stopPod(cluster, pod);
  unlinkWorkload(workload);
  announceWorkloadObject(cluster, workload, "DELETED");
}

export function deleteRevision(cluster: ClusterState, key: string, hash: string): void {
  const workload = cluster.workloads.get(key);
  const revision = workload?.revisions.find((one) => one.hash === hash);
  if (workload === undefined || revision === undefined) return;
  workload.older = workload.older.filter((one) => one !== revision);
  for (const pod of workload.pods.filter((one) => one.revision === revision)) stopPod(cluster, pod);
  announceWorkloadObject(cluster, workload, "MODIFIED");
}

function announceWorkloadObject(
  cluster: ClusterState,
  workload: WorkloadState,
  change: "ADDED" | "MODIFIED" | "DELETED",
): void {
  const resource = resourceOf(workload.kind);
  if (resource !== undefined) announceObject(cluster, resource, change, workload);
}
