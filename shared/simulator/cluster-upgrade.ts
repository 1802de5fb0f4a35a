import { compareVersions } from "../core/node-image.ts";
import { announceCluster, setPoolState } from "./announce.ts";
import { refuseOtherGoal } from "./blue-green-upgrade.ts";
import { isOlderImage } from "./images.ts";
import { drawPhase } from "./kernel.ts";
import { requireQuota, surgeNeed } from "./machine-need.ts";
import { SimulationError } from "./model.ts";
import type { ClusterUpgrade, NodePool, ProvisioningState } from "./model.ts";
import { isAt, isQuarantined } from "./nodes.ts";
import { beginClusterOperation, endClusterOperation } from "./operations.ts";
import { bringToGoal } from "./pool-goal.ts";
import { familyAt, requireSkew, setGoal } from "./pool-operations.ts";
import { defaultMaxSurge } from "./rules.ts";
import { SUCCEEDED } from "./rolling-upgrade.ts";
import type { Outcome } from "./rolling-upgrade.ts";
import type { ClusterState, OperationState, PoolState, Version } from "./state.ts";
import { refuseUnsatisfiableBudgets } from "./unsatisfiable-budgets.ts";

export interface PoolGoal {
  readonly pool: PoolState;
  readonly goal: Version;
}

export interface UpgradePlan {
  /** Undefined when the control plane stays as it is. */
  readonly controlPlane: string | undefined;
  readonly pools: readonly PoolGoal[];
}

/** What an upgrade would change; refuses what AKS refuses. */
export function planUpgrade(cluster: ClusterState, upgrade: ClusterUpgrade): UpgradePlan {
  const version = upgrade.type === "NodeImageOnly" ? undefined : upgrade.kubernetesVersion;
  if (upgrade.type !== "NodeImageOnly") requireUpgradePath(cluster, version);
  if (upgrade.type === "ControlPlaneOnly" && version !== undefined) {
    for (const pool of cluster.pools.values()) requireSkew(version, pool.goal.kubernetesVersion);
  }
  const pools =
    upgrade.type === "ControlPlaneOnly"
      ? []
      : [...cluster.pools.values()].flatMap((pool) => {
          const goal = goalOf(pool, upgrade, version);
          return goal === undefined ? [] : [{ pool, goal }];
        });
  return { controlPlane: version === cluster.kubernetesVersion ? undefined : version, pools };
}

/** Nothing left to do: versions, every node, and no node in quarantine. */
export function isReached(plan: UpgradePlan): boolean {
  return (
    plan.controlPlane === undefined &&
    plan.pools.every(({ pool, goal }) =>
      pool.nodes.every((node) => isAt(node, goal) && !isQuarantined(node) && !node.released),
    )
  );
}

/** One minor version at a time, and never back. Source: learn.microsoft.com/azure/aks/upgrade-cluster */
export function requireUpgradePath(cluster: ClusterState, version: string | undefined): void {
  if (version === undefined) throw invalid("kubernetesVersion is required for this upgrade.");
  if (version === cluster.kubernetesVersion) return;
  if (!cluster.kernel.kubernetesVersions.includes(version)) {
    throw new SimulationError("K8sVersionNotSupported", `Version ${version} is not supported.`);
  }
  const step = minorOf(version) - minorOf(cluster.kubernetesVersion);
  if (compareVersions(version, cluster.kubernetesVersion) > 0 && step <= 1) return;
  throw invalid(
    `Upgrading Kubernetes version ${cluster.kubernetesVersion} to ${version} is not allowed.`,
  );
}

function minorOf(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1_000 + minor;
}

function goalOf(
  pool: PoolState,
  upgrade: ClusterUpgrade,
  version: string | undefined,
): Version | undefined {
  const kubernetesVersion = versionAfter(pool, version);
  const family = familyAt(pool, kubernetesVersion);
  if (upgrade.imageFor !== undefined) {
    const nodeImageVersion = upgrade.imageFor(seenWithFamily(pool, family));
    return nodeImageVersion === undefined ? undefined : { kubernetesVersion, nodeImageVersion };
  }
  const latest = pool.cluster.kernel.images.latest(pool.cluster.region, family);
  // A pool from a snapshot keeps its image in a run to the latest one: fleet's update orchestration concept.
  const present = pool.goal.nodeImageVersion;
  const stays =
    latest === undefined || pool.snapshotId !== undefined || isOlderImage(latest, present);
  return { kubernetesVersion, nodeImageVersion: stays ? present : latest };
}

