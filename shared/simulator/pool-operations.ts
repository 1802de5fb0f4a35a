import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import { announceObject, announcePool } from "./announce.ts";
import { blueGreenSettings, refuseOtherGoal } from "./blue-green-upgrade.ts";
import { imageFamily, isOlderImage } from "./images.ts";
import { growthNeed, requireQuota, surgeNeed } from "./machine-need.ts";
import { SimulationError } from "./model.ts";
import type { NodePoolSpec, PoolChange, ProvisioningState } from "./model.ts";
import { removeNodes } from "./node-removal.ts";
import { createNode, isQuarantined, makeReady, uncordon } from "./nodes.ts";
import { beginPoolOperation, endPoolOperation, newOperation, settle } from "./operations.ts";
import { addNodes, bringToGoal } from "./pool-goal.ts";
import { reconsiderNode } from "./pods.ts";
import { DEFAULT_BLUE_GREEN_SETTINGS, defaultMaxSurge, DEFAULT_UPGRADE_SETTINGS } from "./rules.ts";
import { ABORTED, SUCCEEDED } from "./rolling-upgrade.ts";
import { parseTaint, PoolState } from "./state.ts";
import type { ClusterState, NodeState, OperationState } from "./state.ts";
import { validateUpgradeSettings } from "./surge.ts";
import { refuseUnsatisfiableBudgets } from "./unsatisfiable-budgets.ts";

/** Kubernetes' own default; AKS allows up to 250. */
const DEFAULT_MAX_PODS = 110;
/** Limit of one node pool. Source: learn.microsoft.com/azure/aks/quotas-skus-regions */
const MAX_NODES_PER_POOL = 1_000;
/** Source: naming rules of agentPools; Windows names are shorter because of the machine's host name. */
const POOL_NAME = { Linux: /^[a-z][a-z0-9]{0,11}$/, Windows: /^[a-z][a-z0-9]{0,5}$/ };

export function requirePool(cluster: ClusterState, name: string): PoolState {
  const pool = cluster.pools.get(name);
  if (pool !== undefined) return pool;
  throw new SimulationError("NotFound", `The agent pool '${name}' of ${cluster.id} was not found.`);
}

/** A pool without nodes, checked against what AKS refuses. */
export function newPool(
  cluster: ClusterState,
  spec: NodePoolSpec,
  controlPlane = cluster.kubernetesVersion,
): PoolState {
  if (!POOL_NAME[spec.osType].test(spec.name)) throw invalid(`Pool name '${spec.name}'.`);
  requireCount(spec.count, spec.mode);
  requireSkew(controlPlane, spec.kubernetesVersion);
  const maxSurge = spec.upgradeSettings?.maxSurge ?? defaultMaxSurge(controlPlane);
  const upgradeSettings = { ...DEFAULT_UPGRADE_SETTINGS, ...spec.upgradeSettings, maxSurge };
  const upgradeSettingsBlueGreen = blueGreenSettings(
    DEFAULT_BLUE_GREEN_SETTINGS,
    spec.upgradeSettingsBlueGreen,
  );
  validateUpgradeSettings(upgradeSettings, spec.count);
  const family =
    spec.nodeImageVersion === undefined
      ? imageFamily(spec)
      : parseNodeImage(spec.nodeImageVersion).family;
  return new PoolState(cluster, spec, {
    upgradeSettings,
    upgradeSettingsBlueGreen,
    imageFamily: family,
    nodeImageVersion: spec.nodeImageVersion ?? latestImage(cluster, family),
    maxPods: spec.maxPods ?? DEFAULT_MAX_PODS,
  });
}

function latestImage(cluster: ClusterState, family: string): string {
  const latest = cluster.kernel.images.latest(cluster.region, family);
  if (latest !== undefined) return latest;
  throw invalid(`No node image of family ${family} is available in region ${cluster.region}.`);
}

function requireCount(count: number, mode: NodePoolSpec["mode"]): void {
  const least = mode === "System" ? 1 : 0;
  if (Number.isInteger(count) && count >= least && count <= MAX_NODES_PER_POOL) return;
  throw invalid(`A ${mode} pool has from ${least} to ${MAX_NODES_PER_POOL} nodes, not ${count}.`);
}

/** Source: learn.microsoft.com/azure/aks/supported-kubernetes-versions, version skew of node pools */
const MAX_MINORS_BEHIND = 3;

