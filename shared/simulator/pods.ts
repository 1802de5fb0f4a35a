import { announceObject, resourceOf } from "./announce.ts";
import { announceBudgets, forbiddingBudget } from "./budgets.ts";
import { chooseNode, mayStay, selectsNode, suitsNode } from "./placement.ts";
import { PodState, takeOut } from "./state.ts";
import type {
  BudgetState,
  ClusterState,
  NodeState,
  RevisionState,
  WorkloadState,
} from "./state.ts";

/** From being bound to a node until ready: image pull, start, first readiness probe. */
const POD_START_MILLISECONDS = 5_000;
/** Well-behaved containers stop well before their grace period ends. */
const POD_STOP_MILLISECONDS = 5_000;

/** Brings the number of pods of a Deployment to its replicas. */
export function reconcileReplicas(cluster: ClusterState, workload: WorkloadState): void {
  while (workload.live < workload.replicas) startPod(cluster, workload, workload.revision);
  if (workload.live > workload.replicas) {
    const surplus = workload.pods.filter(({ phase }) => phase !== "Terminating");
    for (const pod of surplus.slice(workload.replicas)) stopPod(cluster, pod);
  }
}

/** `serial`: of a StatefulSet, where it tells which of its pods this is. */
export function startPod(
  cluster: ClusterState,
  workload: WorkloadState,
  revision: RevisionState,
  serial?: number,
): void {
  const pod = addPod(cluster, workload, revision, serial);
  const node = chooseNode(cluster, pod);
  if (node === undefined) cluster.pending.add(pod);
  else bindPod(cluster, pod, node);
  announcePod(cluster, pod, "ADDED");
}

function addPod(
  cluster: ClusterState,
  workload: WorkloadState,
  revision: RevisionState,
  serial = workload.serial++,
): PodState {
  const pod = new PodState(workload, revision, serial, cluster.kernel.timeline.now);
  workload.pods.push(pod);
  workload.live += 1;
  cluster.podIndex?.set(`${pod.namespace}/${pod.name}`, pod);
  return pod;
}

function bindPod(cluster: ClusterState, pod: PodState, node: NodeState): void {
  pod.host = node;
  pod.phase = "Running";
  node.admit(pod);
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
  if (pod.owner.controller !== undefined) consult(cluster, pod.owner);
  announceWorkload(cluster, pod.owner);
}

function vanish(cluster: ClusterState, pod: PodState): void {
  if (!takeOut(pod.owner.pods, pod)) return;
  pod.host?.release(pod);
  cluster.podIndex?.delete(`${pod.namespace}/${pod.name}`);
  announcePod(cluster, pod, "DELETED");
  if (cluster.pending.size > 0) placePending(cluster);
  if (pod.owner.controller !== undefined) consult(cluster, pod.owner);
}

/** Lets the controller of a workload look at its pods, and again for as long as it changes something. */
export function consult(cluster: ClusterState, workload: WorkloadState): void {
  workload.called = true;
  if (workload.busy) return;
  workload.busy = true;
  while (workload.called && workload.controller !== undefined) {
    workload.called = false;
    workload.controller(cluster, workload);
  }
  workload.busy = false;
}

/** Ends a pod gracefully, or at once with a grace of 0; its workload replaces it at once. */
export function stopPod(cluster: ClusterState, pod: PodState, graceSeconds?: number): void {
  if (pod.phase === "Terminating") {
    if (graceSeconds === 0) vanish(cluster, pod);
    return;
  }
  const wasBound = pod.host !== undefined;
  withdraw(cluster, pod);
  if (wasBound && graceSeconds !== 0) {
    const grace = (graceSeconds ?? pod.revision.terminationGracePeriodSeconds) * 1_000;
    appoint(cluster, "stopping", pod, Math.max(1, Math.min(POD_STOP_MILLISECONDS, grace)));
    announcePod(cluster, pod, "MODIFIED");
  } else vanish(cluster, pod);
  if (pod.daemonSet) restoreDaemonSets(cluster, pod.host);
  refill(cluster, pod.owner);
  announceWorkload(cluster, pod.owner);
}

function refill(cluster: ClusterState, workload: WorkloadState): void {
  if (workload.controller !== undefined) consult(cluster, workload);
  else if (workload.kind === "Deployment") reconcileReplicas(cluster, workload);
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
    refill(cluster, owner);
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
    if (present || !suitsNode(workload.revision, node)) continue;
    const pod = addPod(cluster, workload, workload.revision);
    bindPod(cluster, pod, node);
    announcePod(cluster, pod, "ADDED");
  }
}

/** Labels or taints of a node changed: who may not be there any more goes, who may now comes. */
export function reconsiderNode(cluster: ClusterState, node: NodeState): void {
  expelPods(cluster, node);
  restoreDaemonSets(cluster, node);
  placePending(cluster);
}

/** Budgets have no say when a taint drives pods away. */
function expelPods(cluster: ClusterState, node: NodeState): void {
  for (const pod of node.pods.slice()) {
    const stays = mayStay(pod.revision, node);
    if (!stays || (pod.daemonSet && !selectsNode(pod.revision, node))) stopPod(cluster, pod);
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

/** All that a `ready` cluster starts with is ready at once; a StatefulSet makes its pods one by one meanwhile. */
export function settlePods(cluster: ClusterState): void {
  for (const workload of cluster.workloads.values()) {
    for (const pod of workload.pods) becomeReady(cluster, pod);
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
  const resource = resourceOf(workload.kind);
  if (resource !== undefined) announceObject(cluster, resource, "MODIFIED", workload);
  announceBudgets(cluster, workload);
}
