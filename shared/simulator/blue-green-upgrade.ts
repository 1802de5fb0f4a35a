import { announcePool } from "./announce.ts";
import { beginDrain, drainFailureMessage } from "./drain.ts";
import type { BlockedPod } from "./drain.ts";
import { SimulationError } from "./model.ts";
import type { BlueGreenSettings, PoolChange } from "./model.ts";
import { removeNodes } from "./node-removal.ts";
import { announceSoak, cordon, createSurgeNode, isAt, isQuarantined, uncordon } from "./nodes.ts";
import { ABORTED, allocationFailed, SUCCEEDED } from "./rolling-upgrade.ts";
import type { Outcome } from "./rolling-upgrade.ts";
import type { NodeState, PoolState } from "./state.ts";
import { amountOf } from "./surge.ts";

const MINUTE = 60_000;

/** Nodes of the pool that count, at its goal or not. */
function livingNodes(pool: PoolState): NodeState[] {
  return pool.nodes.filter((node) => node.phase !== "Deleting" && !isQuarantined(node));
}

/** Green nodes that are still to be made: those at the goal take the place of all others. */
export function greenNeed(pool: PoolState, goal = pool.goal): number {
  const green = livingNodes(pool).filter((node) => isAt(node, goal));
  return Math.max(0, pool.wantedNodes - green.length);
}

/** Both colours are there: an upgrade was aborted, or failed, and can be resumed or rolled back. */
export function isBetween(pool: PoolState): boolean {
  return pool.upgradeStrategy === "BlueGreen" && pool.nodes.some(({ surge }) => surge);
}

/** "When resuming a paused upgrade … you can't change the upgrade strategy or Kubernetes version." */
export function refuseOtherGoal(
  pool: PoolState,
  change: Pick<PoolChange, "upgradeStrategy" | "kubernetesVersion" | "nodeImageVersion">,
): void {
  if (!isBetween(pool)) return;
  const { upgradeStrategy, kubernetesVersion, nodeImageVersion } = change;
  const isOther =
    (upgradeStrategy ?? pool.upgradeStrategy) !== pool.upgradeStrategy ||
    (kubernetesVersion ?? pool.goal.kubernetesVersion) !== pool.goal.kubernetesVersion ||
    (nodeImageVersion ?? pool.goal.nodeImageVersion) !== pool.goal.nodeImageVersion;
  if (!isOther) return;
  throw new SimulationError(
    "OperationNotAllowed",
    `The blue-green upgrade of agent pool '${pool.name}' is paused: resume it or roll it back before its strategy or version is changed.`,
  );
}

/** With what was asked for, in the ranges of the document. */
export function blueGreenSettings(
  present: BlueGreenSettings,
  asked: Partial<BlueGreenSettings> | undefined,
): BlueGreenSettings {
  if (asked === undefined) return present;
  const settings = { ...present, ...asked };
  if (amountOf(settings.drainBatchSize, 100) === 0) {
    throw invalid("drainBatchSize must be a non-zero number or percentage.");
  }
  requireRange(settings, "drainTimeoutInMinutes", [1, 1_440]);
  requireRange(settings, "batchSoakDurationInMinutes", [0, 1_440]);
  requireRange(settings, "finalSoakDurationInMinutes", [0, 10_080]);
  return settings;
}

function requireRange(
  settings: BlueGreenSettings,
  name: Exclude<keyof BlueGreenSettings, "drainBatchSize">,
  [low, high]: readonly [number, number],
): void {
  const value = settings[name];
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw invalid(`${name} must be a whole number from ${low} to ${high}, not ${value}.`);
}

/** What a blue-green upgrade tells its pool. */
export interface Progress {
  /** The pool runs on green nodes: it shows their version, and the blue one is what it can be rolled back to. */
  readonly onGreen: () => void;
  readonly onEnd: (outcome: Outcome) => void;
}

/**
 * Green nodes beside the blue ones, which are drained in batches, kept for a last while and deleted.
 * Source: learn.microsoft.com/azure/aks/blue-green-node-pool-upgrade
 */
export class BlueGreenUpgrade {
  readonly #pool: PoolState;
  readonly #progress: Progress;
  readonly #blue: readonly NodeState[];
  readonly #waiting: NodeState[];
  readonly #batchSize: number;
  #aborted = false;