export function requireSkew(controlPlane: string, kubernetesVersion: string): void {
  if (kubernetesVersion === controlPlane) return;
  const isNewer = compareVersions(kubernetesVersion, controlPlane) > 0;
  if (!isNewer && minorOf(controlPlane) - minorOf(kubernetesVersion) <= MAX_MINORS_BEHIND) return;
  const reason = isNewer
    ? "a node pool cannot be newer than its control plane"
    : `a node pool cannot be more than ${MAX_MINORS_BEHIND} minor versions behind its control plane`;
  throw new SimulationError(
    "NodePoolMcVersionIncompatible",
    `Node pool version ${kubernetesVersion} and control plane version ${controlPlane} are incompatible: ${reason}.`,
  );
}

function minorOf(version: string): number {
  return Number(version.split(".")[1] ?? 0);
}

/** Nodes that are there and Ready at once: a cluster that a scenario starts with. */
export function fillPool(pool: PoolState): void {
  for (let made = 0; made < pool.count; made++) makeReady(createNode(pool, pool.goal));
}

export function addPool(cluster: ClusterState, spec: NodePoolSpec): OperationState {
  if (cluster.pools.has(spec.name)) {
    throw new SimulationError("Conflict", `The agent pool '${spec.name}' exists already.`);
  }
  const pool = newPool(cluster, spec);
  requireQuota(cluster, [growthNeed(pool, {})]);
  const operation = beginPoolOperation(pool, "CreateAgentPool", "Creating");
  cluster.pools.set(pool.name, pool);
  announcePool(pool, "Created");
  addNodes(pool, pool.count, (outcome) => endPoolOperation(pool, operation, outcome));
  return operation;
}

export function updatePool(
  cluster: ClusterState,
  name: string,
  change: PoolChange,
): OperationState {
  const pool = requirePool(cluster, name);
  const validated = validateChange(pool, change, cluster.kubernetesVersion);
  const upgrades = isUpgrade(pool, change);
  if (upgrades) refuseUnsatisfiableBudgets(cluster);
  const growth = growthNeed(pool, change);
  requireQuota(cluster, upgrades ? [growth, surgeNeed(pool, undefined)] : [growth]);
  const operation = beginPoolOperation(pool, "PutAgentPool", stateDuring(pool, change));
  const blocked = blockedByScaling(pool, change);
  applyChange(pool, change, validated);
  removeNodes(blocked, {
    drain: false,
    isCancelled: () => false,
    onEnd: () => {
      if (operation.isOver) return;
      bringToGoal(pool, (outcome) => endPoolOperation(pool, operation, outcome));
    },
  });
  return operation;
}

export function isUpgrade(pool: PoolState, change: PoolChange): boolean {
  const state = stateDuring(pool, change);
  return state === "Upgrading" || state === "UpgradingNodeImageVersion";
}

/** "AKS prioritizes the removal of the blocked nodes": learn.microsoft.com/azure/aks/upgrade-options */
export function blockedByScaling(pool: PoolState, { count }: PoolChange): NodeState[] {
  const isScaled = count !== undefined && count !== pool.count && count < pool.nodes.length;
  return isScaled ? pool.nodes.filter(isQuarantined) : [];
}

export function validateChange(
  pool: PoolState,
  change: PoolChange,
  controlPlane: string,
): PoolState["upgradeSettings"] {
  const settings = { ...pool.upgradeSettings, ...change.upgradeSettings };
  // Percentages are of the pool as it is then: another count makes no settings wrong.
  if (change.upgradeSettings) validateUpgradeSettings(settings, change.count ?? pool.count);
  blueGreenSettings(pool.upgradeSettingsBlueGreen, change.upgradeSettingsBlueGreen);
  refuseOtherGoal(pool, change);
  requireCount(change.count ?? pool.count, change.mode ?? pool.mode);
  const leaves = change.powerState === "Stopped" || change.mode === "User";
  if (leaves && pool.mode === "System") requireOtherSystemPool(pool);
  if (change.kubernetesVersion !== undefined) {
    requireSkew(controlPlane, change.kubernetesVersion);
    if (compareVersions(change.kubernetesVersion, pool.kubernetesVersion) < 0) {
      requireDowngrade(pool, change.snapshotId);
    }
  }
  return settings;
}

/** Source: learn.microsoft.com/azure/aks/use-system-pools, start-stop-nodepools */
function requireOtherSystemPool({ cluster, name }: PoolState): void {
  for (const other of cluster.pools.values()) {
    if (other.name === name) continue;
    if (other.mode === "System" && other.powerState === "Running") return;
  }
  throw invalid("There has to be at least one running system agent pool.");
}

function requireDowngrade(pool: PoolState, snapshotId: string | null | undefined): void {
  const { allowSnapshotDowngrade } = pool.cluster.kernel.rules;
  if (allowSnapshotDowngrade && typeof snapshotId === "string") return;
  throw invalid(`The agent pool '${pool.name}' cannot be downgraded.`);
}

