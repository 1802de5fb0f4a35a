import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import type { NodePoolSnapshot } from "../snapshot/ports.ts";
import { useProblem } from "../snapshot/use.ts";
import { changedSettings, hasUnfinishedNodes, refused } from "./plan.ts";
import type { Observed, PoolPlan, PoolStep, PoolTarget, SnapshotWanted } from "./plan.ts";
import type { NodePoolDetails, NodePoolSettings } from "./ports.ts";

type Existing = Observed & { readonly pool: NodePoolDetails };
type Refusal = Extract<PoolPlan, { readonly kind: "refused" }>;

/** Brings a pool to a snapshot of a newer Kubernetes version. */
export function planUpgradeToSnapshot(
  observed: Existing,
  { snapshot, allowOlder }: SnapshotWanted,
  settings: NodePoolSettings,
): PoolPlan {
  const { pool } = observed;
  const target = contentOf(snapshot);
  if (isAt(pool, target)) return maintain(observed, target, settings);
  const problem = snapshotRefusal(observed, snapshot);
  if (problem !== undefined) return problem;
  if (snapshot.kubernetesVersion === pool.kubernetesVersion) {
    return refused(
      `snapshot ${snapshot.name} has the node pool's own Kubernetes version ${pool.kubernetesVersion}: AKS would ignore the upgrade`,
      "use operation: upgrade-node-image with the same snapshot",
    );
  }
  if (isOlder(snapshot, pool) && !allowOlder) return older(snapshot, pool);
  const wanted = { kubernetesVersion: snapshot.kubernetesVersion, snapshotId: snapshot.id };
  return update({ ...changedSettings(pool, settings), ...wanted }, target);
}

/** Brings a pool to a Kubernetes version, and with it to the newest node image that AKS has for it. */
export function planUpgradeToVersion(
  observed: Existing,
  kubernetesVersion: string,
  settings: NodePoolSettings,
): PoolPlan {
  const { pool, cluster } = observed;
  const target = { kubernetesVersion, nodeImageVersion: undefined };
  const steps = compareVersions(kubernetesVersion, pool.kubernetesVersion);
  if (steps === 0) return maintain(observed, target, settings);
  if (steps < 0) {
    return refused(
      `Kubernetes ${kubernetesVersion} is older than the node pool's ${pool.kubernetesVersion}`,
      "a node pool goes back only to a snapshot (allow-older: true)",
    );
  }
  if (compareVersions(kubernetesVersion, cluster.kubernetesVersion) > 0) {
    return refused(
      `Kubernetes ${kubernetesVersion} is newer than the control plane's ${cluster.kubernetesVersion}`,
      "upgrade the control plane first",
    );
  }
  // A pool that keeps its snapshot keeps the snapshot's image too.
  const forget = pool.snapshotId === undefined ? {} : { snapshotId: null };
  return update({ ...changedSettings(pool, settings), kubernetesVersion, ...forget }, target);
}

/** Changes the node image alone: to the snapshot's, or to `latest` when there is no snapshot. */
export function planUpgradeNodeImage(
  observed: Existing,
  wanted: SnapshotWanted | { readonly latest: string },
  settings: NodePoolSettings,
): PoolPlan {
  const { pool } = observed;
  const target = {
    kubernetesVersion: pool.kubernetesVersion,
    nodeImageVersion: "latest" in wanted ? wanted.latest : wanted.snapshot.nodeImageVersion,
  };
  if ("snapshot" in wanted) {
    const problem = nodeImageRefusal(observed, wanted);
    if (problem !== undefined) return problem;
  }
  if (isAt(pool, target) && !hasUnfinishedNodes(pool, observed.nodes, target)) {
    return maintain(observed, target, settings);
  }
  const snapshotId = "snapshot" in wanted ? wanted.snapshot.id : undefined;
  const changed = changedSettings(pool, settings);
  // The POST takes no settings: they are written before it.
  const before: readonly PoolStep[] =
    changed === undefined ? [] : [{ kind: "update", settings: changed }];
  return {
    kind: "planned",
    steps: [...before, { kind: "upgrade-node-image", snapshotId }],
    target,
  };
}

/** `AKSSnapshotId` names the snapshot of a node image upgrade. Source: Azure CLI, acs/custom.py */
const HEADER_TEXT = /^[\x20-\x7e]+$/;

