import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../core/kubernetes-labels.ts";
import { compareVersions } from "../core/node-image.ts";
import { announceNode, announcePool, recordNodeEvent } from "./announce.ts";
import { beginDrain, drainFailureMessage } from "./drain.ts";
import type { BlockedPod } from "./drain.ts";
import { drawPhase } from "./kernel.ts";
import { removeNodes } from "./node-removal.ts";
import { announceSoak, cordon, createSurgeNode, isAt, isQuarantined, uncordon } from "./nodes.ts";
import { resumePods, suspendPods, welcomePods } from "./pods.ts";
import type { NodeState, PoolState } from "./state.ts";
import { fallbackWidth, upgradeWidth } from "./surge.ts";
import type { Width } from "./surge.ts";

const MINUTE = 60_000;
const FIRST_WITH_FALLBACK = "1.35";

export type Outcome =
  | { readonly status: "Succeeded" }
  | {
      readonly status: "Failed" | "Canceled";
      readonly error: { readonly code: string; readonly message: string };
      /** Every node that is not at the goal is in quarantine. */
      readonly onlyQuarantine: boolean;
    };

export const SUCCEEDED: Outcome = { status: "Succeeded" };

export const ABORTED: Outcome = {
  status: "Canceled",
  error: { code: "OperationPreempted", message: "The operation was aborted by request." },
  onlyQuarantine: false,
};

/** The scale set could not get the machines. Source of the words: Azure's own error, AKS#1272 */
export function allocationFailed({ name, vmSize, cluster }: PoolState): Outcome {
  return {
    status: "Failed",
    error: {
      code: "AllocationFailed",
      message:
        `Agent pool '${name}': Allocation failed. We do not have sufficient capacity for the requested VM size ` +
        `${vmSize} in region ${cluster.region}. Read more about improving likelihood of allocation success at http://aka.ms/allocation-guidance`,
    },
    onlyQuarantine: false,
  };
}

/** Nodes above the pool's count: surge nodes that an earlier upgrade left, lent to this one as surge. */
export function spareNodes(pool: PoolState): NodeState[] {
  const living = pool.nodes.filter((node) => !isQuarantined(node) && node.phase !== "Deleting");
  const surplus = living.length - pool.wantedNodes;
  if (surplus <= 0) return [];
  const rank = (node: NodeState): number => (node.surge || node.kept ? 0 : 1);
  return living
    .toSorted((a, b) => rank(a) - rank(b) || b.instance - a.instance)
    .slice(0, surplus)
    .toSorted((a, b) => a.instance - b.instance);
}

/** Quarantined nodes are left alone for as long as they carry the label. */
export function nodesToUpgrade(pool: PoolState, spares: readonly NodeState[]): NodeState[] {
  return pool.nodes.filter(
    (node) =>
      node.phase !== "Deleting" &&
      !isAt(node, pool.goal) &&
      !isQuarantined(node) &&
      !spares.includes(node),
  );
}

/** Takes the nodes of a pool to its goal: surge, cordon, drain, soak, reimage; set by set. */
export class RollingUpgrade {
  readonly #pool: PoolState;
  readonly #onEnd: (outcome: Outcome) => void;
  readonly #waiting: NodeState[];
  readonly #surge: NodeState[];
  #width: Width;
  readonly #active = new Set<NodeState>();
  readonly #quarantined: NodeState[] = [];
  readonly #failures: string[] = [];
  #surgeComing = 0;
  #stopped = false;
  #finishing = false;
  #aborted = false;

