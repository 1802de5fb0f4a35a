import { armKey, parseArmId } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import type { ClusterInventory, ManagedCluster } from "./ports.ts";

/** Clusters by their ids, from one paged list per subscription: never one request per cluster. */
export async function readClusters(
  inventory: ClusterInventory,
  ids: readonly ArmId[],
): Promise<readonly ManagedCluster[]> {
  const wanted = new Set(ids.map(armKey));
  const found: ManagedCluster[] = [];
  for (const subscription of subscriptionsOf(ids)) {
    const clusters = await inventory.listClusters(subscription);
    found.push(...clusters.filter((cluster) => wanted.has(armKey(cluster.id))));
  }
  return found;
}

/** The subscriptions in which resources live, each once. */
export function subscriptionsOf(ids: readonly ArmId[]): readonly string[] {
  return [...new Set(ids.map((id) => parseArmId(id).subscription.toLowerCase()))];
}