  constructor(pool: PoolState, progress: Progress) {
    this.#pool = pool;
    this.#progress = progress;
    this.#blue = livingNodes(pool).filter((node) => !isAt(node, pool.goal));
    // What was drained before the upgrade was aborted is not drained again.
    this.#waiting = this.#blue.filter((node) => !node.unschedulable || node.evictable > 0);
    const { drainBatchSize } = pool.upgradeSettingsBlueGreen;
    this.#batchSize = Math.max(1, amountOf(drainBatchSize, this.#blue.length));
  }

  begin(): void {
    const pool = this.#pool;
    announcePool(pool, "RollingStarted");
    const wanted = greenNeed(pool);
    if (pool.machines.free < wanted) return this.#failToGrow();
    for (const node of this.#blue) cordon(node);
    this.#addGreen(wanted);
  }

  /** "The upgrade fails and the blue nodes remain unaffected." */
  #failToGrow(): void {
    const { kernel } = this.#pool.cluster;
    kernel.timeline.after(kernel.durations.surgeCreate.median, () => {
      if (!this.#aborted) this.#end(allocationFailed(this.#pool));
    });
  }

  /** Nodes stay as they are: that is the pause. */
  abort(): void {
    this.#aborted = true;
    this.#end(ABORTED);
  }

  #end(outcome: Outcome): void {
    const isGood = outcome === SUCCEEDED;
    announcePool(this.#pool, isGood ? "RollingSucceeded" : "RollingFailed");
    this.#progress.onEnd(outcome);
  }

  #addGreen(number: number): void {
    let left = number;
    if (left === 0) return this.#nextBatch();
    for (let made = 0; made < number; made++) {
      createSurgeNode(this.#pool, () => {
        left -= 1;
        if (left === 0 && !this.#aborted) this.#nextBatch();
      });
    }
  }

  #nextBatch(): void {
    const batch = this.#waiting.splice(0, this.#batchSize).filter(({ alive }) => alive);
    if (batch.length > 0) return this.#drain(batch);
    if (this.#waiting.length > 0) return this.#nextBatch();
    this.#progress.onGreen();
    const { finalSoakDurationInMinutes } = this.#pool.upgradeSettingsBlueGreen;
    this.#soak(this.#blue, finalSoakDurationInMinutes, () => this.#deleteBlue());
  }

  #drain(batch: readonly NodeState[]): void {
    const failures: string[] = [];
    let left = batch.length;
    const done = (node: NodeState, blocked: readonly BlockedPod[]): void => {
      if (blocked.length > 0) failures.push(drainFailureMessage(node, blocked));
      left -= 1;
      if (left === 0) this.#afterBatch(batch, failures);
    };
    for (const node of batch) {
      node.round += 1;
      // Somebody may have uncordoned it.
      cordon(node);
      beginDrain(node, {
        isCancelled: () => this.#aborted,
        onEnd: (outcome) => done(node, outcome.kind === "undrainable" ? outcome.blocked : []),
      });
    }
  }

  /** "If exceeded, the upgrade fails": both colours stay as they are. */
  #afterBatch(batch: readonly NodeState[], failures: readonly string[]): void {
    if (this.#aborted) return;
    if (failures.length > 0) return this.#fail(failures);
    if (this.#waiting.length === 0) return this.#nextBatch();
    const { batchSoakDurationInMinutes } = this.#pool.upgradeSettingsBlueGreen;
    this.#soak(batch, batchSoakDurationInMinutes, () => this.#nextBatch());
  }

  #soak(nodes: readonly NodeState[], minutes: number, onOver: () => void): void {
    if (minutes === 0) return onOver();
    for (const node of nodes) if (node.alive) announceSoak(node, minutes);
    this.#pool.cluster.kernel.timeline.after(minutes * MINUTE, () => {
      if (!this.#aborted) onOver();
    });
  }

  #deleteBlue(): void {
    removeNodes(
      this.#blue.filter(({ alive }) => alive),
      {
        drain: true,
        isCancelled: () => this.#aborted,
        onEnd: (failures) => {
          if (this.#aborted) return;
          if (failures.length > 0) return this.#fail(failures);
          this.#end(SUCCEEDED);
        },
      },
    );
  }

  #fail(failures: readonly string[]): void {
    this.#end({
      status: "Failed",
      error: { code: "UpgradeFailed", message: failures.join(" ") },
      onlyQuarantine: false,
    });
  }
}

/** Back to the blue nodes: those at the goal take pods again, and the others are spares by now. */
export function reviveBlue(pool: PoolState): void {
  for (const node of livingNodes(pool)) {
    const isBlue = isAt(node, pool.goal);
    node.surge = !isBlue;
    if (isBlue) uncordon(node);
  }
}

function invalid(message: string): SimulationError {
  return new SimulationError("InvalidParameter", message);
}
