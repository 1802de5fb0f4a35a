import { announceObject } from "./announce.ts";
import { announceBudgets, forbiddingBudget } from "./budgets.ts";
import { chooseNode, suitsNode } from "./placement.ts";
import { PodState } from "./state.ts";
import type { BudgetState, ClusterState, NodeState, WorkloadState } from "./state.ts";

/** From being bound to a node until ready: image pull, start, first readiness probe. */
const POD_START_MILLISECONDS = 5_000;
/** Well-behaved containers stop well before their grace period ends. */
const POD_STOP_MILLISECONDS = 5_000;

/** Brings the number of pods of a Deployment to its replicas. */
export function reconcileReplicas(cluster: ClusterState, workload: WorkloadState): void {
  while (workload.live < workload.replicas) startPod(cluster, workload);
  if (workload.live > workload.replicas) {
    const surplus = workload.pods.filter(({ phase }) => phase !== "Terminating");
    for (const pod of surplus.slice(workload.replicas)) stopPod(cluster, pod);
  }
}

function startPod(cluster: ClusterState, workload: WorkloadState): void {
  const pod = addPod(cluster, workload);
  const node = chooseNode(cluster, pod);
  if (node === undefined) cluster.pending.add(pod);
  else bindPod(cluster, pod, node);
  announcePod(cluster, pod, "ADDED");
}

function addPod(cluster: ClusterState, workload: WorkloadState): PodState {
  const pod = new PodState(workload, workload.serial++, cluster.kernel.timeline.now);
  workload.pods.push(pod);
  workload.live += 1;
  cluster.podIndex?.set(`${pod.namespace}/${pod.name}`, pod);
  return pod;
}

function bindPod(cluster: ClusterState, pod: PodState, node: NodeState): void {
  pod.host = node;
  pod.phase = "Running";
  node.pods.push(pod);
  if (!pod.daemonSet) node.evictable += 1;
  appoint(cluster, "starting", pod, POD_START_MILLISECONDS);
}

/** One appointment for all pods that become ready, or vanish, at the same instant. */
function appoint(
  cluster: ClusterState,
  kind: "starting" | "stopping",
  pod: PodState,
  milliseconds: number,
): void {
  const { timeline } = cluster.kernel;
  const time = timeline.now + milliseconds;
  const open = cluster.podAppointments[kind];
  if (open?.time === time) {
    open.pods.push(pod);
    return;
  }
  const batch = { time, pods: [pod] };
  cluster.podAppointments[kind] = batch;
  const settle = kind === "starting" ? becomeReady : vanish;
  timeline.at(time, () => {
    for (const one of batch.pods) settle(cluster, one);
  });
}

function becomeReady(cluster: ClusterState, pod: PodState): void {
  if (pod.phase !== "Running" || pod.ready || pod.host?.phase !== "Ready") return;
  pod.ready = true;
  pod.owner.ready += 1;
  announcePod(cluster, pod, "MODIFIED");
  announceWorkload(cluster, pod.owner);
}

function vanish(cluster: ClusterState, pod: PodState): void {
  if (!takeOut(pod.owner.pods, pod)) return;
  const node = pod.host;
  if (node !== undefined && takeOut(node.pods, pod) && !pod.daemonSet) node.evictable -= 1;
  cluster.podIndex?.delete(`${pod.namespace}/${pod.name}`);
  announcePod(cluster, pod, "DELETED");
  if (cluster.pending.size > 0) placePending(cluster);
}

/** Keeps the order of the others; says whether it was there. */
function takeOut(pods: PodState[], pod: PodState): boolean {
  const index = pods.indexOf(pod);
  if (index < 0) return false;
  // Far quicker than splice or copyWithin, which are made for any receiver.
  for (let at = index + 1; at < pods.length; at++) pods[at - 1] = pods[at] as PodState;
  pods.pop();
  return true;
}

