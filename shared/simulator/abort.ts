import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import { setPoolState } from "./announce.ts";
import { SimulationError } from "./model.ts";
import { endClusterOperation, newOperation, settle } from "./operations.ts";
import { ABORTED, SUCCEEDED } from "./rolling-upgrade.ts";
import type { ClusterState, OperationState, PoolState } from "./state.ts";

/**
 * The operation of the whole cluster ends Canceled, and so do the pools that it had begun.
 * Source: learn.microsoft.com/azure/aks/manage-abort-operations
 */
export function abortCluster(cluster: ClusterState): OperationState {
  const running = cluster.operation;
  if (running === undefined) {
    throw new SimulationError(
      "OperationNotAllowed",
      `Managed cluster '${cluster.name}' has no operation in progress that could be aborted.`,
    );
  }
  const operation = newOperation(cluster, "AbortLatestOperation", undefined);
  for (const pool of cluster.pools.values()) {
    if (pool.operation === running) abortPart(pool, running);
    else if (pool.provisioningState === "Creating") setPoolState(pool, "Canceled");
    forgetUnreachableGoal(pool);
  }
  endClusterOperation(cluster, running, ABORTED);
  settle(cluster, operation, SUCCEEDED);
  return operation;
}

function abortPart(pool: PoolState, running: OperationState): void {
  pool.abort?.();
  if (pool.operation !== running) return;
  pool.operation = undefined;
  setPoolState(pool, "Canceled");
}

/** The control plane did not get there: no pool may go on to a version that is newer. */
function forgetUnreachableGoal(pool: PoolState): void {
  if (compareVersions(pool.goal.kubernetesVersion, pool.cluster.kubernetesVersion) <= 0) return;
  const { kubernetesVersion, nodeImageVersion } = pool;
  pool.goal = { kubernetesVersion, nodeImageVersion };
  pool.imageFamily = parseNodeImage(nodeImageVersion).family;
}
