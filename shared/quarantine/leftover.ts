import type { ManagedCluster } from "../snapshot/ports.ts";
import type { ClusterNodes, NodeView } from "./ports.ts";

/**
 * Outside of any run there is no pin to hold nodes against: what ARM says that a pool runs is the measure. A node
 * of another image was left behind by an upgrade, unless one is under way. Pure.
 */
export function isLeftover(cluster: ManagedCluster, node: NodeView): boolean {
  const pool = cluster.nodePools.find(({ name }) => name === node.nodePool);
  if (!pool || isBusy(pool.provisioningState) || isBusy(cluster.provisioningState)) return false;
  return node.nodeImageVersion !== pool.nodeImageVersion;
}

/** Nothing is left of an upgrade: every node is of its pool's image, Ready and schedulable, and every pool Succeeded. */
export function isCleanedUp(cluster: ManagedCluster, nodes: ClusterNodes): boolean {
  if (!nodes.visible) return false;
  const settled = [cluster, ...cluster.nodePools].every(
    ({ provisioningState }) => provisioningState === "Succeeded",
  );
  const healthy = nodes.nodes.every(
    (node) => node.ready && !node.unschedulable && !node.quarantined && !isLeftover(cluster, node),
  );
  return settled && healthy && nodes.nodes.length > 0;
}

function isBusy(provisioningState: string): boolean {
  return !["Succeeded", "Failed", "Canceled"].includes(provisioningState);
}