export function stateDuring(pool: PoolState, change: PoolChange): ProvisioningState {
  if (change.kubernetesVersion !== undefined && change.kubernetesVersion !== pool.kubernetesVersion)
    return "Upgrading";
  if (change.nodeImageVersion !== undefined && change.nodeImageVersion !== pool.nodeImageVersion)
    return "UpgradingNodeImageVersion";
  if (change.count !== undefined && change.count !== pool.count) return "Scaling";
  if (change.powerState !== undefined && change.powerState !== pool.powerState)
    return change.powerState === "Stopped" ? "Stopping" : "Starting";
  return "Updating";
}

export function applyChange(
  pool: PoolState,
  change: PoolChange,
  upgradeSettings: PoolState["upgradeSettings"],
): void {
  pool.upgradeSettings = upgradeSettings;
  if (change.upgradeSettings?.maxSurge !== undefined) pool.hasOwnSurge = true;
  pool.upgradeStrategy = change.upgradeStrategy ?? pool.upgradeStrategy;
  pool.upgradeSettingsBlueGreen = blueGreenSettings(
    pool.upgradeSettingsBlueGreen,
    change.upgradeSettingsBlueGreen,
  );
  pool.count = change.count ?? pool.count;
  pool.mode = change.mode ?? pool.mode;
  pool.powerState = change.powerState ?? pool.powerState;
  if (change.nodeLabels !== undefined) pool.nodeLabels = change.nodeLabels;
  if (change.nodeTaints !== undefined) {
    pool.nodeTaints = change.nodeTaints;
    pool.taints = change.nodeTaints.map(parseTaint);
  }
  if (change.nodeLabels !== undefined || change.nodeTaints !== undefined) reconsiderNodes(pool);
  if (change.snapshotId !== undefined) pool.snapshotId = change.snapshotId ?? undefined;
  setGoal(pool, { ...change, ...imageOf(pool, change) });
}

function reconsiderNodes({ cluster, nodes }: PoolState): void {
  for (const node of nodes) {
    announceObject(cluster, "nodes", "MODIFIED", { name: node.name });
    reconsiderNode(cluster, node);
  }
}

/** A new Kubernetes version without a named image brings the newest image, unless a snapshot holds the old one. */
function imageOf(pool: PoolState, change: PoolChange): { readonly nodeImageVersion?: string } {
  const { kubernetesVersion, nodeImageVersion } = change;
  if (nodeImageVersion !== undefined) return { nodeImageVersion };
  if (kubernetesVersion === undefined || kubernetesVersion === pool.goal.kubernetesVersion) {
    return {};
  }
  if (pool.snapshotId !== undefined) return {};
  const family = familyAt(pool, kubernetesVersion);
  const latest = pool.cluster.kernel.images.latest(pool.cluster.region, family);
  const stays = latest === undefined || isOlderImage(latest, pool.goal.nodeImageVersion);
  return stays ? {} : { nodeImageVersion: latest };
}

/** A family that was named at creation stays; a derived one follows the Kubernetes version. */
export function familyAt(pool: PoolState, kubernetesVersion: string): string {
  if (kubernetesVersion === pool.kubernetesVersion) return pool.imageFamily;
  const isDerived = imageFamily(pool) === pool.imageFamily;
  return isDerived ? imageFamily({ ...traits(pool), kubernetesVersion }) : pool.imageFamily;
}

function traits({
  osType,
  osSku,
  vmSize,
}: PoolState): Omit<Parameters<typeof imageFamily>[0], "kubernetesVersion"> {
  return { osType, osSku, vmSize };
}

export function setGoal(
  pool: PoolState,
  goal: { readonly kubernetesVersion?: string; readonly nodeImageVersion?: string },
): void {
  pool.goal = {
    kubernetesVersion: goal.kubernetesVersion ?? pool.goal.kubernetesVersion,
    nodeImageVersion: goal.nodeImageVersion ?? pool.goal.nodeImageVersion,
  };
  pool.imageFamily = parseNodeImage(pool.goal.nodeImageVersion).family;
}

export function upgradeNodeImage(
  cluster: ClusterState,
  name: string,
  image: { readonly nodeImageVersion: string; readonly snapshotId: string | undefined },
): OperationState {
  const pool = requirePool(cluster, name);
  requireUsableImage(pool, image);
  refuseOtherGoal(pool, image);
  refuseUnsatisfiableBudgets(cluster);
  const { nodeImageVersion } = image;
  requireQuota(cluster, [surgeNeed(pool, { ...pool.goal, nodeImageVersion })]);
  const operation = beginPoolOperation(
    pool,
    "UpgradeNodeImageVersion",
    "UpgradingNodeImageVersion",
  );
  pool.snapshotId = image.snapshotId;
  setGoal(pool, { nodeImageVersion: image.nodeImageVersion });
  bringToGoal(pool, (outcome) => endPoolOperation(pool, operation, outcome));
  return operation;
}

