import { announceNode, recordNodeEvent, repeatNodeEvent } from "./announce.ts";
import type { Instant } from "./model.ts";
import { drawPhase } from "./kernel.ts";
import { tryEvict } from "./pods.ts";
import type { BudgetState, NodeEventState, NodeState, PodState } from "./state.ts";

const MINUTE = 60_000;

export interface BlockedPod {
  readonly namespace: string;
  readonly pod: string;
  readonly budget: string;
  readonly unready: number;
}

export type DrainOutcome =
  | { readonly kind: "drained" }
  | { readonly kind: "undrainable"; readonly blocked: readonly BlockedPod[] }
  | { readonly kind: "gone" };

interface Drain {
  readonly node: NodeState;
  /** Clients, controllers and volumes take this long however quickly the pods stop. */
  readonly earliestEnd: Instant;
  readonly deadline: Instant;
  readonly isCancelled: () => boolean;
  readonly onEnd: (outcome: DrainOutcome) => void;
  /** The event that tells of each refused pod: it counts the attempts. */
  readonly reported: Map<PodState, NodeEventState>;
}

/** Evicts all pods but those of DaemonSets; an eviction that a budget refuses is tried again until the timeout. */
export function beginDrain(
  node: NodeState,
  { isCancelled, onEnd }: Pick<Drain, "isCancelled" | "onEnd">,
): void {
  const { kernel } = node.owner.cluster;
  const { now } = kernel.timeline;
  const timeout = node.owner.upgradeSettings.drainTimeoutInMinutes * MINUTE;
  announceNode(node, "Draining");
  recordNodeEvent(node, {
    type: "Normal",
    reason: "Drain",
    message: `Draining node: ${node.name}`,
  });
  evictAll({
    node,
    earliestEnd: now + Math.min(drawPhase(kernel, "drain", node), timeout),
    deadline: now + timeout,
    isCancelled,
    onEnd,
    reported: new Map(),
  });
}

function evictAll(drain: Drain): void {
  const { node, deadline } = drain;
  const { cluster } = node.owner;
  const { timeline } = cluster.kernel;
  if (drain.isCancelled()) return;
  if (!node.alive) return drain.onEnd({ kind: "gone" });
  const refused = evictOnce(node);
  if (node.evictable === 0) return finishAt(drain, Math.max(timeline.now, drain.earliestEnd));
  for (const [pod] of refused) reportBlocked(drain, pod);
  if (timeline.now >= deadline && refused.length > 0) {
    return drain.onEnd({ kind: "undrainable", blocked: refused.map(describeBlocked) });
  }
  const retry = timeline.now + drawPhase(cluster.kernel, "evictionRetry", node);
  timeline.at(timeline.now < deadline ? Math.min(retry, deadline) : retry, () => evictAll(drain));
}

function finishAt(drain: Drain, time: Instant): void {
  const { timeline } = drain.node.owner.cluster.kernel;
  if (time > timeline.now) {
    // Somebody may uncordon the node meanwhile: look again before calling it drained.
    timeline.at(time, () => evictAll(drain));
    return;
  }
  announceNode(drain.node, "Drained");
  drain.onEnd({ kind: "drained" });
}

function evictOnce(node: NodeState): (readonly [PodState, BudgetState])[] {
  const refused: (readonly [PodState, BudgetState])[] = [];
  if (node.evictable === 0) return refused;
  const present = [...node.pods].filter((pod) => !pod.daemonSet && pod.phase !== "Terminating");
  for (const pod of present) {
    const budget = tryEvict(node.owner.cluster, pod);
    if (budget !== undefined) refused.push([pod, budget]);
  }
  return refused;
}

function reportBlocked({ node, reported }: Drain, pod: PodState): void {
  const known = reported.get(pod);
  if (known !== undefined) return repeatNodeEvent(node.owner.cluster, known);
  const event = recordNodeEvent(node, {
    type: "Warning",
    reason: "Drain",
    message: `Eviction blocked by Too Many Requests (usually a pdb): ${pod.name}`,
  });
  reported.set(pod, event);
  announceNode(node, "EvictionBlocked", { detail: `${pod.namespace}/${pod.name}` });
}

function describeBlocked([pod, state]: readonly [PodState, BudgetState]): BlockedPod {
  return {
    namespace: pod.namespace,
    pod: pod.name,
    budget: state.budget.name,
    unready: pod.owner.replicas - pod.owner.ready,
  };
}

/** The words of AKS. Source: learn.microsoft.com, error code PodDrainFailure */
export function drainFailureMessage(node: NodeState, blocked: readonly BlockedPod[]): string {
  return blocked
    .map(
      ({ namespace, pod, budget, unready }) =>
        `Drain node ${node.name} failed when evicting pod ${pod} failed with Too Many Requests error. ` +
        "This is often caused by a restrictive Pod Disruption Budget (PDB) policy. " +
        "See https://aka.ms/aks/debugdrainfailures. " +
        "Original error: Cannot evict pod as it would violate the pod's disruption budget.. " +
        `PDB debug info: ${namespace}/${pod} blocked by pdb ${budget} with ${unready} unready pods.`,
    )
    .join(" ");
}