/** Ends a pod gracefully; its workload replaces it at once. */
export function stopPod(cluster: ClusterState, pod: PodState): void {
  if (pod.phase === "Terminating") return;
  const wasBound = pod.host !== undefined;
  withdraw(cluster, pod);
  if (wasBound) {
    const grace = pod.owner.terminationGracePeriodSeconds * 1_000;
    appoint(cluster, "stopping", pod, Math.max(1, Math.min(POD_STOP_MILLISECONDS, grace)));
    announcePod(cluster, pod, "MODIFIED");
  } else vanish(cluster, pod);
  if (pod.daemonSet) restoreDaemonSets(cluster, pod.host);
  else reconcileReplicas(cluster, pod.owner);
  announceWorkload(cluster, pod.owner);
}

/** From here on the pod no longer counts for its workload and its budgets. */
function withdraw(cluster: ClusterState, pod: PodState): void {
  if (pod.ready) pod.owner.ready -= 1;
  if (pod.phase !== "Terminating") pod.owner.live -= 1;
  cluster.pending.delete(pod);
  pod.ready = false;
  pod.phase = "Terminating";
}

/** Evicts unless a budget forbids it; returns that budget. */
export function tryEvict(cluster: ClusterState, pod: PodState): BudgetState | undefined {
  const forbidding = forbiddingBudget(pod);
  if (forbidding === undefined) stopPod(cluster, pod);
  return forbidding;
}

/** A node that is gone takes its pods with it, whatever budgets say. */
export function killPodsOf(cluster: ClusterState, node: NodeState): void {
  const owners = new Set<WorkloadState>();
  for (const pod of node.pods.slice()) {
    withdraw(cluster, pod);
    vanish(cluster, pod);
    owners.add(pod.owner);
  }
  for (const owner of owners) {
    if (owner.kind === "Deployment") reconcileReplicas(cluster, owner);
    announceWorkload(cluster, owner);
  }
}

/** A node can take pods: DaemonSets first, then whoever waits. */
export function welcomePods(cluster: ClusterState, node: NodeState): void {
  restoreDaemonSets(cluster, node);
  if (cluster.pending.size > 0) placePending(cluster);
}

export function placePending(cluster: ClusterState): void {
  for (const pod of cluster.pending) {
    const node = chooseNode(cluster, pod);
    if (node === undefined) continue;
    cluster.pending.delete(pod);
    bindPod(cluster, pod, node);
    announcePod(cluster, pod, "MODIFIED");
  }
}

export function restoreDaemonSets(cluster: ClusterState, node: NodeState | undefined): void {
  if (node === undefined || !node.alive || node.phase !== "Ready") return;
  for (const workload of cluster.daemonSets) {
    const present = node.pods.some((pod) => pod.owner === workload && pod.phase !== "Terminating");
    if (present || !suitsNode(workload, node)) continue;
    const pod = addPod(cluster, workload);
    bindPod(cluster, pod, node);
    announcePod(cluster, pod, "ADDED");
  }
}

/** The machine restarts: what stays on it is not ready until the node is back. */
export function suspendPods(cluster: ClusterState, node: NodeState): void {
  for (const pod of node.pods) {
    if (!pod.ready) continue;
    pod.ready = false;
    pod.owner.ready -= 1;
    announcePod(cluster, pod, "MODIFIED");
    announceWorkload(cluster, pod.owner);
  }
}

export function resumePods(cluster: ClusterState, node: NodeState): void {
  for (const pod of node.pods) {
    if (pod.phase === "Running" && !pod.ready) {
      appoint(cluster, "starting", pod, POD_START_MILLISECONDS);
    }
  }
}

/** All that a `ready` cluster starts with is ready at once. */
export function settlePods(cluster: ClusterState): void {
  for (const node of cluster.nodes.values()) {
    for (const pod of node.pods) becomeReady(cluster, pod);
  }
}

function announcePod(
  cluster: ClusterState,
  pod: PodState,
  change: "ADDED" | "MODIFIED" | "DELETED",
): void {
  if (cluster.kernel.hub.listening) announceObject(cluster, "pods", change, pod);
}

function announceWorkload(cluster: ClusterState, workload: WorkloadState): void {
  if (!cluster.kernel.hub.listening) return;
  const resource = workload.kind === "DaemonSet" ? "daemonsets" : "deployments";
  announceObject(cluster, resource, "MODIFIED", workload);
  announceBudgets(cluster, workload);
}
