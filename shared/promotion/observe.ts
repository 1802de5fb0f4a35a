import { armKey } from "../core/arm-id.ts";
import { isError } from "../core/errors.ts";
import { parseNodeImage } from "../core/node-image.ts";
import type { NodeReader } from "../quarantine/ports.ts";
import { readClusters, subscriptionsOf } from "../snapshot/fleet-clusters.ts";
import type { ClusterInventory, ManagedCluster, SnapshotPort } from "../snapshot/ports.ts";
import { TAG_KIND } from "../snapshot/tags.ts";
import { isExcused } from "../update-run/gate.ts";
import type { CheckPort } from "../update-run/checks.ts";
import type { MemberStatus } from "../update-run/ports.ts";
import { ruleFor } from "../update-run/rollout.ts";
import { readSkips, skipOf, type SkipRecord } from "../update-run/skip-record.ts";
import { membersOf, type PlacedMember } from "../update-run/state.ts";
import { nodeVersionOf, targetsOf } from "../update-run/targets.ts";
import { verifyNodes, type Verdict } from "../update-run/verify.ts";
import type { SourceRun } from "./source-run.ts";

export interface MemberEvidence {
  readonly stage: string;
  readonly member: MemberStatus;
  /** A person took it out of the run: it proves nothing. */
  readonly excused: boolean;
  /** Who did, and why; undefined when nobody recorded it. */
  readonly skip: SkipRecord | undefined;
  /** Undefined for an excused member. */
  readonly verdict: Verdict | undefined;
  readonly quarantined: readonly string[];
}

/** What is seen of a run's members when its promotion is judged. */
export interface Observed {
  readonly members: readonly MemberEvidence[];
  /** Node pools that must have a proven snapshot, and those that have none: `cluster/pool`. */
  readonly provenPools: number;
  readonly unprovenPools: readonly string[];
  /** What was recorded as skipped, newest first; undefined when the token may not read checks. */
  readonly skips: readonly SkipRecord[] | undefined;
}

export interface ObserveDeps {
  readonly checks: CheckPort;
  readonly inventory: ClusterInventory;
  readonly nodes: NodeReader;
  readonly snapshots: SnapshotPort;
  /** Azure's time. */
  now(): number;
}

/** Reads the nodes and snapshots of everything that a run upgraded; decides nothing. */
export async function observe(deps: ObserveDeps, source: SourceRun): Promise<Observed> {
  const placed = membersOf(source.run);
  const ids = placed.map(({ member }) => member.clusterId);
  const clusters = new Map(
    (await readClusters(deps.inventory, ids)).map((cluster) => [armKey(cluster.id), cluster]),
  );
  const skips = await readRecords(deps.checks, source);
  const members = await Promise.all(
    placed.map((one) =>
      observeMember(deps, source, clusters.get(armKey(one.member.clusterId)), one, skips ?? []),
    ),
  );
  const upgraded = members.filter(({ excused }) => !excused).map(({ member }) => member.clusterId);
  const wanted = [...clusters.values()].filter(({ id }) =>
    upgraded.some((one) => armKey(one) === armKey(id)),
  );
  return { members, skips, ...(await observeSnapshots(deps, source, wanted)) };
}

/** They tell who skipped what; without them Azure's own words have to do. */
async function readRecords(
  checks: CheckPort,
  { run, rollout }: SourceRun,
): Promise<readonly SkipRecord[] | undefined> {
  try {
    return await readSkips(checks, rollout.commit, run.name);
  } catch (error) {
    if (isError(error, "unauthorized")) return undefined;
    throw error;
  }
}

async function observeMember(
  { nodes: reader, now }: ObserveDeps,
  { run, rollout }: SourceRun,
  cluster: ManagedCluster | undefined,
  { stage, group, member }: PlacedMember,
  skips: readonly SkipRecord[],
): Promise<MemberEvidence> {
  const nodes = await reader.readNodes(member.clusterId);
  const excused = isExcused(member);
  const targets = cluster && targetsOf(cluster, run, rollout);
  const verdict = excused
    ? undefined
    : verifyNodes({
        nodes,
        targets: targets?.images ?? new Map(),
        shortcomings: targets?.shortcomings ?? ["nobody knows which images it should run"],
        kubernetesVersion: nodeVersionOf(rollout),
        baseline: new Set(),
        toleratedNotReady: ruleFor(rollout, run.stageStatuses, stage)?.toleratedNotReady ?? 0,
        now: now(),
      });
  const quarantined = nodes.visible
    ? nodes.nodes.filter((node) => node.quarantined).map(({ name }) => name)
    : [];
  const skip = excused ? skipOf(skips, { stage, group, member: member.name }) : undefined;
  return { stage, member, excused, skip, verdict, quarantined };
}

async function observeSnapshots(
  { snapshots }: ObserveDeps,
  { nodeImages: pins }: SourceRun,
  clusters: readonly ManagedCluster[],
): Promise<Pick<Observed, "provenPools" | "unprovenPools">> {
  const lists = await Promise.all(
    subscriptionsOf(clusters.map(({ id }) => id)).map((id) => snapshots.listSnapshots(id)),
  );
  const proven = new Set(
    lists
      .flat()
      .filter(({ tags }) => tags[TAG_KIND] === "proven")
      .map(({ sourcePool, nodeImageVersion }) => `${armKey(sourcePool)} ${nodeImageVersion}`),
  );
  const wanted = clusters.flatMap((cluster) =>
    cluster.nodePools
      .map((pool) => ({ cluster, pool, family: parseNodeImage(pool.nodeImageVersion).family }))
      .filter(({ pool, family }) => pins[family] !== undefined && pool.count > 0),
  );
  const missing = wanted.filter(
    ({ pool, family }) => !proven.has(`${armKey(pool.id)} ${family}-${pins[family]}`),
  );
  return {
    provenPools: wanted.length - missing.length,
    unprovenPools: missing.map(({ cluster, pool }) => `${cluster.name}/${pool.name}`),
  };
}
