import { startPod, stopPod } from "./pods.ts";
import { MAX_ORDINALS, ordinalOf } from "./state.ts";
import type { ClusterState, PodState, RevisionState, WorkloadState } from "./state.ts";

/**
 * Keeps the pods 0 to n - 1 of a StatefulSet: each is made once the one before it is ready, and a pod comes
 * back under its name only after the old one is gone. Then a newer template is taken up, last pod first.
 * Source: kubernetes.io/docs/concepts/workloads/controllers/statefulset
 */
export function keepOrdinals(cluster: ClusterState, workload: WorkloadState): void {
  const byOrdinal = new Map(workload.pods.map((pod) => [ordinalOf(pod), pod]));
  const isComplete = makeMissing(cluster, workload, byOrdinal);
  const surplus = workload.pods.filter((pod) => ordinalOf(pod) >= workload.replicas);
  const last = surplus.toSorted((a, b) => ordinalOf(b) - ordinalOf(a))[0];
  if (!isComplete) return;
  if (last === undefined) renew(cluster, workload, byOrdinal);
  else stopPod(cluster, last);
}

/** Says whether all are there and ready. */
function makeMissing(
  cluster: ClusterState,
  workload: WorkloadState,
  byOrdinal: ReadonlyMap<number, PodState>,
): boolean {
  const inOrder = workload.replacement?.parallel !== true;
  let isComplete = true;
  for (let ordinal = 0; ordinal < workload.replicas; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    if (pod?.ready === true) continue;
    isComplete = false;
    if (pod === undefined) {
      const serial = workload.serial++ * MAX_ORDINALS + ordinal;
      startPod(cluster, workload, revisionFor(workload, ordinal), serial);
    }
    if (inOrder) break;
  }
  return isComplete;
}

/** Below the partition pods keep coming back as they were. */
function revisionFor(workload: WorkloadState, ordinal: number): RevisionState {
  const partition = workload.replacement?.partition ?? 0;
  return ordinal < partition ? (workload.older.at(-1) ?? workload.revision) : workload.revision;
}

function renew(
  cluster: ClusterState,
  workload: WorkloadState,
  byOrdinal: ReadonlyMap<number, PodState>,
): void {
  if (workload.replacement?.type === "OnDelete") return;
  const partition = workload.replacement?.partition ?? 0;
  for (let ordinal = workload.replicas - 1; ordinal >= partition; ordinal--) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined || pod.revision === workload.revision) continue;
    stopPod(cluster, pod);
    return;
  }
}
