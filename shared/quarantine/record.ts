import type { ArmId } from "../core/arm-id.ts";
import { armKey } from "../core/arm-id.ts";
import {
  byPlace,
  causeOf,
  forbidsEviction,
  ownerOf,
  type BlockedNode,
  type Blocker,
} from "./blocked-node.ts";
import type { Claim } from "./claim.ts";

/** Who holds a node, as it was when it was first seen. */
export interface Holder {
  readonly pod: string | undefined;
  readonly owner: string | undefined;
  readonly pdb: string | undefined;
  readonly disruptionsAllowed: number | undefined;
  readonly healthyPods: number | undefined;
  readonly requiredPods: number | undefined;
  /** How the budget was, for whoever puts it back. */
  readonly pdbLimit?: { readonly minAvailable?: string; readonly maxUnavailable?: string };
  /** Further budgets that select the pod, which therefore is never evicted. */
  readonly overlapping?: readonly string[];
  readonly gracePeriodSeconds?: number | undefined;
}

/** One node under a cause, from its first sight to its proof. Times are ISO 8601. */
export interface QuarantinedNode extends Holder {
  readonly cluster: ArmId;
  readonly nodePool: string;
  readonly node: string;
  /** Other budgets that forbid an eviction from this node, each with one of its pods. */
  readonly alsoHeldBy?: readonly Holder[];
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
export interface QuarantineRecord extends Claim {
  readonly environment: string;
  readonly cause: string;
  readonly nodes: readonly QuarantinedNode[];
  /** Absent between the intent to open the issue and its confirmation. */
  readonly issue?: number;
  readonly issueUrl?: string;
}

/** What one look saw: whom it inspected, what it found there, and which clusters it proved. */
export interface QuarantineSighting {
  readonly at: string;
  readonly inspected: ReadonlySet<string>;
  readonly proved: ReadonlySet<string>;
  readonly blocked: readonly BlockedNode[];
}

/**
 * The blocked nodes of each cause. A node stays with the record that has it until it is proved, even when the
 * budget that held it first was mended and another holds it still: one issue through its whole life. Pure.
 */
export function assignCauses(
  records: readonly QuarantineRecord[],
  blocked: readonly BlockedNode[],
): ReadonlyMap<string, readonly BlockedNode[]> {
  const causes = new Map<string, BlockedNode[]>();
  for (const node of blocked.toSorted(byPlace)) {
    const known = records.find(({ nodes }) =>
      nodes.some((entry) => isSame(entry, node) && !entry.resolvedAt),
    );
    const cause = known?.cause ?? causeOf(node);
    causes.set(cause, [...(causes.get(cause) ?? []), node]);
  }
  return causes;
}

/**
 * The record after a look. Pure. A node that was seen stays on record until its cluster is proved;
 * a cluster that was not inspected changes nothing. `found` are the nodes of the record's cause.
 */
export function updateRecord(
  record: QuarantineRecord,
  found: readonly BlockedNode[],
  sighting: QuarantineSighting,
): QuarantineRecord {
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
  const held = found.find((node) => isSame(entry, node));
  if (held) {
    const { releasedAt: _again, ...again } = entry;
    return withHolders(again, held);
  }
  const released = { ...entry, releasedAt: entry.releasedAt ?? at };
  return proved.has(armKey(entry.cluster)) ? { ...released, resolvedAt: at } : released;
}

function isSame(entry: QuarantinedNode, node: BlockedNode): boolean {
  return entry.node === node.node && armKey(entry.cluster) === armKey(node.cluster);
}

/** A row of table storage is bounded, and nobody reads more budgets of one node. */
const MAX_OTHER_HOLDERS = 9;

/** Budgets that came to hold the node later. One that is named stays so, for whoever has to put it back. */
function withHolders(entry: QuarantinedNode, node: BlockedNode): QuarantinedNode {
  const known = entry.alsoHeldBy ?? [];
  const named = new Set([entry.pdb, ...known.map(({ pdb }) => pdb)]);
  const fresh = forbiddingHolders(node).filter(({ pdb }) => !named.has(pdb));
  if (fresh.length === 0) return entry;
  return { ...entry, alsoHeldBy: [...known, ...fresh].slice(0, MAX_OTHER_HOLDERS) };
}

/** One for each budget, by its name. */
function forbiddingHolders({ blockers }: BlockedNode): readonly Holder[] {
  const holders = new Map(
    blockers
      .filter(forbidsEviction)
      .map(holderOf)
      .map((holder) => [holder.pdb, holder]),
  );
  return [...holders.values()].toSorted((a, b) => ((a.pdb ?? "") < (b.pdb ?? "") ? -1 : 1));
}

function quarantinedNode(node: BlockedNode, cause: string, since: string): QuarantinedNode {
  const blocker =
    node.blockers.find(
      (one) =>
        `grace:${ownerOf(one)}` === cause ||
        (one.budget && `pdb:${one.budget.namespace}/${one.budget.name}` === cause),
    ) ?? node.blockers[0];
  const entry = {
    cluster: node.cluster,
    nodePool: node.nodePool,
    node: node.node,
    ...(blocker ? holderOf(blocker) : NOBODY),
    drainTimeoutMinutes: node.drainTimeoutMinutes,
    capacity: node.capacity,
    since,
  };
  return withHolders(entry, node);
}

const NOBODY: Holder = {
  pod: undefined,
  owner: undefined,
  pdb: undefined,
  disruptionsAllowed: undefined,
  healthyPods: undefined,
  requiredPods: undefined,
};

function holderOf({ namespace, pod, owner, budget, overlapping, ...rest }: Blocker): Holder {
  const { minAvailable, maxUnavailable } = budget ?? {};
  return {
    pod: `${namespace}/${pod}`,
    owner,
    pdb: budget && `${budget.namespace}/${budget.name}`,
    disruptionsAllowed: budget?.disruptionsAllowed,
    healthyPods: budget?.currentHealthy,
    requiredPods: budget?.desiredHealthy,
    ...(budget && {
      pdbLimit: {
        ...(minAvailable !== undefined && { minAvailable }),
        ...(maxUnavailable !== undefined && { maxUnavailable }),
      },
    }),
    ...(overlapping && {
      overlapping: overlapping.map((other) => `${other.namespace}/${other.name}`),
    }),
    gracePeriodSeconds: rest.gracePeriodSeconds,
  };
}

/**
 * Two instances that see one node at once, and under different causes, record it twice: it stays with the record whose
 * issue exists, or else with the one that saw it first, and the other gives it up. Pure.
 */
export function withoutDoubles(records: readonly QuarantineRecord[]): readonly QuarantineRecord[] {
  const keepers = new Map<string, QuarantineRecord>();
  const claims = records.flatMap((record) => record.nodes.map((node) => ({ record, node })));
  for (const { record, node } of claims.filter(isOpen).toSorted(byPrecedence)) {
    const key = keyOf(node);
    if (!keepers.has(key)) keepers.set(key, record);
  }
  return records.map((record) => {
    const nodes = record.nodes.filter(
      (node) => node.resolvedAt ?? keepers.get(keyOf(node)) === record,
    );
    return nodes.length === record.nodes.length ? record : { ...record, nodes };
  });
}

interface Entry {
  readonly record: QuarantineRecord;
  readonly node: QuarantinedNode;
}

function isOpen({ node }: Entry): boolean {
  return !node.resolvedAt;
}

function byPrecedence(a: Entry, b: Entry): number {
  const told = Number(a.record.issue === undefined) - Number(b.record.issue === undefined);
  return (
    told || a.node.since.localeCompare(b.node.since) || a.record.cause.localeCompare(b.record.cause)
  );
}

function keyOf({ cluster, node }: QuarantinedNode): string {
  return `${armKey(cluster)}/${node}`;
}

/** No node is left to it: each is proved, or told of under another cause. */
export function isResolved(record: QuarantineRecord): boolean {
  return record.nodes.every((node) => node.resolvedAt);
}

/** The issue says what the record says, if there is anything to say, and nobody may still change it. */
export function isConfirmed(record: QuarantineRecord): boolean {
  const isTold = record.issue !== undefined || record.nodes.length === 0;
  return isTold && record.claimedUntil === undefined && record.doubtUntil === undefined;
}
