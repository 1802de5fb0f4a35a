import type { ClusterState } from "./state.ts";

/**
 * Takes a cluster that is gone apart. A rehearsal makes and drops thousands; the parts of each that the
 * engine has moved to its old generation would keep all others alive until the next full collection.
 * What is still under way goes on unheard, and needs its parts.
 */
export function dismantle(cluster: ClusterState): void {
  if (isUnderWay(cluster)) return;
  for (const node of cluster.nodes.values()) node.pods.length = 0;
  for (const workload of cluster.workloads.values()) {
    workload.pods.length = 0;
    workload.budgets = [];
  }
  for (const budget of cluster.budgets.values()) budget.workloads = [];
  for (const pool of cluster.pools.values()) pool.nodes.length = 0;
  cluster.nodes.clear();
  cluster.workloads.clear();
  cluster.daemonSets.clear();
  cluster.budgets.clear();
  cluster.budgetsByValue.clear();
  cluster.pending.clear();
  cluster.podIndex?.clear();
  cluster.nodeEvents.length = 0;
  cluster.podAppointments.starting = undefined;
  cluster.podAppointments.stopping = undefined;
}

function isUnderWay({ operation, pools }: ClusterState): boolean {
  return (
    operation !== undefined || [...pools.values()].some((pool) => pool.operation !== undefined)
  );
}
