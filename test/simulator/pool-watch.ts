import { compareVersions, parseNodeImage } from "../../shared/core/node-image.ts";
import type {
  Cluster,
  ClusterNode,
  NodeChange,
  Pod,
  Rules,
  Transition,
  UpgradeSettings,
} from "../../shared/simulator/model.ts";
import { amountOf } from "../../shared/simulator/surge.ts";

const STATUS_LABEL = "kubernetes.azure.com/upgrade-status";
const MINUTE = 60_000;
/** A refused eviction is tried again after five seconds, and a pod takes five to stop. */
const DRAIN_SLACK = 10_000;

/** What may follow what on one node, as the rolling-upgrade document tells it. */
const NEXT: Readonly<Record<NodeChange | "", readonly NodeChange[]>> = {
  "": ["Cordoned", "SurgeCreating"],
  Cordoned: ["Draining"],
  Draining: ["EvictionBlocked", "Drained", "Quarantined", "Uncordoned"],
  EvictionBlocked: ["EvictionBlocked", "Drained", "Quarantined", "Uncordoned"],
  Drained: ["Soaking", "Reimaging", "SurgeDeleting"],
  Soaking: ["Reimaging"],
  Reimaging: ["Upgraded"],
  Upgraded: ["Uncordoned"],
  Uncordoned: [],
  Quarantined: [],
  QuarantineReleased: [],
  SurgeCreating: ["SurgeReady"],
  SurgeReady: ["SurgeKept", "Cordoned"],
  SurgeKept: [],
  SurgeDeleting: ["Removed"],
  Removed: [],
  Created: [],
};

export interface Watched {
  readonly target: Cluster;
  readonly settings: UpgradeSettings;
  readonly rules: Pick<Rules, "surgeMode" | "surgeExhausted">;
  /** Nodes before the upgrade. */
  readonly count: number;
}

/** Thousands of these hold per pool: an assertion library would take most of the time. */
export function hold(holds: boolean, broken: string): void {
  if (!holds) throw new Error(broken);
}

export function isQuarantined(node: ClusterNode): boolean {
  return node.labels[STATUS_LABEL] === "Quarantined";
}

export function deploymentPods(target: Cluster): Pod[] {
  return [...target.pods.values()].filter(({ daemonSet }) => !daemonSet);
}

/**
 * Watches one upgrade of one pool, and throws at the event that breaks a rule. Numbers are those of the
 * invariants in docs/fidelity.md.
 */
