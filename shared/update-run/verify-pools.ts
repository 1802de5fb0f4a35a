import type { ClusterNodes, NodeView } from "../quarantine/ports.ts";
import { verifyNodes } from "./verify.ts";
import type { Verdict } from "./verify.ts";

export interface ExpectedPool {
  readonly name: string;
  readonly nodeImageVersion: string;
  readonly kubernetesVersion: string;
  readonly count: number;
}

/** Proves node pools from their nodes: image, Kubernetes version, readiness, and that all have come. */
export function verifyPools(input: {
  readonly nodes: ClusterNodes;
  readonly pools: readonly ExpectedPool[];
  readonly baseline: ReadonlySet<string>;
  readonly now: number;
}): Verdict {
  const { nodes, baseline, now } = input;
  // A pool that is scaled to zero has nothing to prove.
  const pools = input.pools.filter(({ count }) => count > 0);
  if (nodes.visible && pools.length === 0) {
    return { outcome: "pass", reasons: [], nodesUpgraded: 0, provedPools: [] };
  }
  const targets = new Map(pools.map((pool) => [pool.name, pool.nodeImageVersion]));
  const verdict = verifyNodes({ nodes, targets, baseline, toleratedNotReady: 0, now });
  if (!nodes.visible || verdict.outcome === "fail") return verdict;
  const behind = pools.flatMap((pool) => nodesBehind(nodes.nodes, pool));
  const missing = pools.flatMap((pool) => nodesMissing(nodes.nodes, pool));
  const reasons = [...behind, ...verdict.reasons, ...missing];
  if (behind.length > 0) return { ...verdict, outcome: "fail", reasons };
  return missing.length > 0 ? { ...verdict, outcome: "inconclusive", reasons } : verdict;
}

function nodesBehind(nodes: readonly NodeView[], pool: ExpectedPool): readonly string[] {
  return nodes
    .filter((node) => node.nodePool === pool.name)
    .filter((node) => node.kubernetesVersion !== pool.kubernetesVersion)
    .map(
      (node) =>
        `node ${node.name} of pool ${pool.name} runs Kubernetes ${node.kubernetesVersion}, not ${pool.kubernetesVersion}`,
    );
}

function nodesMissing(nodes: readonly NodeView[], pool: ExpectedPool): readonly string[] {
  const present = nodes.filter((node) => node.nodePool === pool.name).length;
  if (present === 0 || present >= pool.count) return [];
  return [`pool ${pool.name} shows ${present} of ${pool.count} nodes`];
}
