import { subscriptionsOf } from "../../shared/snapshot/fleet-clusters.ts";
import type {
  ManagedCluster,
  NodePoolSnapshot,
  SnapshotPort,
} from "../../shared/snapshot/ports.ts";

/** All snapshots of the subscriptions in which the clusters live. */
export async function listExisting(
  port: SnapshotPort,
  clusters: readonly ManagedCluster[],
): Promise<readonly NodePoolSnapshot[]> {
  const subscriptions = subscriptionsOf(clusters.map(({ id }) => id));
  return (await Promise.all(subscriptions.map((id) => port.listSnapshots(id)))).flat();
}
