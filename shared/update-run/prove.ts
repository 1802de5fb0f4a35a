import { parseArmId } from "../core/arm-id.ts";
import type { Logger } from "../core/logger.ts";
import { planSnapshots } from "../snapshot/plan.ts";
import type { NodePoolSnapshot, SnapshotPort } from "../snapshot/ports.ts";
import { takeSnapshots } from "../snapshot/take.ts";
import type { Look } from "./look.ts";
import type { UpdateRun } from "./ports.ts";
import type { Rollout } from "./rollout.ts";

/**
 * Takes the proven snapshots of what a look proved: from verified pools only, so that their image is
 * the pin. A snapshot that exists already is found again, not taken again.
 *
 * @returns snapshot ids by member name; a member that misses one is absent and tried again.
 */
export async function takeProvenSnapshots(
  { snapshots, logger }: { readonly snapshots: SnapshotPort; readonly logger: Logger },
  run: UpdateRun,
  rollout: Rollout,
  looks: readonly Look[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const proved = looks.filter(({ verdict, cluster }) => verdict.outcome === "pass" && cluster);
  const taken = new Map<string, readonly string[]>();
  if (!rollout.captureProven || proved.length === 0) return taken;
  const existing = await existingSnapshots(snapshots, proved);
  for (const { member, cluster, verdict } of proved) {
    if (!cluster) continue;
    const plan = planSnapshots({
      kind: "proven",
      environment: rollout.environment,
      generation: rollout.generation,
      run: run.name,
      clusters: [
        {
          ...cluster,
          nodePools: cluster.nodePools.filter(({ name }) => verdict.provedPools.includes(name)),
        },
      ],
      existing,
      pins: rollout.nodeImages,
      ...(rollout.snapshotResourceGroup ? { resourceGroup: rollout.snapshotResourceGroup } : {}),
    });
    const result = await takeSnapshots(plan, snapshots);
    for (const { pool, reason } of plan.refused) {
      logger.warn("no proven snapshot yet", { pool, reason });
    }
    for (const { id, sourcePool } of result.taken) {
      logger.info("proven snapshot taken", { run: run.name, pool: sourcePool, snapshot: id });
    }
    for (const { pool, error } of result.failed) {
      logger.warn("the proven snapshot could not be taken", { pool, error: error.message });
    }
    if (plan.refused.length + result.failed.length === 0) {
      taken.set(
        member.name,
        [...plan.captured, ...result.taken].map(({ id }) => id),
      );
    }
  }
  return taken;
}

async function existingSnapshots(
  snapshots: SnapshotPort,
  looks: readonly Look[],
): Promise<readonly NodePoolSnapshot[]> {
  const subscriptions = new Set(
    looks.map(({ member }) => parseArmId(member.clusterId).subscription),
  );
  const lists = await Promise.all([...subscriptions].map((id) => snapshots.listSnapshots(id)));
  return lists.flat();
}
