import type { ArmId } from "../core/arm-id.ts";
import { armKey } from "../core/arm-id.ts";
import { ownerOf, type BlockedNode, type Cause } from "./blocked-node.ts";

/** One node under a cause, from its first sight to its proof. Times are ISO 8601. */
export interface QuarantinedNode {
  readonly cluster: ArmId;
  readonly nodePool: string;
  readonly node: string;
  readonly pod: string | undefined;
  readonly owner: string | undefined;
  readonly pdb: string | undefined;
  readonly disruptionsAllowed: number | undefined;
  readonly healthyPods: number | undefined;
  readonly requiredPods: number | undefined;
  /** How the budget was, for whoever puts it back. */
  readonly pdbLimit?: { readonly minAvailable?: string; readonly maxUnavailable?: string };
  readonly gracePeriodSeconds?: number | undefined;
  readonly drainTimeoutMinutes?: number | undefined;
  /** Of its pool, when it was first seen. */
  readonly capacity?: { readonly schedulable: number; readonly wanted: number } | undefined;
  readonly since: string;
  /** The node carries the label no more; its pool is not proved yet. */
  readonly releasedAt?: string;
  /** Its pool was proved: every node on its target, Ready and schedulable. */
  readonly resolvedAt?: string;
}

/** What is remembered of a cause in an environment: one row, one issue. */
export interface QuarantineRecord {
  readonly environment: string;
  readonly cause: string;
  readonly nodes: readonly QuarantinedNode[];
  /** Absent between the intent to open the issue and its confirmation. */
  readonly issue?: number;
  readonly issueUrl?: string;
  /** Somebody is writing the issue until this time (milliseconds since the Unix epoch) at the latest. */
  readonly claimedUntil?: number;
}

/** What one look saw: whom it inspected, what it found there, and which clusters it proved. */
export interface QuarantineSighting {
  readonly at: string;
  readonly inspected: ReadonlySet<string>;
  readonly proved: ReadonlySet<string>;
  readonly causes: readonly Cause[];
}

/**
 * The record after a look. Pure. A node that was seen stays on record until its cluster is proved;
 * a cluster that was not inspected changes nothing.
 */
export function updateRecord(
  record: QuarantineRecord,
  sighting: QuarantineSighting,
): QuarantineRecord {
  const found = sighting.causes.find((cause) => cause.key === record.cause)?.nodes ?? [];
  const known = record.nodes.map((node) => updateNode(node, found, sighting));
  const fresh = found
    .filter((node) => !known.some((entry) => isSame(entry, node) && !entry.resolvedAt))
    .map((node) => quarantinedNode(node, record.cause, sighting.at));
  return { ...record, nodes: [...known, ...fresh] };
}

function updateNode(
  entry: QuarantinedNode,
  found: readonly BlockedNode[],
  { at, inspected, proved }: QuarantineSighting,
): QuarantinedNode {
  if (entry.resolvedAt || !inspected.has(armKey(entry.cluster))) return entry;
  if (found.some((node) => isSame(entry, node))) {
    const { releasedAt: _again, ...held } = entry;
    return held;
  }
  const released = { ...entry, releasedAt: entry.releasedAt ?? at };
  return proved.has(armKey(entry.cluster)) ? { ...released, resolvedAt: at } : released;
}

function isSame(entry: QuarantinedNode, node: BlockedNode): boolean {
  return entry.node === node.node && armKey(entry.cluster) === armKey(node.cluster);
}

function quarantinedNode(node: BlockedNode, cause: string, since: string): QuarantinedNode {
  const blocker =
    node.blockers.find(
      (one) =>
        `grace:${ownerOf(one)}` === cause ||
        (one.budget && `pdb:${one.budget.namespace}/${one.budget.name}` === cause),
    ) ?? node.blockers[0];
  const { minAvailable, maxUnavailable } = blocker?.budget ?? {};
  return {
    cluster: node.cluster,
    nodePool: node.nodePool,
    node: node.node,
    pod: blocker && `${blocker.namespace}/${blocker.pod}`,
    owner: blocker?.owner,
    pdb: blocker?.budget && `${blocker.budget.namespace}/${blocker.budget.name}`,
    disruptionsAllowed: blocker?.budget?.disruptionsAllowed,
    healthyPods: blocker?.budget?.currentHealthy,
    requiredPods: blocker?.budget?.desiredHealthy,
    ...(blocker?.budget && {
      pdbLimit: {
        ...(minAvailable !== undefined && { minAvailable }),
        ...(maxUnavailable !== undefined && { maxUnavailable }),
      },
    }),
    gracePeriodSeconds: blocker?.gracePeriodSeconds,
    drainTimeoutMinutes: node.drainTimeoutMinutes,
    capacity: node.capacity,
    since,
  };
}

export function isResolved(record: QuarantineRecord): boolean {
  return record.nodes.length > 0 && record.nodes.every((node) => node.resolvedAt);
}

/** The issue was written and says what the record says: nobody's claim is left over. */
export function isConfirmed(record: QuarantineRecord): boolean {
  return record.issue !== undefined && record.claimedUntil === undefined;
}
