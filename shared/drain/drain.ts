import type { ArmId } from "../core/arm-id.ts";
import { formatDuration, SECOND } from "../core/duration.ts";
import { FleetwrightError } from "../core/errors.ts";
import { batches, objections, podsToMove } from "./pods.ts";
import type { DrainConsent } from "./pods.ts";
import type { BoundPod, DrainPort } from "./ports.ts";

export interface DrainSettings extends DrainConsent {
  /** Nodes that are emptied at the same time. */
  readonly batchSize: number;
  /** Between two batches: time for a person or an alert to object. */
  readonly paceMilliseconds: number;
  /** Of one batch. */
  readonly timeoutMilliseconds: number;
  /** The pods' own when undefined. */
  readonly gracePeriodSeconds: number | undefined;
  /** Between two tries of an eviction that a budget refused; kubectl takes five seconds. */
  readonly retryMilliseconds: number;
}

export interface DrainDeps {
  readonly drain: DrainPort;
  sleep(milliseconds: number): Promise<void>;
  /** Milliseconds that only ever grow, of this machine. */
  elapsed(): number;
  log(line: string): void;
  /** Asked before the next batch; what it throws ends the drain there. */
  betweenBatches?(): Promise<void>;
}

/** kubectl tries a refused eviction again after this time. */
export const EVICTION_RETRY_MILLISECONDS = 5 * SECOND;
/** Pods named in one message. */
const MAX_NAMED = 5;

/**
 * Empties nodes that are cordoned already, batch by batch. Pods that a person has to say a word about
 * stop it before the first eviction; a batch that does not become empty in time ends it with `timed-out`.
 */
export async function drainNodes(
  deps: DrainDeps,
  cluster: ArmId,
  nodes: readonly string[],
  settings: DrainSettings,
): Promise<void> {
  const full = await occupiedNodes(deps, cluster, nodes, settings);
  for (const [index, batch] of batches(full, settings.batchSize).entries()) {
    if (index > 0) await pause(deps, settings);
    deps.log(`draining ${batch.join(", ")}`);
    await emptyBatch(deps, cluster, batch, settings);
    deps.log(`drained ${batch.join(", ")}`);
  }
}

async function pause(deps: DrainDeps, { paceMilliseconds }: DrainSettings): Promise<void> {
  if (paceMilliseconds > 0) {
    deps.log(`next batch in ${formatDuration(paceMilliseconds)}`);
    await deps.sleep(paceMilliseconds);
  }
  await deps.betweenBatches?.();
}

async function occupiedNodes(
  { drain }: DrainDeps,
  cluster: ArmId,
  nodes: readonly string[],
  consent: DrainConsent,
): Promise<readonly string[]> {
  const pods = await drain.readBoundPods(cluster);
  const onNodes = podsToMove(pods).filter((pod) => nodes.includes(pod.node));
  requireConsent(cluster, objections(onNodes, consent));
  return nodes.filter((node) => onNodes.some((pod) => pod.node === node));
}

export function requireConsent(cluster: ArmId, found: readonly string[]): void {
  if (found.length === 0) return;
  const rest = found.length - MAX_NAMED;
  const named = `${found.slice(0, MAX_NAMED).join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`;
  throw new FleetwrightError("conflict", `nothing was evicted: ${named}`, {
    subject: cluster,
    remedy: "move them by hand, or set the named input to `true`",
  });
}

async function emptyBatch(
  deps: DrainDeps,
  cluster: ArmId,
  nodes: readonly string[],
  settings: DrainSettings,
): Promise<void> {
  const deadline = deps.elapsed() + settings.timeoutMilliseconds;
  const told = new Set<string>();
  for (;;) {
    const lists = await Promise.all(nodes.map((node) => deps.drain.readBoundPods(cluster, node)));
    const pods = podsToMove(lists.flat());
    if (pods.length === 0) return;
    // A pod may have come between the first look and this one.
    requireConsent(cluster, objections(pods, settings));
    const refused = await evictAll(deps, cluster, pods, settings.gracePeriodSeconds);
    for (const line of refused.filter((one) => !told.has(one))) deps.log(line);
    for (const line of refused) told.add(line);
    if (deps.elapsed() >= deadline) throw timedOut(cluster, pods, refused, settings);
    await deps.sleep(settings.retryMilliseconds);
  }
}

async function evictAll(
  { drain }: DrainDeps,
  cluster: ArmId,
  pods: readonly BoundPod[],
  gracePeriodSeconds: number | undefined,
): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const pod of pods.filter(({ terminating }) => !terminating)) {
    const answer = await drain.evict(cluster, pod, gracePeriodSeconds);
    if (answer.kind !== "refused") continue;
    const by = answer.budget === undefined ? answer.message : `budget ${answer.budget}`;
    refused.push(`node ${pod.node}: ${pod.namespace}/${pod.name} is held by ${by}`);
  }
  return refused;
}

function timedOut(
  cluster: ArmId,
  pods: readonly BoundPod[],
  refused: readonly string[],
  { timeoutMilliseconds }: DrainSettings,
): FleetwrightError {
  const after = formatDuration(timeoutMilliseconds);
  const slow = pods.map(({ node, namespace, name }) => `node ${node}: ${namespace}/${name}`);
  const named = (refused.length > 0 ? refused : slow).slice(0, MAX_NAMED).join("; ");
  return new FleetwrightError("timed-out", `the drain did not end within ${after}: ${named}`, {
    subject: cluster,
    remedy: "the nodes stay cordoned; let the pods go, then run the same step again",
  });
}
