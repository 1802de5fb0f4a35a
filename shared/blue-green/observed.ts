import type { BoundPod } from "../drain/ports.ts";
import type { Autoscaler, NodePoolDetails } from "../node-pool/ports.ts";
import type { NodeView } from "../quarantine/ports.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";

/** Written on green when it is made: the two pools know each other, whoever looks and whenever. */
export const TAG_ROLE = "fleetwright-blue-green";
export const TAG_PEER = "fleetwright-blue-green-peer";
/** Written on green when blue is gone: which pool it has taken the place of. */
export const TAG_REPLACED = "fleetwright-replaced";
/** The bounds of an autoscaler that is off while its pool is drained, as `min-max`. */
export const TAG_AUTOSCALER = "fleetwright-autoscaler";
/** In whose name nodes are cordoned. */
export const CORDONED_BY = "blue-green";

export interface Side {
  readonly pool: NodePoolDetails;
  readonly nodes: readonly NodeView[];
  /** Pods that have to leave before the pool may go: all but those of DaemonSets. */
  readonly pods: readonly BoundPod[];
}

export interface ObservedColours {
  readonly cluster: ManagedCluster;
  /** Name of the pool that is to be replaced, whether it exists or not. */
  readonly name: string;
  readonly blue: Side | undefined;
  readonly green: Side | undefined;
}

/** Is this pool the green one of `blue`, under way or adopted? */
export function isGreenOf({ tags }: NodePoolDetails, blue: string): boolean {
  return isUnderWay(tags, blue) || tags[TAG_REPLACED] === blue;
}

export function isUnderWay(tags: Readonly<Record<string, string>>, blue: string): boolean {
  return tags[TAG_ROLE] === "green" && tags[TAG_PEER] === blue;
}

/** The bounds that a frozen autoscaler had; undefined when the pool is not frozen. */
export function frozenAutoscaler({ tags }: NodePoolDetails): Autoscaler | undefined {
  const match = /^(\d+)-(\d+)$/.exec(tags[TAG_AUTOSCALER] ?? "");
  return match === null ? undefined : { minCount: Number(match[1]), maxCount: Number(match[2]) };
}

export function withoutTags(
  tags: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !names.includes(name)));
}

export const PHASES = [
  "not-started",
  "starting",
  "started",
  "draining",
  "drained",
  "rolling-back",
  "committing",
  "committed",
  "absent",
] as const;

/** Where the exchange of the two pools stands. */
export function phaseOf({ name, blue, green }: ObservedColours): (typeof PHASES)[number] {
  if (green === undefined) return blue === undefined ? "absent" : "not-started";
  if (blue === undefined) return isUnderWay(green.pool.tags, name) ? "committing" : "committed";
  if (blue.pool.provisioningState === "Deleting") return "committing";
  if (green.pool.provisioningState === "Deleting" || cordonedByUs(green).length > 0) {
    return "rolling-back";
  }
  if (green.pool.provisioningState === "Creating") return "starting";
  if (cordonedByUs(blue).length === 0) return "started";
  return blue.pods.length > 0 || openNodes(blue).length > 0 ? "draining" : "drained";
}

export function cordonedByUs({ nodes }: Side): readonly string[] {
  return nodes.filter(({ cordonedBy }) => cordonedBy === CORDONED_BY).map(({ name }) => name);
}

export function openNodes({ nodes }: Side): readonly string[] {
  return nodes.filter(({ unschedulable }) => !unschedulable).map(({ name }) => name);
}
