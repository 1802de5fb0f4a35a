import { podsToMove } from "../drain/pods.ts";
import type { BoundPod } from "../drain/ports.ts";
import type { NodePoolDetails } from "../node-pool/ports.ts";
import { adjustmentOf } from "./budget.ts";
import type { Budget, NodeView } from "./ports.ts";
import { selects } from "./selector.ts";

export const REMEDIES = ["adjust-pdb", "delete-pod", "delete-node", "release"] as const;
export type Remedy = (typeof REMEDIES)[number];

/** A node pool, and the nodes of it that a person named. */
export interface ObservedQuarantine {
  readonly pool: NodePoolDetails;
  /** All nodes of the pool. */
  readonly nodes: readonly NodeView[];
  readonly named: readonly string[];
  /** Pods on the named nodes. */
  readonly pods: readonly BoundPod[];
  /** Budgets of the cluster. */
  readonly budgets: readonly Budget[];
}

export type RemedyStep =
  | { readonly kind: "adjust-budgets"; readonly budgets: readonly Budget[] }
  | { readonly kind: "restore-budgets"; readonly budgets: readonly Budget[] }
  | { readonly kind: "move-pods"; readonly nodes: readonly string[] }
  | { readonly kind: "delete-pods"; readonly pods: readonly BoundPod[] }
  | { readonly kind: "delete-machines"; readonly nodes: readonly string[] }
  | { readonly kind: "release-nodes"; readonly nodes: readonly string[] }
  | { readonly kind: "wait-for-pool" }
  | { readonly kind: "update-pool" }
  | { readonly kind: "done" };

const SETTLED = new Set(["Succeeded", "Failed", "Canceled"]);

/** What to do next, from what is seen alone: a step that was killed is simply seen again. Pure. */
export function nextRemedyStep(observed: ObservedQuarantine, remedy: Remedy): RemedyStep {
  const held = observed.nodes.filter(
    ({ name, quarantined }) => quarantined && observed.named.includes(name),
  );
  const pods = podsToMove(observed.pods).filter(({ node }) =>
    held.some(({ name }) => name === node),
  );
  return (
    budgetStep(observed, remedy, pods) ??
    nodeStep(observed, remedy, { held: held.map(({ name }) => name), pods }) ??
    poolStep(observed)
  );
}

/** A budget stays loose only for as long as pods have to pass. */
function budgetStep(
  { budgets, named }: ObservedQuarantine,
  remedy: Remedy,
  pods: readonly BoundPod[],
): RemedyStep | undefined {
  const loose = adjustedFor(budgets, named);
  if (remedy !== "adjust-pdb" || pods.length === 0) {
    return loose.length > 0 ? { kind: "restore-budgets", budgets: loose } : undefined;
  }
  const tight = budgets.filter(
    (budget) => adjustmentOf(budget) === undefined && pods.some((pod) => forbids(budget, pod)),
  );
  return tight.length > 0 ? { kind: "adjust-budgets", budgets: tight } : undefined;
}

/** Budgets that were loosened for the sake of these nodes. */
export function adjustedFor(
  budgets: readonly Budget[],
  named: readonly string[],
): readonly Budget[] {
  return budgets.filter((budget) =>
    adjustmentOf(budget)?.nodes.some((node) => named.includes(node)),
  );
}

function forbids({ namespace, selector, disruptionsAllowed }: Budget, pod: BoundPod): boolean {
  return (
    disruptionsAllowed <= 0 &&
    !pod.terminating &&
    namespace === pod.namespace &&
    selects(selector, pod.labels)
  );
}

function nodeStep(
  { pool, budgets }: ObservedQuarantine,
  remedy: Remedy,
  { held, pods }: { readonly held: readonly string[]; readonly pods: readonly BoundPod[] },
): RemedyStep | undefined {
  if (held.length === 0) return undefined;
  if (remedy === "delete-node") {
    return isBusy(pool) ? { kind: "wait-for-pool" } : { kind: "delete-machines", nodes: held };
  }
  if (remedy === "release" || pods.length === 0) return { kind: "release-nodes", nodes: held };
  const stuck = pods.filter((pod) => budgets.some((budget) => forbids(budget, pod)));
  if (remedy === "delete-pod" && stuck.length > 0) return { kind: "delete-pods", pods: stuck };
  return { kind: "move-pods", nodes: held };
}

/** "Any PUT" brings the pool back, says the documentation of `undrainableNodeBehavior`. */
function poolStep({ pool, nodes, named }: ObservedQuarantine): RemedyStep {
  if (isBusy(pool)) return { kind: "wait-for-pool" };
  const living = nodes.filter(({ quarantined }) => !quarantined);
  const released = living.filter(({ name }) => named.includes(name));
  const asItShouldBe =
    pool.provisioningState === "Succeeded" &&
    living.length === pool.count &&
    living.every(({ nodeImageVersion }) => nodeImageVersion === pool.nodeImageVersion) &&
    released.every(({ unschedulable }) => !unschedulable);
  return { kind: asItShouldBe ? "done" : "update-pool" };
}

export function isBusy({ provisioningState }: NodePoolDetails): boolean {
  return !SETTLED.has(provisioningState);
}