/** A snapshot may bring an image that its region no longer offers, but by the document no older one. */
function requireUsableImage(
  pool: PoolState,
  image: { readonly nodeImageVersion: string; readonly snapshotId: string | undefined },
): void {
  const { kernel, region } = pool.cluster;
  const isCurrent = image.nodeImageVersion === pool.nodeImageVersion;
  if (isCurrent) return;
  if (image.snapshotId === undefined && !kernel.images.has(region, image.nodeImageVersion)) {
    throw invalid(`Node image ${image.nodeImageVersion} is not available in region ${region}.`);
  }
  const [wanted, present] = [image.nodeImageVersion, pool.nodeImageVersion].map(parseNodeImage);
  if (wanted === undefined || present === undefined || wanted.family !== present.family) return;
  if (compareVersions(wanted.version, present.version) < 0)
    requireDowngrade(pool, image.snapshotId);
}

/** Nodes are drained first, within their budgets unless these are to be ignored. */
export function deletePool(
  cluster: ClusterState,
  name: string,
  ignoreBudgets: boolean,
): OperationState {
  const pool = requirePool(cluster, name);
  const systemPools = [...cluster.pools.values()].filter(({ mode }) => mode === "System");
  if (pool.mode === "System" && systemPools.length === 1) {
    throw invalid("There has to be at least one system agent pool.");
  }
  const operation = beginPoolOperation(pool, "DeleteAgentPool", "Deleting");
  operation.forced ||= ignoreBudgets;
  pool.abort = () => {
    for (const node of pool.nodes) if (!isQuarantined(node)) uncordon(node);
    endPoolOperation(pool, operation, ABORTED);
  };
  removeNodes([...pool.nodes], {
    drain: true,
    isCancelled: () => operation.isOver,
    onEnd: (failures) => {
      if (operation.isOver) return;
      if (failures.length > 0) {
        const error = { code: "UpgradeFailed", message: failures.join(" ") };
        return endPoolOperation(pool, operation, {
          status: "Failed",
          error,
          onlyQuarantine: false,
        });
      }
      cluster.pools.delete(name);
      announcePool(pool, "Deleted");
      settle(cluster, operation, SUCCEEDED);
    },
  });
  return operation;
}

/** Machines named by a person go without a drain; the pool's count shrinks unless spares make up for them. */
export function deleteMachines(
  cluster: ClusterState,
  name: string,
  machines: readonly string[],
): OperationState {
  const pool = requirePool(cluster, name);
  const nodes = machines.map((machine) => requireMachine(pool, machine));
  const operation = beginPoolOperation(pool, "DeleteMachines", "Deleting");
  removeNodes(nodes, {
    drain: false,
    isCancelled: () => false,
    onEnd: () => {
      if (operation.isOver) return;
      const left = pool.nodes.filter((node) => !isQuarantined(node)).length;
      pool.count = Math.min(pool.count, Math.max(left, pool.mode === "System" ? 1 : 0));
      endPoolOperation(pool, operation);
    },
  });
  return operation;
}

function requireMachine(pool: PoolState, name: string): NodeState {
  const node = pool.nodes.find((one) => one.name === name);
  if (node !== undefined) return node;
  throw invalid(`The machine '${name}' is not in the agent pool '${pool.name}'.`);
}

/** The latest operation ends Canceled; nodes stay where it left them, and the next PUT goes on from there. */
export function abortPool(cluster: ClusterState, name: string): OperationState {
  const pool = requirePool(cluster, name);
  const { abort, operation: running } = pool;
  if (running === undefined || (abort === undefined && running.pool === undefined)) {
    throw new SimulationError(
      "OperationNotAllowed",
      running === undefined
        ? `The agent pool '${name}' has no operation in progress that could be aborted.`
        : `The agent pool '${name}' is part of an operation of its managed cluster: abort that one.`,
    );
  }
  const operation = newOperation(cluster, "AbortLatestOperation", name);
  if (abort === undefined) endPoolOperation(pool, running, ABORTED);
  else abort();
  settle(cluster, operation, SUCCEEDED);
  return operation;
}

function invalid(message: string): SimulationError {
  return new SimulationError("InvalidParameter", message);
}
