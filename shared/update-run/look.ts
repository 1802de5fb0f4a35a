import { armKey } from "../core/arm-id.ts";
import { parseNodeImage } from "../core/node-image.ts";
import { inspectBlockedNodes, type BlockedNode } from "../quarantine/blocked-node.ts";
import type { ClusterNodes, NodeReader, NodeView } from "../quarantine/ports.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import { needsLook } from "./gate.ts";
import type { Ledger } from "./ledger.ts";
import type { MemberStatus, StageStatus, UpdateRun } from "./ports.ts";
import type { Rollout } from "./rollout.ts";
import { baselineOf, verifyNodes, type Verdict } from "./verify.ts";

/** What one look saw of one member. */
export interface Look {
  readonly member: MemberStatus;
  readonly cluster: ManagedCluster | undefined;
  readonly nodes: ClusterNodes;
  readonly verdict: Verdict;
  readonly blocked: readonly BlockedNode[];
}

export interface LookInput {
  readonly reader: NodeReader;
  readonly run: UpdateRun;
  readonly rollout: Rollout;
  readonly ledger: Ledger;
  /** By `armKey`. */
  readonly clusters: ReadonlyMap<string, ManagedCluster>;
  /** Clusters with a node on record that is not resolved, by `armKey`. */
  readonly held: ReadonlySet<string>;
  /** Milliseconds since the Unix epoch, by Azure's clock. */
  readonly now: number;
}

/** Clusters whose nodes are read in one look; a handler has 30 s, and the next look reads on. */
const MAX_CLUSTERS_PER_LOOK = 60;

export interface PlacedMember {
  readonly stage: StageStatus;
  readonly member: MemberStatus;
}

export function placedMembers(run: UpdateRun): readonly PlacedMember[] {
  return run.stageStatuses.flatMap((stage) =>
    stage.groups.flatMap(({ members }) => members.map((member) => ({ stage, member }))),
  );
}

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
  return Promise.all(due.map((placed) => lookAt(input, placed)));
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

async function lookAt(input: LookInput, { stage, member }: PlacedMember): Promise<Look> {
  const { reader, rollout, ledger, now } = input;
  const cluster = input.clusters.get(armKey(member.clusterId));
  const nodes = await reader.readNodes(member.clusterId);
  const targets = targetsOf(cluster, imagesOf(input.run, rollout));
  const verdict =
    targets === undefined
      ? UNPROVABLE
      : verifyNodes({
          nodes,
          targets,
          baseline: new Set(ledger.baselines.get(member.name) ?? []),
          toleratedNotReady: rollout.toleratedNotReady.get(stage.name) ?? 0,
          now,
        });
  const blocked = await inspectBlockedNodes(reader, {
    cluster: member.clusterId,
    nodes,
    isLeftBehind: (node) => member.state === "Failed" && isOffTarget(node, targets ?? new Map()),
  });
  return { member, cluster, nodes, verdict, blocked };
}

function isOffTarget(node: NodeView, targets: ReadonlyMap<string, string>): boolean {
  const target = targets.get(node.nodePool);
  return target !== undefined && node.nodeImageVersion !== target;
}

/** Nobody knows which image its nodes should carry: that is no pass. */
const UNPROVABLE: Verdict = {
  outcome: "unknown",
  reasons: ["Azure chose the node images and does not say which: they cannot be proved"],
  nodesUpgraded: 0,
  provedPools: [],
};

/** Version by image family: the pins, or what Azure says that it chose; undefined when it does not say. */
function imagesOf(
  { selectedImages }: UpdateRun,
  { nodeImages, nodeImageSelection = "Custom" }: Rollout,
): Readonly<Record<string, string>> | undefined {
  if (nodeImageSelection === "Custom") return nodeImages;
  const images = selectedImages?.map(parseNodeImage);
  return images && Object.fromEntries(images.map(({ family, version }) => [family, version]));
}

/** The image that the run had to bring to each pool of a cluster: the pin of the pool's family. */
function targetsOf(
  cluster: ManagedCluster | undefined,
  images: Readonly<Record<string, string>> | undefined,
): ReadonlyMap<string, string> | undefined {
  if (images === undefined) return undefined;
  const targets = (cluster?.nodePools ?? []).flatMap((pool): readonly [string, string][] => {
    const { family } = parseNodeImage(pool.nodeImageVersion);
    const pin = images[family];
    return pin === undefined || pool.count === 0 ? [] : [[pool.name, `${family}-${pin}`]];
  });
  return new Map(targets);
}

/** Unhealthy nodes of members that the run has not touched yet, by member: not held against the run. */
export async function readBaselines(
  input: Pick<LookInput, "reader" | "run" | "ledger">,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const untouched = placedMembers(input.run)
    .map(({ member }) => member)
    .filter(({ name, state }) => state === "NotStarted" && !input.ledger.baselines.has(name))
    .slice(0, MAX_CLUSTERS_PER_LOOK);
  const seen = await Promise.all(
    untouched.map(async (member): Promise<readonly [string, readonly string[]][]> => {
      const nodes = await input.reader.readNodes(member.clusterId);
      return nodes.visible ? [[member.name, baselineOf(nodes)]] : [];
    }),
  );
  return new Map(seen.flat());
}
