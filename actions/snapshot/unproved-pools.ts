import { armKey } from "../../shared/core/arm-id.ts";
import type { ClusterNodes, NodeReader } from "../../shared/quarantine/ports.ts";
import type { ManagedCluster, NodePool } from "../../shared/snapshot/ports.ts";
import { verifyNodes } from "../../shared/update-run/verify.ts";

/** Why pools are not proved by their nodes, by key of the pool: ARM's own state is no proof. */
export async function unprovedPools(
  deps: { readonly nodes: NodeReader; now(): number },
  clusters: readonly ManagedCluster[],
): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  // The reader bounds how many clusters it asks at a time.
  const look = async ({ id, nodePools }: ManagedCluster): Promise<void> => {
    const nodes = await deps.nodes.readNodes(id);
    for (const pool of nodePools) {
      const doubt = doubtOf(pool, nodes, deps.now());
      if (doubt !== undefined) reasons.set(armKey(pool.id), doubt);
    }
  };
  await Promise.all(clusters.map(look));
  return reasons;
}

function doubtOf(pool: NodePool, nodes: ClusterNodes, now: number): string | undefined {
  const { outcome, reasons } = verifyNodes({
    nodes,
    targets: new Map([[pool.name, pool.nodeImageVersion]]),
    baseline: new Set(),
    toleratedNotReady: 0,
    now,
  });
  return outcome === "pass" ? undefined : (reasons[0] ?? outcome);
}
