import { isBetween, reviveBlue } from "./blue-green-upgrade.ts";
import { requireQuota, surgeNeed } from "./machine-need.ts";
import { SimulationError } from "./model.ts";
import { isAt } from "./nodes.ts";
import { beginPoolOperation, endPoolOperation } from "./operations.ts";
import { bringToGoal } from "./pool-goal.ts";
import { requirePool, setGoal } from "./pool-operations.ts";
import type { ClusterState, OperationState } from "./state.ts";
import { refuseUnsatisfiableBudgets } from "./unsatisfiable-budgets.ts";

/**
 * Takes a pool back to the Kubernetes version and node image that it ran before its last upgrade.
 * Source: learn.microsoft.com/azure/aks/roll-back-node-pool-version
 */
export function rollBackPool(cluster: ClusterState, name: string): OperationState {
  const pool = requirePool(cluster, name);
  const { recentlyUsed } = pool;
  if (recentlyUsed === undefined) {
    throw invalid(`The agent pool '${name}' has no recently used version to roll back to.`);
  }
  // Also when its green nodes were deleted by hand: blue is cordoned, and takes pods again.
  const isBlueLeft =
    pool.upgradeStrategy === "BlueGreen" && pool.nodes.some((node) => isAt(node, recentlyUsed));
  if (isBetween(pool) && !isBlueLeft) {
    throw invalid(
      `The blue-green upgrade of agent pool '${name}' can be rolled back in its final soak only: resume it.`,
    );
  }
  const { kubernetesVersion, nodeImageVersion } = recentlyUsed;
  if (!cluster.kernel.kubernetesVersions.includes(kubernetesVersion)) {
    throw invalid(`Kubernetes version ${kubernetesVersion} is no longer supported.`);
  }
  refuseUnsatisfiableBudgets(cluster);
  requireQuota(cluster, [surgeNeed(pool, { kubernetesVersion, nodeImageVersion })]);
  const isImageOnly = kubernetesVersion === pool.kubernetesVersion;
  const during = isImageOnly ? "UpgradingNodeImageVersion" : "Upgrading";
  const operation = beginPoolOperation(pool, "RollBackAgentPool", during);
  pool.snapshotId = undefined;
  setGoal(pool, { kubernetesVersion, nodeImageVersion });
  if (isBlueLeft) reviveBlue(pool);
  bringToGoal(pool, (outcome) => endPoolOperation(pool, operation, outcome));
  return operation;
}

function invalid(message: string): SimulationError {
  return new SimulationError("InvalidParameter", message);
}
