import { announceNode, recordNodeEvent, repeatNodeEvent } from "./announce.ts";
import type { Instant } from "./model.ts";
import { drawPhase } from "./kernel.ts";
import { stopPod, tryEvict } from "./pods.ts";
import type { BudgetState, NodeState, PodState } from "./state.ts";

const MINUTE = 60_000;

export interface BlockedPod {
  readonly namespace: string;
  readonly pod: string;
  /** Absent: it was evicted and came back, as on a node that somebody uncordoned. */
  readonly budget: string | undefined;
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
  /** Budgets have no say. */
  readonly forced: boolean;
  readonly isCancelled: () => boolean;
  readonly onEnd: (outcome: DrainOutcome) => void;
  /** How many pods the latest attempt was refused: as many lead the two lists, which are used again. */
  refusals: number;
  readonly refused: PodState[];
  readonly budgets: BudgetState[];
}

/** Evicts all pods but those of DaemonSets; an eviction that a budget refuses is tried again until the timeout. */
export function beginDrain(
  node: NodeState,
  { isCancelled, onEnd }: Pick<Drain, "isCancelled" | "onEnd">,
): void {
  const { kernel } = node.owner.cluster;
  const { now } = kernel.timeline;
  const timeout = node.owner.drainTimeoutInMinutes * MINUTE;
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
    forced: node.owner.operation?.forced ?? false,
    isCancelled,
    onEnd,
    refusals: 0,
    refused: [],
    budgets: [],
  });
}

function evictAll(drain: Drain): void {
  const { node, deadline } = drain;
  const { cluster } = node.owner;
  const { timeline } = cluster.kernel;
  if (drain.isCancelled()) return;
  if (!node.alive) return drain.onEnd({ kind: "gone" });
  evictOnce(drain);
  if (node.evictable === 0) return finishAt(drain, Math.max(timeline.now, drain.earliestEnd));
  for (let index = 0; index < drain.refusals; index++) {
    reportBlocked(drain, drain.refused[index] as PodState);
  }
  if (timeline.now >= deadline) {
    const blocked = blockedPods(drain);
    // Pods that are stopping already may finish.
    if (blocked.length > 0) return drain.onEnd({ kind: "undrainable", blocked });
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

function evictOnce(drain: Drain): void {
  const { node } = drain;
  drain.refusals = 0;
  // Whoever is placed here during the attempt is left to the next one.
  const present = node.evictable === 0 ? 0 : node.pods.length;
  const { cluster } = node.owner;
  for (let index = 0; index < present; index++) {
    const pod = node.pods[index] as PodState;
    if (pod.daemonSet || pod.phase === "Terminating") continue;
    if (drain.forced) {
      stopPod(cluster, pod);
      continue;
    }
    const budget = tryEvict(cluster, pod);
    if (budget === undefined) continue;
    drain.refused[drain.refusals] = pod;
    drain.budgets[drain.refusals++] = budget;
  }
}

function reportBlocked(drain: Drain, pod: PodState): void {
  const { node } = drain;
  if (pod.refusal?.drain === drain) {
    return repeatNodeEvent(node.owner.cluster, pod.refusal.event);
  }
  const event = recordNodeEvent(node, {
    type: "Warning",
    reason: "Drain",
    message: "Eviction blocked by Too Many Requests (usually a pdb): ",
    pod,
  });
  pod.refusal = { drain, event };
  if (!node.owner.cluster.kernel.hub.listening) return;
  announceNode(node, "EvictionBlocked", { detail: `${pod.namespace}/${pod.name}` });
}

function blockedPods({ node, refusals, refused, budgets }: Drain): BlockedPod[] {
  const guards = new Map(refused.slice(0, refusals).map((pod, index) => [pod, budgets[index]]));
  return node.pods
    .filter(({ daemonSet, phase }) => !daemonSet && phase !== "Terminating")
    .map((pod) => ({
      namespace: pod.namespace,
      pod: pod.name,
      budget: guards.get(pod)?.budget.name,
      unready: pod.owner.live - pod.owner.ready,
    }));
}

/** The words of AKS. Source: learn.microsoft.com, error code PodDrainFailure */
export function drainFailureMessage(node: NodeState, blocked: readonly BlockedPod[]): string {
  return blocked.map((pod) => failureOf(node, pod)).join(" ");
}

function failureOf(node: NodeState, { namespace, pod, budget, unready }: BlockedPod): string {
  if (budget === undefined) {
    return `Drain of ${node.name} did not complete pods [${namespace}/${pod}]: timed out. See https://aka.ms/aks/debugdrainfailures.`;
  }
  return (
    `Drain node ${node.name} failed when evicting pod ${pod} failed with Too Many Requests error. ` +
    "This is often caused by a restrictive Pod Disruption Budget (PDB) policy. " +
    "See https://aka.ms/aks/debugdrainfailures. " +
    "Original error: Cannot evict pod as it would violate the pod's disruption budget.. " +
    `PDB debug info: ${namespace}/${pod} blocked by pdb ${budget} with ${unready} unready pods.`
  );
}
