import { armKey } from "../core/arm-id.ts";
import { SECOND } from "../core/duration.ts";
import type { Clock } from "../core/clock.ts";
import { toError } from "../core/errors.ts";
import { oncePer } from "../core/once-per.ts";
import { inspectBlockedNodes, type BlockedNode } from "../quarantine/blocked-node.ts";
import type { ClusterNodes, NodeReader, NodeView } from "../quarantine/ports.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import { worstOf, type CheckResult, type Outcome } from "./check.ts";
import { needsLook } from "./gate.ts";
import type { Ledger } from "./ledger.ts";
import type { MemberStatus, StageStatus, UpdateRun } from "./ports.ts";
import { ruleFor, type Rollout } from "./rollout.ts";
import { nodeVersionOf, targetsOf } from "./targets.ts";
import { baselineOf, verifyNodes, type Verdict } from "./verify.ts";
import { unavailableOf, verifyWorkloads, type WorkloadReader } from "./workloads.ts";

/** What one look saw of one member. */
export interface Look {
  readonly member: MemberStatus;
  readonly cluster: ManagedCluster | undefined;
  readonly nodes: ClusterNodes;
  /** Of the nodes alone: what snapshots and quarantine go by. */
  readonly verdict: Verdict;
  /** What every check of the stage found, nodes first. */
  readonly checks: readonly CheckResult[];
  /** The worst of them: what gates go by. */
  readonly outcome: Outcome;
  readonly blocked: readonly BlockedNode[];
}

export interface LookInput {
  readonly reader: NodeReader;
  /** Absent: what is declared about workloads cannot be seen. */
  readonly workloads: WorkloadReader | undefined;
  readonly run: UpdateRun;
  readonly rollout: Rollout;
  readonly ledger: Ledger;
  /** By `armKey`. */
  readonly clusters: ReadonlyMap<string, ManagedCluster>;
  /** Clusters with a node on record that is not resolved, by `armKey`. */
  readonly held: ReadonlySet<string>;
  /** Milliseconds since the Unix epoch, by Azure's clock. */
  readonly now: number;
  /** The machines' own time: what is left of the handler's. */
  readonly wallClock: Clock;
}

/** Clusters whose nodes are read in one look; a handler has 30 s, and the next look reads on. */
const MAX_CLUSTERS_PER_LOOK = 60;
/** Clusters that are asked at once. */
const CLUSTERS_AT_ONCE = 20;
/** No further cluster is asked after this: one that does not answer takes 10 s more, and the acts need the rest. */
const LOOK_MILLISECONDS = 8 * SECOND;

export interface PlacedMember {
  readonly stage: StageStatus;
  readonly member: MemberStatus;
}

export const placedMembers = oncePer((run: UpdateRun): readonly PlacedMember[] => {
  const placed: PlacedMember[] = [];
  for (const stage of run.stageStatuses) {
    for (const { members } of stage.groups) {
      for (const member of members) placed.push({ stage, member });
    }
  }
  return placed;
});

/** Reads and judges the nodes of every member whose upgrade is over and that is not proved yet. */
export async function lookAtMembers(input: LookInput): Promise<readonly Look[]> {
  const due = placedMembers(input.run)
    .filter(({ stage, member }) =>
      needsLook({
        member,
        stage,
        record: input.ledger.members.get(member.name),
        captureProven: input.rollout.captureProven,
        gatePending: isGuarded(input.run, stage),
        held: input.held.has(armKey(member.clusterId)),
        now: input.now,
      }),
    )
    .slice(0, MAX_CLUSTERS_PER_LOOK);
  return inBatches(input.wallClock, due, (placed) => lookAt(input, placed));
}

/** Some at once, until the time is up: the next look goes on with who is left. */
async function inBatches<T, R>(
  wallClock: Clock,
  items: readonly T[],
  task: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const deadline = wallClock.now() + LOOK_MILLISECONDS;
  const results: R[] = [];
  for (let start = 0; start < items.length; start += CLUSTERS_AT_ONCE) {
    if (start > 0 && wallClock.now() >= deadline) break;
    results.push(...(await Promise.all(items.slice(start, start + CLUSTERS_AT_ONCE).map(task))));
  }
  return results;
}

/** Does a gate wait behind this stage: after it, or before the stage that comes next? */
function isGuarded({ stageStatuses }: UpdateRun, stage: StageStatus): boolean {
  const next = stageStatuses[stageStatuses.indexOf(stage) + 1];
  const gates = [
    ...stage.afterGates,
    ...(next?.beforeGates ?? []),
    ...(next?.groups.flatMap(({ beforeGates }) => beforeGates) ?? []),
  ];
  return gates.some(({ gateId, state }) => gateId !== undefined && state === "Pending");
}

