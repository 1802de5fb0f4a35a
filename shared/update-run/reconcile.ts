import { armKey } from "../core/arm-id.ts";
import { announce } from "../core/outbox.ts";
import { flagQuarantine, readQuarantine, type FlagDeps } from "../quarantine/flag.ts";
import type { NodeReader } from "../quarantine/ports.ts";
import { isConfirmed, isResolved, type QuarantineRecord } from "../quarantine/record.ts";
import { findClusters } from "../snapshot/fleet-clusters.ts";
import type { ClusterInventory, ManagedCluster, SnapshotPort } from "../snapshot/ports.ts";
import { hasReachedGate, judgeGates, type ApproveDeps } from "./approve.ts";
import { nextCheckAt, seenOf, type Remainder } from "./due.ts";
import { isDone, isExcused, isSettled, type MemberRecord } from "./gate.ts";
import { ledgerPartition, readLedger, writeRow, type Ledger, type RunRecord } from "./ledger.ts";
import { noticesOf } from "./notices.ts";
import { lookAtMembers, placedMembers, readBaselines, type Look } from "./look.ts";
import { obstaclesOf } from "./obstacles.ts";
import type { UpdateRun } from "./ports.ts";
import { reportRun, type RunReporter } from "./report.ts";
import { takeProvenSnapshots } from "./prove.ts";
import type { Rollout } from "./rollout.ts";
import type { WorkloadReader } from "./workloads.ts";

export interface ReconcileDeps extends FlagDeps, ApproveDeps {
  readonly inventory: ClusterInventory;
  readonly nodes: NodeReader;
  /** Absent: a strategy that checks workloads is never satisfied. */
  readonly workloads?: WorkloadReader;
  readonly snapshots: SnapshotPort;
  /** Who shows the run at its commit; absent: nobody. */
  readonly reporter?: RunReporter;
}

/** A row holds this many reasons: the worst come first, and a row of table storage is bounded. */
const MAX_REASONS = 10;

/**
 * One look at a run: read the world, decide, act, record. Every handler and the sweep call it; called
 * twice, or by two instances at once, it does no more than called once.
 */
export async function reconcile(
  deps: ReconcileDeps,
  run: UpdateRun,
  rollout: Rollout,
): Promise<void> {
  const partition = ledgerPartition(run);
  const ledger = await readLedger(deps.store, partition);
  if (ledger.run?.closedAt && run.status.state === "Completed") return;
  const baselines = await recordBaselines(deps, { run, rollout, partition, ledger });
  const clusters = await clustersOf(deps, run);
  const looks = await look(deps, { run, rollout, ledger, clusters });
  const records = await recordVerdicts(deps, { run, rollout, partition, ledger, looks });
  const quarantine = await flagBlockedNodes(deps, rollout.environment, looks);
  const obstacles = obstaclesOf(run, clusters, quarantine);
  const gates = { run, rollout, partition, records, obstacles };
  const gatesDue = await judgeGates(deps, gates);
  const closed = isClosed(run, rollout, records, quarantine);
  const told = await tell(deps, { run, rollout, partition, ledger, quarantine, closed });
  const { captureProven } = rollout;
  const settled = told && quarantine.every(isFinished);
  const remainder = { run, records, captureProven, baselines, settled, gatesDue };
  await recordRun(deps, { rollout, partition, closed: closed && told, remainder });
}

/**
 * Only once for each member: what is bad later is held against the run.
 *
 * @returns names of the members that have one now.
 */
async function recordBaselines(
  deps: ReconcileDeps,
  context: {
    readonly run: UpdateRun;
    readonly rollout: Rollout;
    readonly partition: string;
    readonly ledger: Ledger;
  },
): Promise<ReadonlySet<string>> {
  const { run, rollout, partition, ledger } = context;
  const { nodes: reader, workloads, wallClock } = deps;
  const baselines = await readBaselines({ reader, workloads, run, rollout, ledger, wallClock });
  for (const { member, nodes, workloads: unavailable } of baselines) {
    await deps.store.insert(partition, `baseline:${member}`, nodes);
    if (unavailable) await deps.store.insert(partition, `workloads:${member}`, unavailable);
  }
  return new Set([...ledger.baselines.keys(), ...baselines.map(({ member }) => member)]);
}

/** By `armKey`; a cluster that was deleted under the run is not among them. */
async function clustersOf(
  deps: ReconcileDeps,
  run: UpdateRun,
): Promise<ReadonlyMap<string, ManagedCluster>> {
  const ids = placedMembers(run).map(({ member }) => member.clusterId);
  const clusters = await findClusters(deps.inventory, ids);
  return new Map(clusters.map((cluster) => [armKey(cluster.id), cluster]));
}

async function look(
  deps: ReconcileDeps,
  context: {
    readonly run: UpdateRun;
    readonly rollout: Rollout;
    readonly ledger: Ledger;
    readonly clusters: ReadonlyMap<string, ManagedCluster>;
  },
): Promise<readonly Look[]> {
  const { run, rollout, ledger, clusters } = context;
  return lookAtMembers({
    run,
    rollout,
    ledger,
    clusters,
    reader: deps.nodes,
    workloads: deps.workloads,
    wallClock: deps.wallClock,
    held: await heldClusters(deps, rollout.environment),
    now: deps.clock.now(),
  });
}

