import { startPod, stopPod } from "./pods.ts";
import type { ClusterState, PodState, RevisionState, WorkloadState } from "./state.ts";
import { amountOf, flooredAmountOf } from "./surge.ts";

const DEPLOYMENT_DEFAULT = "25%";
const DAEMON_SET_DEFAULT = "1";

/**
 * Moves the pods of a Deployment from its older revisions to the newest: never more than `maxSurge` above
 * and `maxUnavailable` below its replicas. Once they are there nobody needs to look any more.
 * Source: kubernetes.io/docs/concepts/workloads/controllers/deployment
 */
export function rollDeployment(cluster: ClusterState, workload: WorkloadState): void {
  // Each turn moves at least one pod for good, so that there are no more turns than pods.
  while (moveSome(workload)) settle(cluster, workload);
  settle(cluster, workload);
  const isAlone = workload.pods.every((pod) => pod.revision === workload.revision);
  if (isAlone && workload.ready === workload.replicas && workload.live === workload.replicas) {
    workload.controller = undefined;
  }
}

/** Takes the newest revision up and the older ones down as far as may be now; says whether it could. */
function moveSome(workload: WorkloadState): boolean {
  if (workload.replacement?.paused === true) return false;
  const before = targets(workload);
  if (workload.replacement?.type === "Recreate") recreate(workload);
  else {
    takeUp(workload);
    takeDown(workload);
  }
  return targets(workload) !== before;
}

function targets({ revisions }: WorkloadState): string {
  return revisions.map(({ replicas }) => replicas).join();
}

/** The newest revision begins when nothing is left of the others. */
function recreate(workload: WorkloadState): void {
  for (const one of workload.older) one.replicas = 0;
  const anyLeft = workload.pods.some((pod) => pod.revision !== workload.revision);
  workload.revision.replicas = anyLeft ? 0 : workload.replicas;
}

function takeUp(workload: WorkloadState): void {
  const { revision, replicas } = workload;
  const room = replicas + fence(workload).surge - wanted(workload);
  revision.replicas = Math.min(replicas, revision.replicas + Math.max(0, room));
}

/** Those that serve nobody go first, then as many of the others as can be spared. */
function takeDown(workload: WorkloadState): void {
  const { revision, replicas } = workload;
  const minimum = replicas - fence(workload).unavailable;
  const unready = revision.replicas - readyOf(workload, revision);
  let spare = wanted(workload) - minimum - unready;
  for (const one of workload.older) {
    const idle = Math.max(0, one.replicas - readyOf(workload, one));
    const fewer = Math.max(0, Math.min(idle, spare));
    one.replicas -= fewer;
    spare -= fewer;
  }
  spare = Math.min(spare, workload.ready - minimum);
  for (const one of workload.older) {
    const fewer = Math.max(0, Math.min(one.replicas, spare));
    one.replicas -= fewer;
    spare -= fewer;
  }
}

function wanted({ revisions }: WorkloadState): number {
  return revisions.reduce((sum, { replicas }) => sum + replicas, 0);
}

/** Percentages of `maxSurge` are rounded up, of `maxUnavailable` down; one of the two must allow something. */
function fence(workload: WorkloadState): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge = DEPLOYMENT_DEFAULT, maxUnavailable = DEPLOYMENT_DEFAULT } =
    workload.replacement ?? {};
  const surge = amountOf(maxSurge, workload.replicas);
  const unavailable = flooredAmountOf(maxUnavailable, workload.replicas);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function settle(cluster: ClusterState, workload: WorkloadState): void {
  const { now } = cluster.kernel.timeline;
  for (const revision of workload.revisions) {
    const pods = podsOf(workload, revision).filter(({ phase }) => phase !== "Terminating");
    const surplus = pods.length - revision.replicas;
    if (surplus !== 0) workload.progressedAt = now;
    // Unready pods go first, and of equal ones the youngest.
    const leaving = pods.toReversed().toSorted((a, b) => Number(a.ready) - Number(b.ready));
    for (const pod of leaving.slice(0, Math.max(0, surplus))) stopPod(cluster, pod);
    for (let count = surplus; count < 0; count++) startPod(cluster, workload, revision);
  }
}

function podsOf(workload: WorkloadState, revision: RevisionState): PodState[] {
  return workload.pods.filter((pod) => pod.revision === revision);
}

function readyOf(workload: WorkloadState, revision: RevisionState): number {
  return podsOf(workload, revision).filter(({ ready }) => ready).length;
}

/** Replaces the pods of a DaemonSet node by node, `maxUnavailable` at a time. */
export function rollDaemonSet(cluster: ClusterState, workload: WorkloadState): void {
  const { replacement, revision } = workload;
  const outdated = workload.pods.filter(
    (pod) => pod.revision !== revision && pod.phase !== "Terminating",
  );
  if (outdated.length === 0) workload.controller = undefined;
  if (outdated.length === 0 || replacement?.type === "OnDelete") return;
  const allowed = amountOf(replacement?.maxUnavailable ?? DAEMON_SET_DEFAULT, workload.live);
  const unready = outdated.filter(({ ready }) => !ready);
  for (const pod of unready) stopPod(cluster, pod);
  for (const pod of outdated.filter(({ ready }) => ready)) {
    if (workload.live - workload.ready >= Math.max(1, allowed)) break;
    stopPod(cluster, pod);
  }
  workload.progressedAt = cluster.kernel.timeline.now;
}