/** Pools never go back: one that is ahead of the upgrade keeps its version. */
function versionAfter({ goal }: PoolState, version: string | undefined): string {
  const isNewer = version !== undefined && compareVersions(version, goal.kubernetesVersion) > 0;
  return isNewer ? version : goal.kubernetesVersion;
}

/** The pool as an upgrade to this Kubernetes version leaves it: it may bring another image family. */
export function seenAfter(pool: PoolState, version: string | undefined): NodePool {
  return seenWithFamily(pool, familyAt(pool, versionAfter(pool, version)));
}

function seenWithFamily(pool: PoolState, imageFamily: string): NodePool {
  if (pool.imageFamily === imageFamily) return pool;
  const view: NodePool = Object.create(pool, { imageFamily: { value: imageFamily } });
  return view;
}

export function upgradeCluster(cluster: ClusterState, upgrade: ClusterUpgrade): OperationState {
  const plan = planUpgrade(cluster, upgrade);
  for (const { pool, goal } of plan.pools) refuseOtherGoal(pool, goal);
  refuseUnsatisfiableBudgets(cluster);
  requireQuota(
    cluster,
    plan.pools.map(({ pool, goal }) => surgeNeed(pool, goal)),
  );
  const imageOnly = upgrade.type === "NodeImageOnly";
  const state = imageOnly ? "UpgradingNodeImageVersion" : "Upgrading";
  // Clusters have no state for node images alone: they show Upgrading.
  const operation = beginClusterOperation(cluster, `Upgrade${upgrade.type}`, "Upgrading");
  upgradeControlPlane(cluster, { version: plan.controlPlane, operation }, () => {
    for (const { pool, goal } of plan.pools) {
      if (upgrade.dropSnapshots === true) pool.snapshotId = undefined;
      setGoal(pool, goal);
    }
    const pools = plan.pools.map(({ pool }) => pool);
    advancePools(cluster, { pools, operation, stateOf: () => state });
  });
  return operation;
}

export function upgradeControlPlane(
  cluster: ClusterState,
  {
    version,
    operation,
  }: { readonly version: string | undefined; readonly operation: OperationState },
  onEnd: () => void,
): void {
  if (version === undefined) return onEnd();
  cluster.round += 1;
  cluster.kernel.timeline.after(drawPhase(cluster.kernel, "controlPlane", cluster), () => {
    if (operation.isOver) return;
    cluster.kubernetesVersion = version;
    for (const pool of cluster.pools.values()) followDefaults(pool);
    announceCluster(cluster, "Changed");
    onEnd();
  });
}

function followDefaults(pool: PoolState): void {
  if (pool.hasOwnSurge) return;
  const maxSurge = defaultMaxSurge(pool.cluster.kubernetesVersion);
  pool.upgradeSettings = { ...pool.upgradeSettings, maxSurge };
}

/** Brings pools to their goals under one operation of the cluster, all at once or one by one. */
export function advancePools(
  cluster: ClusterState,
  {
    pools,
    operation,
    stateOf,
  }: {
    readonly pools: readonly PoolState[];
    readonly operation: OperationState;
    readonly stateOf: (pool: PoolState) => ProvisioningState;
  },
): void {
  const isSerial = cluster.kernel.rules.poolOrder === "serial";
  const outcomes: Outcome[] = [];
  const queue = [...pools];
  let active = 0;
  const beginNext = (): void => {
    const pool = queue.shift();
    if (pool === undefined) return;
    active += 1;
    pool.operation = operation;
    setPoolState(pool, stateOf(pool));
    bringToGoal(pool, (outcome) => {
      active -= 1;
      outcomes.push(outcome);
      pool.operation = undefined;
      pool.abort = undefined;
      setPoolState(pool, outcome.status);
      if (isSerial && outcome.status === "Succeeded") beginNext();
      if (active === 0) endClusterOperation(cluster, operation, worstOf(outcomes));
    });
  };
  if (queue.length === 0) return endClusterOperation(cluster, operation);
  const together = isSerial ? 1 : queue.length;
  for (let begun = 0; begun < together; begun++) beginNext();
}

export function worstOf(outcomes: readonly Outcome[]): Outcome {
  const bad = outcomes.filter((outcome) => outcome.status !== "Succeeded");
  const worst = bad.find(({ status }) => status === "Failed") ?? bad[0];
  if (worst === undefined) return SUCCEEDED;
  if (bad.length === 1) return worst;
  return {
    status: worst.status,
    error: { ...worst.error, message: bad.map(({ error }) => error.message).join(" ") },
    onlyQuarantine: bad.every(({ onlyQuarantine }) => onlyQuarantine),
  };
}

function invalid(message: string): SimulationError {
  return new SimulationError("InvalidParameter", message);
}
