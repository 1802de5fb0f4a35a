import type { ErrorCode } from "../core/errors.ts";
import { cordonedByUs, frozenAutoscaler, isGreenOf, isUnderWay, openNodes } from "./observed.ts";
import type { ObservedColours, Side } from "./observed.ts";

export type Goal = "started" | "drained" | "committed" | "rolled-back";
export type Colour = "blue" | "green";

export type ColourStep =
  | { readonly kind: "create-green" }
  | { readonly kind: "adopt-green" }
  | { readonly kind: "wait" | "reconcile" | "freeze" | "thaw" | "delete"; readonly side: Colour }
  | {
      readonly kind: "cordon" | "uncordon" | "drain";
      readonly side: Colour;
      readonly nodes: readonly string[];
    }
  | {
      readonly kind: "refuse";
      readonly code: ErrorCode;
      readonly reason: string;
      readonly remedy: string;
    }
  | { readonly kind: "done" };

const SETTLED = new Set(["Succeeded", "Failed", "Canceled"]);
/** Names in one sentence. */
const MAX_NAMED = 5;

/**
 * The next step towards a goal, from what stands on the cluster alone: no step needs to know whether an
 * earlier one was ours, or was killed half-way. Pure.
 */
export function nextStep(observed: ObservedColours, goal: Goal): ColourStep {
  switch (goal) {
    case "started":
      return start(observed);
    case "drained":
      return drain(observed);
    case "committed":
      return commit(observed);
    case "rolled-back":
      return rollBack(observed);
  }
}

function start({ name, blue, green }: ObservedColours): ColourStep {
  if (blue === undefined) return absent(name);
  if (green === undefined) return { kind: "create-green" };
  if (!isUnderWay(green.pool.tags, name)) return stranger(green, name);
  if (isDeleting(green)) return underWay(green, "is being deleted by a roll-back");
  if (isBusy(green)) return { kind: "wait", side: "green" };
  if (green.pool.provisioningState !== "Succeeded") return { kind: "reconcile", side: "green" };
  return { kind: "done" };
}

function drain({ name, blue, green }: ObservedColours): ColourStep {
  const refusal = requireBoth({ name, blue, green });
  if (refusal !== undefined) return refusal;
  if (blue === undefined || green === undefined) return absent(name);
  const ready = green.nodes.filter((node) => node.ready && !node.quarantined);
  if (ready.length === 0 || ready.length < green.nodes.length) {
    return {
      kind: "refuse",
      code: "preflight-failed",
      reason: `${ready.length} of ${green.nodes.length} nodes of green ${green.pool.name} are Ready`,
      remedy: "pods would have nowhere to go: wait for `verify` to pass",
    };
  }
  return reopen("green", green) ?? freeze("blue", blue) ?? empty("blue", blue) ?? { kind: "done" };
}

function commit({ cluster, name, blue, green }: ObservedColours): ColourStep {
  if (blue === undefined) {
    if (green === undefined || !isGreenOf(green.pool, name)) return absent(name);
    const reopened = reopen("green", green);
    if (reopened !== undefined) return reopened;
    if (!isUnderWay(green.pool.tags, name)) return { kind: "done" };
    return isBusy(green) ? { kind: "wait", side: "green" } : { kind: "adopt-green" };
  }
  if (green !== undefined && isDeleting(blue)) return { kind: "wait", side: "blue" };
  const refusal = requireBoth({ name, blue, green }) ?? requireOpen(green) ?? requireEmpty(blue);
  if (refusal !== undefined) return refusal;
  const systemPools = cluster.nodePools.filter(({ mode }) => mode === "System");
  if (systemPools.every((pool) => pool.name === name)) {
    return {
      kind: "refuse",
      code: "preflight-failed",
      reason: `${name} is the only System pool of the cluster`,
      remedy: "a cluster keeps at least one: give green the mode System",
    };
  }
  return isBusy(blue) ? { kind: "wait", side: "blue" } : { kind: "delete", side: "blue" };
}

