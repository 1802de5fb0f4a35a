import { armKey, parseArmId } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError } from "../core/errors.ts";
import type { ClusterInventory, ManagedCluster } from "./ports.ts";

/** Ids named in one message; the rest is counted. */
const MAX_NAMED = 3;

/**
 * Clusters by their ids, from one paged list per subscription: never one request per cluster. One that
 * is not in the list would be left out of every decision without a word, so it is an error.
 */
export async function readClusters(
  inventory: ClusterInventory,
  ids: readonly ArmId[],
): Promise<readonly ManagedCluster[]> {
  const found = await findClusters(inventory, ids);
  assertComplete(ids, found);
  return found;
}

/** The same for who can tell, cluster by cluster, that one is not there. */
export async function findClusters(
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

function assertComplete(ids: readonly ArmId[], found: readonly ManagedCluster[]): void {
  const seen = new Set(found.map((cluster) => armKey(cluster.id)));
  const missing = ids.filter((id) => !seen.has(armKey(id)));
  const [first] = missing;
  if (first === undefined) return;
  const rest = missing.length - MAX_NAMED;
  const named = missing.slice(0, MAX_NAMED).join(", ");
  throw new FleetwrightError(
    "not-found",
    `the fleet's members name clusters that this identity cannot find: ${named}${rest > 0 ? ` and ${rest} more` : ""}`,
    {
      subject: first,
      remedy:
        "grant the role 'Fleetwright operator' on them, or remove their members from the fleet",
    },
  );
}

/** The subscriptions in which resources live, each once. */
export function subscriptionsOf(ids: readonly ArmId[]): readonly string[] {
  return [...new Set(ids.map((id) => parseArmId(id).subscription.toLowerCase()))];
}