  constructor(pool: PoolState, onEnd: (outcome: Outcome) => void) {
    this.#pool = pool;
    this.#onEnd = onEnd;
    this.#surge = spareNodes(pool).filter((node) => node.phase === "Ready");
    this.#waiting = nodesToUpgrade(pool, this.#surge);
    this.#width = upgradeWidth(pool.upgradeSettings, {
      count: pool.count,
      toUpgrade: this.#waiting.length,
    });
  }

  begin(): void {
    announcePool(this.#pool, "RollingStarted");
    for (const spare of this.#surge) {
      spare.surge = true;
      uncordon(spare);
    }
    const wanted = Math.max(0, this.#width.surge - this.#surge.length);
    const given = this.#surgeToGet(wanted);
    if (given === undefined) return this.#goOnWithout();
    for (let made = 0; made < given; made++) this.#addSurgeNode();
    this.#fill();
  }

  /**
   * Undefined: the region has too few machines, and the upgrade fails. From Kubernetes 1.35 on it goes on
   * with a surge of one instead. Source: learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling
   */
  #surgeToGet(wanted: number): number | undefined {
    const { cluster, machines } = this.#pool;
    const { free } = machines;
    if (free >= wanted) return wanted;
    if (compareVersions(cluster.kubernetesVersion, FIRST_WITH_FALLBACK) < 0) return undefined;
    if (this.#surge.length > 0) return 0;
    return free > 0 ? 1 : undefined;
  }

  /** Both `maxSurge` and `maxUnavailable` above 0: the second is what is fallen back to (preview). */
  #goOnWithout(): void {
    const { upgradeSettings, count } = this.#pool;
    const width = fallbackWidth(upgradeSettings, { count, toUpgrade: this.#waiting.length });
    if (width === undefined) return this.#failToSurge();
    this.#width = width;
    this.#fill();
  }

  /** Azure tries for as long as a machine takes; no node was touched. */
  #failToSurge(): void {
    const { kernel } = this.#pool.cluster;
    kernel.timeline.after(kernel.durations.surgeCreate.median, () => {
      if (this.#aborted) return;
      announcePool(this.#pool, "RollingFailed");
      this.#onEnd(allocationFailed(this.#pool));
    });
  }

  /** Nodes stay as they are, as after AKS's own abort; machines being made or reimaged come to rest. */
  abort(): void {
    this.#aborted = true;
    announcePool(this.#pool, "RollingFailed");
    this.#onEnd(ABORTED);
  }

  #addSurgeNode(): void {
    this.#surgeComing += 1;
    createSurgeNode(this.#pool, (node) => {
      this.#surgeComing -= 1;
      if (node.alive) this.#surge.push(node);
      this.#surge.sort((a, b) => a.instance - b.instance);
      this.#fill();
    });
  }

  /** Starts as many nodes as may be away now; ends when there is nothing left to do. */
  #fill(): void {
    if (this.#aborted || this.#finishing) return;
    const { surgeMode } = this.#pool.cluster.kernel.rules;
    const together = surgeMode !== "pipeline";
    if (together && (this.#active.size > 0 || this.#surgeComing > 0)) return;
    const limit = surgeMode === "single" ? Math.min(1, this.#capacity()) : this.#capacity();
    while (this.#active.size < limit && !this.#stopped) {
      const node = this.#nextNode();
      if (node === undefined) break;
      this.#upgrade(node);
    }
    if (this.#active.size === 0 && this.#surgeComing === 0) this.#finish();
  }

  /** Every quarantined node holds the place of one surge node. */
  #capacity(): number {
    const places =
      this.#width.unavailable > 0
        ? this.#width.unavailable
        : this.#surge.filter(({ alive }) => alive).length;
    const { blocked } = this.#width;
    if (blocked !== undefined && this.#quarantined.length >= blocked) return 0;
    const free = places - this.#quarantined.length;
    if (free > 0) return free;
    const { surgeExhausted } = this.#pool.cluster.kernel.rules;
    const lost = this.#quarantined.length === 0 && this.#surgeComing === 0;
    // Blocked nodes beyond the surge: the others go on in place.
    return surgeExhausted === "continue" || blocked !== undefined || lost ? 1 : 0;
  }

  #nextNode(): NodeState | undefined {
    for (let node = this.#waiting.shift(); node !== undefined; node = this.#waiting.shift()) {
      if (node.alive && !isQuarantined(node) && node.phase === "Ready") return node;
    }
    return undefined;
  }

  #upgrade(node: NodeState): void {
    this.#active.add(node);
    node.round += 1;
    cordon(node);
    beginDrain(node, {
      isCancelled: () => this.#aborted,
      onEnd: (outcome) => {
        if (outcome.kind === "drained") this.#soak(node);
        else if (outcome.kind === "undrainable") this.#giveUp(node, outcome.blocked);
        else this.#done(node);
      },
    });
  }

  #soak(node: NodeState): void {
    const minutes = this.#pool.upgradeSettings.nodeSoakDurationInMinutes;
    if (minutes === 0) return this.#reimage(node);
    announceSoak(node, minutes);
    this.#pool.cluster.kernel.timeline.after(minutes * MINUTE, () => {
      if (this.#aborted) return;
      if (!node.alive) return this.#done(node);
      // Pods may have been placed on a node that somebody uncordoned during the soak.
      if (node.evictable > 0) return this.#upgradeAgain(node);
      this.#reimage(node);
    });
  }

  #upgradeAgain(node: NodeState): void {
    this.#active.delete(node);
    this.#upgrade(node);
  }

  #reimage(node: NodeState): void {
    const { cluster, goal } = this.#pool;
    const { kernel } = cluster;
    node.phase = "Reimaging";
    cordon(node);
    suspendPods(cluster, node);
    announceNode(node, "Reimaging");
    kernel.timeline.after(drawPhase(kernel, "reimage", node), () => {
      if (!node.alive) return this.#done(node);
      node.kubernetesVersion = goal.kubernetesVersion;
      node.nodeImageVersion = goal.nodeImageVersion;
      node.phase = "Ready";
      node.released = false;
      recordNodeEvent(node, {
        type: "Normal",
        reason: "Upgrade",
        message: `Successfully reimaged node: ${node.name}`,
      });
      announceNode(node, "Upgraded");
      resumePods(cluster, node);
      // Somebody may have uncordoned it while it was away.
      if (node.unschedulable) uncordon(node);
      else welcomePods(cluster, node);
      this.#done(node);
    });
  }

  #done(node: NodeState): void {
    this.#active.delete(node);
    this.#fill();
  }

  #giveUp(node: NodeState, blocked: readonly BlockedPod[]): void {
    this.#failures.push(drainFailureMessage(node, blocked));
    if (this.#pool.upgradeSettings.undrainableNodeBehavior === "Cordon") {
      node.labels = { ...node.labels, [UPGRADE_STATUS_LABEL]: QUARANTINED };
      node.released = false;
      this.#quarantined.push(node);
      const detail = blocked
        .map((one) => `${one.namespace}/${one.pod} (${one.budget ?? "no budget"})`)
        .join(", ");
      announceNode(node, "Quarantined", { detail });
    } else {
      uncordon(node);
      this.#stopped = true;
    }
    this.#done(node);
  }

  /** One surge node stays for every quarantined one, lowest instance first; the others go. */
  #finish(): void {
    this.#finishing = true;
    const present = this.#surge.filter(({ alive }) => alive);
    // Whoever was quarantined and then deleted by hand still needs its replacement.
    const kept = present.slice(0, this.#quarantined.length);
    for (const node of kept) {
      node.surge = false;
      node.kept = true;
      announceNode(node, "SurgeKept");
    }
    const enough = present.length >= this.#quarantined.length;
    removeNodes(present.slice(kept.length), {
      drain: true,
      isCancelled: () => this.#aborted,
      onEnd: (failures) => {
        const stranded = this.#waiting.length > 0 || this.#stopped || failures.length > 0;
        this.#failures.push(...failures);
        this.#end(enough, stranded);
      },
    });
  }

  /** Source: `undrainableNodeBehavior` in the AKS API: enough surge nodes → Failed, otherwise Canceled. */
  #end(enough: boolean, stranded: boolean): void {
    if (this.#failures.length === 0) {
      announcePool(this.#pool, "RollingSucceeded");
      return this.#onEnd(SUCCEEDED);
    }
    announcePool(this.#pool, "RollingFailed");
    this.#onEnd({
      status: enough ? "Failed" : "Canceled",
      error: { code: "UpgradeFailed", message: this.#failures.join(" ") },
      onlyQuarantine: this.#quarantined.length > 0 && !stranded,
    });
  }
}