function rollBack({ name, blue, green }: ObservedColours): ColourStep {
  if (blue === undefined || isDeleting(blue)) {
    return {
      kind: "refuse",
      code: "conflict",
      reason: `blue ${name} is gone or going: green was committed`,
      remedy: "make a new pool from the outgoing snapshot instead, by another start",
    };
  }
  if (green !== undefined && !isUnderWay(green.pool.tags, name)) return stranger(green, name);
  const reopened = reopen("blue", blue);
  if (reopened !== undefined) return reopened;
  if (green === undefined) return { kind: "done" };
  if (isDeleting(green)) return { kind: "wait", side: "green" };
  // All of green is closed first: a pod that left one green node must not wait for the next on another.
  const emptied = freeze("green", green) ?? empty("green", green);
  if (emptied !== undefined) return emptied;
  return isBusy(green) ? { kind: "wait", side: "green" } : { kind: "delete", side: "green" };
}

/** Undoes what draining did to a pool: our cordons, and the autoscaler that stood still. */
function reopen(side: Colour, found: Side): ColourStep | undefined {
  const nodes = cordonedByUs(found);
  if (nodes.length > 0) return { kind: "uncordon", side, nodes };
  if (frozenAutoscaler(found.pool) === undefined) return undefined;
  return isBusy(found) ? { kind: "wait", side } : { kind: "thaw", side };
}

/** An autoscaler would add open nodes to a pool that is being emptied, or take drained ones away. */
function freeze(side: Colour, found: Side): ColourStep | undefined {
  if (found.pool.autoscaler === undefined) return undefined;
  return isBusy(found) ? { kind: "wait", side } : { kind: "freeze", side };
}

function empty(side: Colour, found: Side): ColourStep | undefined {
  const open = openNodes(found);
  if (open.length > 0) return { kind: "cordon", side, nodes: open };
  if (found.pods.length === 0) return undefined;
  const full = new Set(found.pods.map(({ node }) => node));
  const nodes = found.nodes.map((node) => node.name).filter((node) => full.has(node));
  return { kind: "drain", side, nodes };
}

function requireBoth({
  name,
  blue,
  green,
}: Pick<ObservedColours, "name" | "blue" | "green">): ColourStep | undefined {
  if (blue === undefined) return absent(name);
  if (green === undefined) {
    return {
      kind: "refuse",
      code: "not-found",
      reason: `${name} has no green pool`,
      remedy: "run operation start first",
    };
  }
  if (!isUnderWay(green.pool.tags, name)) return stranger(green, name);
  if (isDeleting(blue)) return underWay(blue, "is being deleted by a commit");
  if (isDeleting(green)) return underWay(green, "is being deleted by a roll-back");
  return undefined;
}

/** Green nodes that we closed are the mark of a roll-back that was begun. */
function requireOpen(green: Side | undefined): ColourStep | undefined {
  if (green === undefined || cordonedByUs(green).length === 0) return undefined;
  return {
    kind: "refuse",
    code: "conflict",
    reason: `green ${green.pool.name} is being rolled back: its nodes are cordoned`,
    remedy: "run roll-back to its end, or drain to go on with green",
  };
}

function requireEmpty(blue: Side): ColourStep | undefined {
  const open = openNodes(blue);
  if (blue.pods.length === 0 && open.length === 0) return undefined;
  const what =
    blue.pods.length > 0
      ? `pods of blue ${blue.pool.name} are still there: ${named(blue.pods.map((pod) => `${pod.namespace}/${pod.name}`))}`
      : `nodes of blue ${blue.pool.name} are open to new pods: ${named(open)}`;
  return {
    kind: "refuse",
    code: "preflight-failed",
    reason: what,
    remedy: "run operation drain first; nothing was deleted",
  };
}

function named(names: readonly string[]): string {
  const rest = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function absent(name: string): ColourStep {
  return {
    kind: "refuse",
    code: "not-found",
    reason: `the cluster has no node pool ${name}, and none that took its place`,
    remedy: "check the input node-pool",
  };
}

function stranger({ pool }: Side, blue: string): ColourStep {
  return {
    kind: "refuse",
    code: "conflict",
    reason: `node pool ${pool.name} is not the green pool of ${blue}`,
    remedy: "nothing is done to a pool that this action did not make: choose another name",
  };
}

function underWay({ pool }: Side, what: string): ColourStep {
  return {
    kind: "refuse",
    code: "conflict",
    reason: `node pool ${pool.name} ${what}`,
    remedy: "run that operation again to its end, then this one",
  };
}

function isDeleting({ pool }: Side): boolean {
  return pool.provisioningState === "Deleting";
}

function isBusy({ pool }: Side): boolean {
  return !SETTLED.has(pool.provisioningState);
}
