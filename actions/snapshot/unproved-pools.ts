import { armKey } from "../../shared/core/arm-id.ts";
import type { ClusterNodes, NodeReader } from "../../shared/quarantine/ports.ts";
import type { ManagedCluster, NodePool } from "../../shared/snapshot/ports.ts";
import { verifyNodes } from "../../shared/update-run/verify.ts";

/** Clusters asked at a time. */
const MAX_CONCURRENT_CLUSTERS = 10;

/** Why pools are not proved by their nodes, by key of the pool: ARM's own state is no proof. */
export async function unprovedPools(
  deps: { readonly nodes: NodeReader; now(): number },
  clusters: readonly ManagedCluster[],
): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  const waiting = [...clusters];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const nodes = await deps.nodes.readNodes(next.id);
      for (const pool of next.nodePools) {
        const doubt = doubtOf(pool, nodes, deps.now());
        if (doubt !== undefined) reasons.set(armKey(pool.id), doubt);
      }
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_CLUSTERS }, worker));
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
