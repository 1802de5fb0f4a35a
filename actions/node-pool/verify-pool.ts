import type { ArmId } from "../../shared/core/arm-id.ts";
import { toError } from "../../shared/core/errors.ts";
import type { PoolTarget } from "../../shared/node-pool/plan.ts";
import type { NodePoolDetails } from "../../shared/node-pool/ports.ts";
import { inspectBlockedNodes } from "../../shared/quarantine/blocked-node.ts";
import type { BlockedNode } from "../../shared/quarantine/blocked-node.ts";
import type { ClusterNodes, NodeView } from "../../shared/quarantine/ports.ts";
import { verifyPools } from "../../shared/update-run/verify-pools.ts";
import type { Verdict } from "../../shared/update-run/verify.ts";
import { askUntil } from "../runner/waiting.ts";
import type { NodePoolDeps, NodePoolInputs } from "./inputs.ts";

export interface VerifiedPool {
  readonly pool: NodePoolDetails | undefined;
  /** Undefined when nobody wanted it. */
  readonly verdict: Verdict | undefined;
  readonly nodesSeen: number;
  readonly blocked: readonly BlockedNode[];
  /** Why the pods of blocked nodes are not told. */
  readonly podsUnread: string | undefined;
}

interface Scope {
  readonly inputs: NodePoolInputs;
  readonly deps: NodePoolDeps;
  readonly poolId: ArmId;
}

interface Expected {
  readonly target: PoolTarget;
  /** Nodes that were in a bad state before. */
  readonly baseline: ReadonlySet<string>;
}

/** The truth about the pool, from its nodes; looks again while nodes are still settling. */
export async function verifyPool(scope: Scope, expected: Expected): Promise<VerifiedPool> {
  const { inputs, deps, poolId } = scope;
  const pool = await deps.nodePools.getPool(poolId);
  if (inputs.verify === "none") {
    return { pool, verdict: undefined, nodesSeen: 0, blocked: [], podsUnread: undefined };
  }
  const { nodes, verdict } = await askUntil(
    deps.waiting,
    async () => {
      const seen = ofPool(await deps.nodes.readNodes(inputs.cluster), inputs.nodePool);
      return { nodes: seen, verdict: judge(scope, pool, seen, expected) };
    },
    (answer) => answer.verdict.outcome !== "inconclusive",
  );
  const nodesSeen = nodes.visible ? nodes.nodes.length : 0;
  return { pool, verdict, nodesSeen, ...(await blockedIn(scope, nodes, expected)) };
}

function ofPool(nodes: ClusterNodes, pool: string): ClusterNodes {
  if (!nodes.visible) return nodes;
  return { visible: true, nodes: nodes.nodes.filter((node) => node.nodePool === pool) };
}

function judge(
  { inputs, deps }: Scope,
  pool: NodePoolDetails | undefined,
  nodes: ClusterNodes,
  { target, baseline }: Expected,
): Verdict {
  if (pool === undefined) return judgeGone(inputs.nodePool, nodes);
  const expected = {
    name: pool.name,
    count: pool.count,
    nodeImageVersion: target.nodeImageVersion ?? pool.nodeImageVersion,
    kubernetesVersion: target.kubernetesVersion ?? pool.kubernetesVersion,
  };
  return verifyPools({ nodes, pools: [expected], baseline, now: deps.now() });
}

/** A pool that was deleted leaves no node behind. */
function judgeGone(pool: string, nodes: ClusterNodes): Verdict {
  if (!nodes.visible) {
    const reasons = [`the nodes cannot be seen: ${nodes.reason}`];
    return { outcome: "unknown", reasons, nodesUpgraded: 0, provedPools: [] };
  }
  const left = nodes.nodes.length;
  return {
    outcome: left === 0 ? "pass" : "inconclusive",
    reasons: left === 0 ? [] : [`pool ${pool} is gone, ${left} of its nodes are not`],
    nodesUpgraded: 0,
    provedPools: [],
  };
}

async function blockedIn(
  { inputs, deps }: Scope,
  nodes: ClusterNodes,
  { target }: Expected,
): Promise<Pick<VerifiedPool, "blocked" | "podsUnread">> {
  const { cluster } = inputs;
  const isLeftBehind = ({ nodeImageVersion }: NodeView) =>
    target.nodeImageVersion !== undefined && nodeImageVersion !== target.nodeImageVersion;
  try {
    const blocked = await inspectBlockedNodes(deps.nodes, { cluster, nodes, isLeftBehind });
    return { blocked, podsUnread: undefined };
  } catch (thrown) {
    // That nodes are quarantined is known; who holds them is not, and says so.
    const found = nodes.visible ? nodes.nodes.filter((node) => node.quarantined) : [];
    const blocked = found.map(({ name, nodePool, nodeImageVersion, quarantined }) => ({
      cluster,
      nodePool,
      node: name,
      nodeImageVersion,
      quarantined,
      blockers: [],
    }));
    return { blocked, podsUnread: toError(thrown).message };
  }
}
