import { announceNode } from "./announce.ts";
import { BlueGreenUpgrade } from "./blue-green-upgrade.ts";
import { drawPhase } from "./kernel.ts";
import { removeNodes } from "./node-removal.ts";
import { createNode, isAt, isQuarantined, makeReady, uncordon } from "./nodes.ts";
import {
  ABORTED,
  allocationFailed,
  nodesToUpgrade,
  RollingUpgrade,
  spareNodes,
  SUCCEEDED,
} from "./rolling-upgrade.ts";
import type { Outcome } from "./rolling-upgrade.ts";
import { WINDOWS_SLOWNESS } from "./rules.ts";
import type { PoolState, Version } from "./state.ts";

/** How long a PUT takes that finds nothing to do. */
export const SETTLE_MILLISECONDS = 10_000;

/** Upgrades the nodes that lag behind the goal, then brings their number to the pool's count. */
export function bringToGoal(pool: PoolState, onEnd: (outcome: Outcome) => void): void {
  readmitReleased(pool);
  const { operation } = pool;
  const end = (outcome: Outcome): void => {
    if (operation?.isOver === true) return;
    if (outcome === SUCCEEDED) settleNodes(pool);
    if (outcome !== ABORTED) adoptGoal(pool);
    onEnd(outcome);
  };
  if (nodesToUpgrade(pool, spareNodes(pool)).length === 0) return adjustCount(pool, end);
  const upgrade = upgradeOf(pool, (outcome) => {
    pool.abort = undefined;
    if (outcome.status === "Succeeded") adjustCount(pool, end);
    else end(outcome);
  });
  pool.abort = () => upgrade.abort();
  upgrade.begin();
}

function upgradeOf(
  pool: PoolState,
  onEnd: (outcome: Outcome) => void,
): BlueGreenUpgrade | RollingUpgrade {
  if (pool.upgradeStrategy === "Rolling") return new RollingUpgrade(pool, onEnd);
  return new BlueGreenUpgrade(pool, { onEnd, onGreen: () => adoptGoal(pool) });
}

/** None is too many: surge nodes that are left have taken the place of nodes that are gone. */
function settleNodes(pool: PoolState): void {
  for (const node of pool.nodes) {
    node.surge = false;
    node.kept = false;
  }
}

/** After a failed upgrade the pool shows the new version although nodes may run the old one: AKS#3558. */
function adoptGoal(pool: PoolState): void {
  const { kubernetesVersion, nodeImageVersion, goal, previous } = pool;
  pool.kubernetesVersion = goal.kubernetesVersion;
  pool.nodeImageVersion = goal.nodeImageVersion;
  if (isSame({ kubernetesVersion, nodeImageVersion }, goal)) return;
  // Rolled back: "can't perform consecutive rollbacks to go back multiple versions".
  const isBack = previous !== undefined && isSame(previous, goal);
  const lastUsedAt = pool.cluster.kernel.timeline.now;
  pool.previous = isBack ? undefined : { kubernetesVersion, nodeImageVersion, lastUsedAt };
}

function isSame(a: Version, b: Version): boolean {
  return a.kubernetesVersion === b.kubernetesVersion && a.nodeImageVersion === b.nodeImageVersion;
}

/** A node whose quarantine was lifted and that is at the goal by now only has to be uncordoned. */
function readmitReleased(pool: PoolState): void {
  for (const node of pool.nodes) {
    if (!node.released || !isAt(node, pool.goal)) continue;
    node.released = false;
    uncordon(node);
  }
}

function adjustCount(pool: PoolState, onEnd: (outcome: Outcome) => void): void {
  const present = pool.nodes.filter((node) => !isQuarantined(node) && node.phase !== "Deleting");
  if (spareNodes(pool).length > 0) return removeSpares(pool, onEnd);
  const missing = pool.wantedNodes - present.length;
  if (missing > 0) return addNodes(pool, missing, onEnd);
  pool.cluster.kernel.timeline.after(SETTLE_MILLISECONDS, () => onEnd(SUCCEEDED));
}

function removeSpares(pool: PoolState, onEnd: (outcome: Outcome) => void): void {
  let aborted = false;
  pool.abort = () => {
    aborted = true;
    pool.abort = undefined;
    onEnd(ABORTED);
  };
  removeNodes(spareNodes(pool), {
    // The machines of a pool that is stopped are switched off: budgets have no say.
    drain: pool.powerState === "Running",
    isCancelled: () => aborted,
    onEnd: (failures) => {
      if (aborted) return;
      pool.abort = undefined;
      if (failures.length === 0) return onEnd(SUCCEEDED);
      const error = { code: "UpgradeFailed", message: failures.join(" ") };
      onEnd({ status: "Failed", error, onlyQuarantine: false });
    },
  });
}

/** New nodes have the image of their pool: scaling keeps it. A region that runs out of machines gives what it has. */
export function addNodes(pool: PoolState, number: number, onEnd: (outcome: Outcome) => void): void {
  const { kernel } = pool.cluster;
  const version: Version = pool.goal;
  const slowness = pool.osType === "Windows" ? WINDOWS_SLOWNESS : 1;
  const given = Math.min(number, pool.machines.free);
  const outcome = given === number ? SUCCEEDED : allocationFailed(pool);
  let left = given;
  if (number === 0) return onEnd(outcome);
  if (given === 0) {
    kernel.timeline.after(kernel.durations.nodeCreate.median, () => onEnd(outcome));
    return;
  }
  for (let made = 0; made < given; made++) {
    const node = createNode(pool, version);
    kernel.timeline.after(drawPhase(kernel, "nodeCreate", node) * slowness, () => {
      if (node.alive) {
        makeReady(node);
        announceNode(node, "Uncordoned", { detail: "new node" });
      }
      left -= 1;
      if (left === 0) onEnd(outcome);
    });
  }
}