export class PoolWatch {
  readonly #watched: Watched;
  readonly #last = new Map<string, { readonly change: NodeChange; readonly at: number }>();
  readonly #drains = new Map<string, number>();
  readonly #stopping = new Set<string>();
  readonly #versions = new Map<string, readonly [string, string]>();
  #surgeMade = 0;
  #hasCordoned = false;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  get surge(): number {
    const { settings, count } = this.#watched;
    return Math.min(amountOf(settings.maxSurge, count), count);
  }

  /** Undefined: as many as there are surge nodes. */
  get blocked(): number | undefined {
    const { settings, count } = this.#watched;
    const { maxBlockedNodes } = settings;
    if (maxBlockedNodes === undefined) return undefined;
    return Math.max(1, Math.min(count, amountOf(maxBlockedNodes, count)));
  }

  /** Nodes that may be away at once when there is no surge. */
  get unavailable(): number {
    const { settings, count } = this.#watched;
    return this.surge > 0 ? 0 : Math.max(1, amountOf(settings.maxUnavailable, count));
  }

  see(transition: Transition): void {
    if (transition.kind === "node") this.#seeNode(transition);
    const about = transition.kind === "object" ? transition.resource : transition.kind;
    if (about === "node" || about === "nodes") this.#holdOnNodes();
    if (transition.kind !== "object" || about !== "pods") return;
    this.#holdOnPods();
    // An eviction is told before its replacement is made.
    if (transition.change !== "MODIFIED") this.#holdOnReplicas();
  }

  #seeNode({ node, change, at }: Extract<Transition, { kind: "node" }>): void {
    const before = this.#last.get(node)?.change ?? "";
    hold(NEXT[before].includes(change), `5: ${change} after ${before || "nothing"}`);
    if (change === "SurgeCreating") this.#surgeMade += 1;
    if (change === "Cordoned") this.#hasCordoned = true;
    if (change === "Draining") this.#drains.set(node, at);
    if (change === "Drained" || change === "Quarantined") this.#holdOnDrain(node, at);
    if (change === "Reimaging") this.#holdOnReimage(node, at);
    if (change === "Quarantined") this.#holdOnQuarantine(node);
    hold(this.#surgeMade <= this.surge, "1: more surge nodes than maxSurge");
    this.#last.set(node, { change, at });
  }

  #holdOnDrain(node: string, at: number): void {
    const { drainTimeoutInMinutes } = this.#watched.settings;
    const took = at - (this.#drains.get(node) ?? at);
    hold(took <= drainTimeoutInMinutes * MINUTE + DRAIN_SLACK, "11: a drain outlived its timeout");
  }

  #holdOnReimage(node: string, at: number): void {
    const { target, settings } = this.#watched;
    const left = deploymentPods(target).filter((pod) => pod.node === node);
    hold(left.length === 0, "5: reimaged with pods on it");
    const last = this.#last.get(node);
    const soak = settings.nodeSoakDurationInMinutes * MINUTE;
    const soaked = last?.change === "Soaking" ? at - last.at : 0;
    hold(soaked >= soak, "5: reimaged before its soak was over");
  }

  #holdOnQuarantine(name: string): void {
    const { target } = this.#watched;
    const node = target.nodes.get(name);
    hold(node !== undefined && node.unschedulable && isQuarantined(node), "7: not cordoned");
    const stuck = deploymentPods(target).filter(
      (pod) => pod.node === name && pod.phase === "Running",
    );
    hold(stuck.length > 0, "7: quarantined without a blocked pod");
    for (const pod of stuck) {
      const guard = [...target.budgets.values()].find(({ selector }) =>
        Object.entries(selector).every(([key, value]) => pod.labels[key] === value),
      );
      hold(
        guard !== undefined && target.budgetStatus(guard).disruptionsAllowed === 0,
        "7: it keeps a pod that could have gone",
      );
    }
  }

  #holdOnNodes(): void {
    const { target, count, rules } = this.#watched;
    const nodes = [...target.nodes.values()];
    hold(nodes.length <= count + this.surge, "2: more machines than count and surge");
    const away = nodes.filter((node) => !node.surge && node.unschedulable);
    const quarantined = away.filter(isQuarantined).length;
    const active = away.length - quarantined;
    const places = Math.max(this.surge, this.unavailable);
    const atOnce = rules.surgeMode === "single" ? 1 : places;
    hold(active <= atOnce, "3: more nodes away than surge nodes");
    const { blocked } = this;
    const extra = rules.surgeExhausted === "continue" || blocked !== undefined ? 1 : 0;
    if (extra === 0) hold(away.length <= places, "7: more blocked nodes than surge nodes");
    hold(quarantined <= Math.max(blocked ?? count, places), "7: more than maxBlockedNodes");
    const usable = nodes.filter(({ phase, unschedulable }) => phase === "Ready" && !unschedulable);
    const blockedInPlace = extra === 0 ? 0 : quarantined + extra;
    const least = count - this.unavailable - blockedInPlace;
    if (this.#hasCordoned) hold(usable.length >= least, "4: too few nodes that take pods");
    for (const node of nodes) this.#holdOnVersion(node);
  }

  #holdOnVersion(node: ClusterNode): void {
    const { target } = this.#watched;
    const before = this.#versions.get(node.name);
    const { kubernetesVersion, nodeImageVersion } = node;
    hold(compareVersions(kubernetesVersion, target.kubernetesVersion) <= 0, "6: past its plane");
    if (before?.[0] === kubernetesVersion && before[1] === nodeImageVersion) return;
    const [version, image] = before ?? [kubernetesVersion, nodeImageVersion];
    hold(compareVersions(kubernetesVersion, version) >= 0, "6: an older Kubernetes version");
    const versions = [nodeImageVersion, image].map((one) => parseNodeImage(one).version);
    hold(compareVersions(versions[0] ?? "", versions[1] ?? "") >= 0, "6: an older image");
    this.#versions.set(node.name, [kubernetesVersion, nodeImageVersion]);
  }

  #holdOnPods(): void {
    const { target } = this.#watched;
    for (const pod of target.pods.values()) {
      const host = pod.node === undefined ? undefined : target.nodes.get(pod.node);
      if (pod.daemonSet) {
        hold(pod.phase !== "Terminating", "16: a pod of a DaemonSet was evicted");
      } else if (pod.phase === "Terminating" && !this.#stopping.has(pod.name)) {
        // Judged as it begins: the node may be uncordoned while the pod still stops.
        this.#stopping.add(pod.name);
        hold(host === undefined || host.unschedulable, "15: evicted from a node in use");
      }
    }
    for (const budget of target.budgets.values()) {
      const { currentHealthy, desiredHealthy } = target.budgetStatus(budget);
      hold(currentHealthy >= desiredHealthy, "13: an eviction broke a budget");
    }
  }

  #holdOnReplicas(): void {
    const { target } = this.#watched;
    const live = new Map<string, number>();
    for (const { workload, phase } of deploymentPods(target)) {
      if (phase !== "Terminating") live.set(workload, (live.get(workload) ?? 0) + 1);
    }
    for (const [key, { kind, replicas }] of target.workloads) {
      if (kind === "Deployment") hold((live.get(key) ?? 0) === replicas, "12: pods were lost");
    }
  }

  /** A pod was bound: told by the scheduler's own event, before anything else can happen to the node. */
  holdOnPlacement(pod: Pod): void {
    const host = pod.node === undefined ? undefined : this.#watched.target.nodes.get(pod.node);
    if (host === undefined || pod.daemonSet || pod.phase !== "Running") return;
    hold(!host.unschedulable && host.phase === "Ready", "14: placed on a cordoned node");
  }
}