async function heldClusters(
  deps: ReconcileDeps,
  environment: string,
): Promise<ReadonlySet<string>> {
  const rows = await readQuarantine(deps.store, environment);
  const nodes = rows.flatMap(({ value }) => value.nodes).filter(({ resolvedAt }) => !resolvedAt);
  return new Set(nodes.map(({ cluster }) => armKey(cluster)));
}

async function recordVerdicts(
  deps: ReconcileDeps,
  context: {
    readonly run: UpdateRun;
    readonly rollout: Rollout;
    readonly partition: string;
    readonly ledger: Ledger;
    readonly looks: readonly Look[];
  },
): Promise<ReadonlyMap<string, MemberRecord>> {
  const { run, rollout, partition, ledger, looks } = context;
  const proven = await takeProvenSnapshots(deps, run, rollout, looks);
  const at = new Date(deps.clock.now()).toISOString();
  const records = new Map(ledger.members);
  for (const { member, verdict, checks, outcome } of looks) {
    const snapshotIds = proven.get(member.name);
    const others = checks.filter((found) => found.check !== "nodes" && found.outcome !== "pass");
    const record: MemberRecord = {
      outcome,
      reasons: [...verdict.reasons, ...others.map(({ detail }) => detail)].slice(0, MAX_REASONS),
      nodesUpgraded: verdict.nodesUpgraded,
      checks,
      at,
      completedTime: member.completedTime,
      ...(snapshotIds ? { snapshotIds } : {}),
    };
    records.set(member.name, record);
    await writeRow(deps.store, partition, `member:${member.name}`, record);
    const fields = { run: run.name, member: member.name, outcome, reason: record.reasons[0] };
    deps.logger.info("member judged", fields);
  }
  return records;
}

async function flagBlockedNodes(
  deps: ReconcileDeps,
  environment: string,
  looks: readonly Look[],
): Promise<readonly QuarantineRecord[]> {
  const visible = looks.filter(({ nodes }) => nodes.visible);
  return flagQuarantine(deps, environment, {
    at: new Date(deps.clock.now()).toISOString(),
    inspected: clusterKeys(visible),
    proved: clusterKeys(visible.filter((seen) => seen.verdict.outcome === "pass" && isWhole(seen))),
    blocked: visible.flatMap(({ blocked }) => blocked),
  });
}

/**
 * A surge node that AKS kept for a quarantined one stays, and is paid for, until somebody has AKS bring the
 * pool back; until then the pool is not Succeeded, and no snapshot can be taken of it.
 */
function isWhole({ cluster }: Look): boolean {
  return cluster?.nodePools.every((pool) => pool.provisioningState === "Succeeded") ?? false;
}

function clusterKeys(looks: readonly Look[]): ReadonlySet<string> {
  return new Set(looks.map(({ member }) => armKey(member.clusterId)));
}

/** Nothing is left to do for a run that completed, was proved and captured, and left no node behind. */
function isClosed(
  run: UpdateRun,
  rollout: Rollout,
  records: ReadonlyMap<string, MemberRecord>,
  quarantine: readonly QuarantineRecord[],
): boolean {
  const settled = placedMembers(run).every(
    ({ member }) =>
      isExcused(member) ||
      (isDone(member) && isSettled(records.get(member.name), rollout.captureProven)),
  );
  return run.status.state === "Completed" && settled && quarantine.every(isFinished);
}

/** Its nodes are proved, and the issue says so. */
function isFinished(record: QuarantineRecord): boolean {
  return isResolved(record) && isConfirmed(record);
}

/** Before the run is recorded as closed: nobody looks at a closed run again. */
async function tell(
  deps: ReconcileDeps,
  context: {
    readonly run: UpdateRun;
    readonly rollout: Rollout;
    readonly partition: string;
    readonly ledger: Ledger;
    readonly quarantine: readonly QuarantineRecord[];
    readonly closed: boolean;
  },
): Promise<boolean> {
  const { run, rollout, quarantine, closed, partition } = context;
  const { environment, commit } = rollout;
  // What was judged since the look began stands on record.
  const ledger = hasReachedGate(run) ? await readLedger(deps.store, partition) : context.ledger;
  const { gates, said } = ledger;
  const report = { environment, commit, run, gates, quarantine, closed };
  const told = await reportRun(deps, { partition, said }, report);
  const at = new Date(deps.clock.now()).toISOString();
  await announce(deps, noticesOf({ environment, run, closed: closed && told, at }));
  return told;
}

async function recordRun(
  deps: ReconcileDeps,
  context: {
    readonly rollout: Rollout;
    readonly partition: string;
    readonly closed: boolean;
    readonly remainder: Remainder;
  },
): Promise<void> {
  const { rollout, remainder } = context;
  const now = deps.clock.now();
  const record: RunRecord = {
    commit: rollout.commit,
    environment: rollout.environment,
    runId: remainder.run.id,
    seen: seenOf(remainder.run),
    ...(context.closed
      ? { closedAt: new Date(now).toISOString() }
      : { nextCheckAt: new Date(nextCheckAt(remainder, now)).toISOString() }),
  };
  await writeRow(deps.store, context.partition, "run", record);
}