function nodeImageRefusal(
  observed: Existing,
  { snapshot, allowOlder }: SnapshotWanted,
): Refusal | undefined {
  const { pool } = observed;
  const steps = compareVersions(snapshot.kubernetesVersion, pool.kubernetesVersion);
  if (steps !== 0) {
    return refused(
      `snapshot ${snapshot.name} holds Kubernetes ${snapshot.kubernetesVersion}, the node pool runs ${pool.kubernetesVersion}: a node image upgrade does not change it`,
      steps > 0 ? "use operation: upgrade with the same snapshot" : "choose another snapshot",
    );
  }
  if (isAt(pool, contentOf(snapshot))) return undefined;
  if (!HEADER_TEXT.test(snapshot.id)) {
    return refused(
      `AKS takes ${snapshot.id} in a request header, which holds ASCII letters alone`,
      "keep snapshots in a resource group with such a name",
      "unsupported",
    );
  }
  const [wanted, present] = [snapshot, pool].map(
    ({ nodeImageVersion }) => parseNodeImage(nodeImageVersion).family,
  );
  if (wanted !== present) {
    return refused(
      `snapshot ${snapshot.name} holds an image of ${wanted}, the node pool runs ${present}`,
      "choose a snapshot of the node pool's image family",
    );
  }
  if (isOlder(snapshot, pool) && !allowOlder) return older(snapshot, pool);
  return snapshotRefusal(observed, snapshot);
}

/** Why this pool cannot be brought to the snapshot at all. */
function snapshotRefusal(
  { cluster, pool, now }: Existing,
  snapshot: NodePoolSnapshot,
): Refusal | undefined {
  const { vmSize, osSku } = pool;
  const problem = useProblem({
    snapshot,
    vmSize,
    controlPlaneVersion: cluster.kubernetesVersion,
    now,
  });
  const why =
    problem ??
    (snapshot.osSku !== "" && snapshot.osSku !== osSku
      ? `it was taken of ${snapshot.osSku}, the node pool runs ${osSku}`
      : undefined);
  if (why === undefined) return undefined;
  return refused(
    `snapshot ${snapshot.name} does not fit node pool ${pool.name}: ${why}`,
    "choose another snapshot; `operation: find` of the snapshot action lists them",
  );
}

/** Nothing to upgrade: settings that differ are written, and an upgrade that stopped half-way goes on. */
function maintain(observed: Existing, target: PoolTarget, settings: NodePoolSettings): PoolPlan {
  const { pool, nodes } = observed;
  const changed = changedSettings(pool, settings);
  if (changed === undefined && !hasUnfinishedNodes(pool, nodes, target)) {
    return { kind: "planned", steps: [], target };
  }
  return update(changed ?? {}, target);
}

function update(settings: NodePoolSettings, target: PoolTarget): PoolPlan {
  return { kind: "planned", steps: [{ kind: "update", settings }], target };
}

function contentOf(snapshot: NodePoolSnapshot) {
  const { kubernetesVersion, nodeImageVersion } = snapshot;
  return { kubernetesVersion, nodeImageVersion };
}

function isAt(pool: NodePoolDetails, target: PoolTarget): boolean {
  return (
    pool.kubernetesVersion === target.kubernetesVersion &&
    pool.nodeImageVersion === target.nodeImageVersion
  );
}

function isOlder(snapshot: NodePoolSnapshot, pool: NodePoolDetails): boolean {
  if (compareVersions(snapshot.kubernetesVersion, pool.kubernetesVersion) < 0) return true;
  const [wanted, present] = [snapshot, pool].map(({ nodeImageVersion }) =>
    parseNodeImage(nodeImageVersion),
  );
  if (wanted === undefined || present === undefined || wanted.family !== present.family) {
    return false;
  }
  return compareVersions(wanted.version, present.version) < 0;
}

function older(snapshot: NodePoolSnapshot, pool: NodePoolDetails): Refusal {
  return refused(
    `snapshot ${snapshot.name} (Kubernetes ${snapshot.kubernetesVersion}, ${snapshot.nodeImageVersion}) is older than node pool ${pool.name} (${pool.kubernetesVersion}, ${pool.nodeImageVersion}): AKS documents upgrades to newer ones alone`,
    "to go back on purpose set allow-older: true; the nodes are verified afterwards",
  );
}