async function lookAt(input: LookInput, placed: PlacedMember): Promise<Look> {
  const cluster = input.clusters.get(armKey(placed.member.clusterId));
  if (!cluster) return blindLook(placed, undefined, "its cluster cannot be found in Azure");
  try {
    return await lookAtCluster(input, placed, cluster);
  } catch (error) {
    // It went dark between two requests: what was seen before that is no basis for a verdict.
    return blindLook(placed, cluster, toError(error).message);
  }
}

function blindLook(
  { member }: PlacedMember,
  cluster: ManagedCluster | undefined,
  reason: string,
): Look {
  const nodes = { visible: false, reason } as const;
  const verdict = verifyNodes({
    nodes,
    targets: new Map(),
    baseline: new Set(),
    toleratedNotReady: 0,
    now: 0,
  });
  const checks = [nodesCheck(verdict)];
  return { member, cluster, nodes, verdict, checks, outcome: verdict.outcome, blocked: [] };
}

async function lookAtCluster(
  input: LookInput,
  { stage, member }: PlacedMember,
  cluster: ManagedCluster,
): Promise<Look> {
  const { reader, run, rollout, ledger, now } = input;
  const rule = ruleFor(rollout, run.stageStatuses, stage.name);
  const nodes = await reader.readNodes(member.clusterId);
  const targets = targetsOf(cluster, run, rollout);
  const images = targets?.images ?? new Map<string, string>();
  const verdict = targets
    ? verifyNodes({
        nodes,
        targets: images,
        shortcomings: targets.shortcomings,
        kubernetesVersion: nodeVersionOf(rollout),
        baseline: new Set(ledger.baselines.get(member.name) ?? []),
        toleratedNotReady: rule?.toleratedNotReady ?? 0,
        now,
      })
    : UNPROVABLE;
  const blocked = await inspectBlockedNodes(reader, {
    cluster: member.clusterId,
    nodes,
    isLeftBehind: (node) => member.state === "Failed" && isOffTarget(node, images),
    pools: cluster.nodePools,
  });
  const workloads = await checkWorkloads(input, member, rule?.namespaces ?? []);
  const checks = [nodesCheck(verdict), ...workloads];
  const outcome = worstOf(checks.map((check) => check.outcome));
  return { member, cluster, nodes, verdict, checks, outcome, blocked };
}

/** Nobody knows which image its nodes should carry: that is no pass. */
const UNPROVABLE: Verdict = {
  outcome: "unknown",
  reasons: ["Azure chose the node images and does not say which: they cannot be proved"],
  nodesUpgraded: 0,
  provedPools: [],
};

function nodesCheck({ outcome, reasons, nodesUpgraded }: Verdict): CheckResult {
  const detail =
    reasons[0] ?? `${nodesUpgraded} nodes on their target image, Ready and schedulable`;
  return { check: "nodes", outcome, detail };
}

async function checkWorkloads(
  { workloads, ledger }: LookInput,
  { name, clusterId }: MemberStatus,
  namespaces: readonly string[],
): Promise<readonly CheckResult[]> {
  if (namespaces.length === 0) return [];
  const seen = workloads
    ? await workloads.readWorkloads(clusterId, namespaces)
    : ({ visible: false, reason: "nothing reads them here" } as const);
  const baseline = new Set(ledger.workloadBaselines.get(name) ?? []);
  return [verifyWorkloads({ seen, namespaces, baseline })];
}

function isOffTarget(node: NodeView, targets: ReadonlyMap<string, string>): boolean {
  const target = targets.get(node.nodePool);
  return target !== undefined && node.nodeImageVersion !== target;
}

/** What was unhealthy at a member before the run touched it: not held against the run. */
export interface Baseline {
  readonly member: string;
  /** Names of nodes. */
  readonly nodes: readonly string[];
  /** Undefined when the stage does not check workloads, or they could not be seen. */
  readonly workloads: readonly string[] | undefined;
}

export async function readBaselines(
  input: Pick<LookInput, "reader" | "workloads" | "run" | "rollout" | "ledger" | "wallClock">,
): Promise<readonly Baseline[]> {
  const untouched = placedMembers(input.run)
    .filter(({ member }) => member.state === "NotStarted")
    .filter(({ member }) => !input.ledger.baselines.has(member.name))
    .slice(0, MAX_CLUSTERS_PER_LOOK);
  const seen = await inBatches(input.wallClock, untouched, (placed) => readBaseline(input, placed));
  return seen.flat();
}

async function readBaseline(
  { reader, workloads, run, rollout }: Pick<LookInput, "reader" | "workloads" | "run" | "rollout">,
  { stage, member }: PlacedMember,
): Promise<readonly Baseline[]> {
  const nodes = await reader.readNodes(member.clusterId);
  if (!nodes.visible) return [];
  const namespaces = ruleFor(rollout, run.stageStatuses, stage.name)?.namespaces ?? [];
  const seen =
    namespaces.length > 0
      ? await workloads?.readWorkloads(member.clusterId, namespaces)
      : undefined;
  const unavailable = seen?.visible ? unavailableOf(seen) : undefined;
  return [{ member: member.name, nodes: baselineOf(nodes), workloads: unavailable }];
}
