import { armKey, parseArmId, sameArmId } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { digest } from "../core/digest.ts";
import { parseNodeImage } from "../core/node-image.ts";
import type { ManagedCluster, NewSnapshot, NodePool, NodePoolSnapshot } from "./ports.ts";
import { snapshotTags, TAG_KIND } from "./tags.ts";

/**
 * `outgoing`: what a pool ran before a run. `proven`: what a pool runs whose nodes were verified after
 * one. A snapshot copies its source pool, so there is none of an image that no pool runs yet.
 */
export type SnapshotKind = "outgoing" | "proven";

export interface SnapshotRequest {
  readonly kind: SnapshotKind;
  readonly environment: string;
  readonly generation?: number;
  readonly run?: string;
  /** Where snapshots are kept; the resource group of each cluster when absent. */
  readonly resourceGroup?: string;
  /** The clusters, with only those pools that are wanted. */
  readonly clusters: readonly ManagedCluster[];
  readonly existing: readonly NodePoolSnapshot[];
  /** Pinned image version by family; a proven image is a pinned one. */
  readonly pins?: Readonly<Record<string, string>>;
  /** Why the nodes of a pool are not proved, by `armKey` of the pool. */
  readonly unproved?: ReadonlyMap<string, string>;
}

export interface RefusedPool {
  readonly pool: ArmId;
  readonly reason: string;
}

export interface SnapshotPlan {
  readonly take: readonly NewSnapshot[];
  readonly captured: readonly NodePoolSnapshot[];
  readonly refused: readonly RefusedPool[];
}

/** Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
const MAX_NAME_LENGTH = 63;
const HASH_LENGTH = 8;

/** Decides for each pool: a new snapshot, an existing one that says the same, or a reason against it. */
export function planSnapshots(request: SnapshotRequest): SnapshotPlan {
  const take: NewSnapshot[] = [];
  const captured: NodePoolSnapshot[] = [];
  const refused: RefusedPool[] = [];
  const existing = bySourcePool(request.existing);
  for (const cluster of request.clusters) {
    for (const pool of cluster.nodePools) {
      const reason = refusal(request, pool);
      const snapshot = newSnapshot(request, cluster, pool);
      const same = existing
        .get(armKey(pool.id))
        ?.find((candidate) => captures(candidate, snapshot.id, request.kind, pool));
      if (same !== undefined) captured.push(same);
      else if (reason !== undefined) refused.push({ pool: pool.id, reason });
      else take.push(snapshot);
    }
  }
  return { take, captured, refused };
}

function bySourcePool(
  snapshots: readonly NodePoolSnapshot[],
): ReadonlyMap<string, readonly NodePoolSnapshot[]> {
  const groups = new Map<string, NodePoolSnapshot[]>();
  for (const snapshot of snapshots) {
    const key = armKey(snapshot.sourcePool);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [snapshot]);
    else group.push(snapshot);
  }
  return groups;
}

function captures(
  snapshot: NodePoolSnapshot,
  id: ArmId,
  kind: SnapshotKind,
  pool: NodePool,
): boolean {
  if (sameArmId(snapshot.id, id)) return true;
  return (
    snapshot.tags[TAG_KIND] === kind &&
    snapshot.nodeImageVersion === pool.nodeImageVersion &&
    snapshot.kubernetesVersion === pool.kubernetesVersion
  );
}

function refusal(request: SnapshotRequest, pool: NodePool): string | undefined {
  // Source: https://learn.microsoft.com/azure/aks/node-pool-snapshot (the source pool must be Succeeded)
  if (pool.provisioningState !== "Succeeded") {
    return `the node pool is ${pool.provisioningState}: AKS copies only a pool that is Succeeded`;
  }
  if (request.kind === "outgoing") return undefined;
  return unpinned(request.pins, pool) ?? request.unproved?.get(armKey(pool.id));
}

function unpinned(pins: SnapshotRequest["pins"], pool: NodePool): string | undefined {
  if (pins === undefined) return undefined;
  const { family, version } = parseNodeImage(pool.nodeImageVersion);
  const pin = pins[family];
  if (pin === undefined) return `the release pins no image of the family ${family}`;
  if (pin !== version) return `the node pool runs ${family}-${version}, the pin is ${pin}`;
  return undefined;
}

function newSnapshot(
  request: SnapshotRequest,
  cluster: ManagedCluster,
  pool: NodePool,
): NewSnapshot {
  const { subscription, resourceGroup } = parseArmId(cluster.id);
  const group = request.resourceGroup ?? resourceGroup;
  const name = snapshotName(request.kind, cluster, pool);
  return {
    id: `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.ContainerService/snapshots/${name}`,
    location: cluster.location,
    tags: snapshotTags(request, cluster, pool),
    sourcePool: pool.id,
  };
}

/** `<kind>-<cluster>-<pool>-<hash>`: the same pool, kind, image and Kubernetes version give the same name. */
function snapshotName(kind: SnapshotKind, cluster: ManagedCluster, pool: NodePool): string {
  const hash = digest([armKey(pool.id), kind, pool.nodeImageVersion, pool.kubernetesVersion]).slice(
    0,
    HASH_LENGTH,
  );
  const readable = `${kind}-${cluster.name}-${pool.name}`
    .toLowerCase()
    .slice(0, MAX_NAME_LENGTH - HASH_LENGTH - 1)
    .replace(/[-_]+$/, "");
  return `${readable}-${hash}`;
}
