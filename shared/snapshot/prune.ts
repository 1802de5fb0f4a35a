import { armKey } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { toError } from "../core/errors.ts";
import { byTime } from "./find.ts";
import type { ManagedCluster, NodePoolSnapshot, SnapshotPort } from "./ports.ts";
import { TAG_KIND } from "./tags.ts";

export interface PruneRequest {
  /** Snapshots that may be touched at all: of the environment, with our tags. */
  readonly snapshots: readonly NodePoolSnapshot[];
  /** Every cluster that can be seen: a snapshot that one of their node pools refers to stays. */
  readonly clusters: readonly ManagedCluster[];
  /** Newest snapshots to keep of each node pool and kind. */
  readonly keep: number;
  readonly maxAgeMilliseconds: number | undefined;
  /** Milliseconds since the Unix epoch, by Azure's clock. */
  readonly now: number;
}

export interface SpentSnapshot {
  readonly snapshot: NodePoolSnapshot;
  readonly reason: string;
}

export interface PrunePlan {
  readonly remove: readonly SpentSnapshot[];
  /** Spent too, but a node pool refers to it. */
  readonly inUse: readonly { readonly snapshot: NodePoolSnapshot; readonly pool: ArmId }[];
  readonly kept: number;
}

/**
 * What is beyond the count, or too old. The newest of each node pool and kind stays whatever its age: it is
 * the way back, and the source of new pools.
 */
export function planPrune(request: PruneRequest): PrunePlan {
  const spent = groups(request.snapshots).flatMap((group) => spentOf(group, request));
  const users = poolsBySnapshot(request.clusters);
  const inUse = spent.flatMap(({ snapshot }) => {
    const pool = users.get(armKey(snapshot.id));
    return pool === undefined ? [] : [{ snapshot, pool }];
  });
  const remove = spent.filter(({ snapshot }) => !users.has(armKey(snapshot.id)));
  return { remove, inUse, kept: request.snapshots.length - spent.length };
}

function groups(snapshots: readonly NodePoolSnapshot[]): readonly (readonly NodePoolSnapshot[])[] {
  const found = new Map<string, NodePoolSnapshot[]>();
  for (const snapshot of snapshots) {
    const key = `${snapshot.tags[TAG_KIND]} ${armKey(snapshot.sourcePool)}`;
    found.set(key, [...(found.get(key) ?? []), snapshot]);
  }
  return [...found.values()];
}

function spentOf(
  group: readonly NodePoolSnapshot[],
  { keep, maxAgeMilliseconds, now }: PruneRequest,
): readonly SpentSnapshot[] {
  return group.toSorted(byTime).flatMap((snapshot, index) => {
    if (index === 0) return [];
    if (index >= keep) return [{ snapshot, reason: `beyond the newest ${keep}` }];
    const age = now - Date.parse(snapshot.createdAt);
    if (maxAgeMilliseconds === undefined || age <= maxAgeMilliseconds) return [];
    return [{ snapshot, reason: `taken ${snapshot.createdAt.slice(0, 10)}, too old` }];
  });
}

function poolsBySnapshot(clusters: readonly ManagedCluster[]): ReadonlyMap<string, ArmId> {
  return new Map(
    clusters
      .flatMap(({ nodePools }) => nodePools)
      .flatMap(({ id, snapshotId }) =>
        snapshotId === undefined ? [] : [[armKey(snapshotId), id] as const],
      ),
  );
}

export interface PrunedSnapshots {
  readonly removed: readonly SpentSnapshot[];
  readonly failed: readonly { readonly snapshot: NodePoolSnapshot; readonly error: Error }[];
}

/** Deletes one after the other: pruning is in no hurry, and a refusal of the first says it for all. */
export async function pruneSnapshots(
  plan: Pick<PrunePlan, "remove">,
  port: Pick<SnapshotPort, "deleteSnapshot">,
  onRemoved: (spent: SpentSnapshot) => void,
): Promise<PrunedSnapshots> {
  const removed: SpentSnapshot[] = [];
  for (const spent of plan.remove) {
    try {
      await port.deleteSnapshot(spent.snapshot.id);
      removed.push(spent);
      onRemoved(spent);
    } catch (thrown) {
      return { removed, failed: [{ snapshot: spent.snapshot, error: toError(thrown) }] };
    }
  }
  return { removed, failed: [] };
}
