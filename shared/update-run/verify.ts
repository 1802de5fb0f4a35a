import { MINUTE } from "../core/duration.ts";
import { compareVersions } from "../core/node-image.ts";
import type { ClusterNodes, NodeView } from "../quarantine/ports.ts";
import type { Outcome } from "./check.ts";

export interface Verdict {
  readonly outcome: Outcome;
  /** Sentences for a person, worst first; empty for a clean pass. */
  readonly reasons: readonly string[];
  /** Nodes on their target image. */
  readonly nodesUpgraded: number;
  /** Node pools that were proved, by name. */
  readonly provedPools: readonly string[];
}

export interface VerificationInput {
  readonly nodes: ClusterNodes;
  /** Target node image version by node pool, for every pool that the run had to update. */
  readonly targets: ReadonlyMap<string, string>;
  /** At least what the nodes must run; undefined when the run leaves the Kubernetes version alone. */
  readonly kubernetesVersion?: string | undefined;
  /** What is wrong with the member as a whole, beside its nodes, such as a pool that no pin covers. */
  readonly shortcomings?: readonly string[];
  /** Names of nodes that were not Ready or not schedulable when the run started. */
  readonly baseline: ReadonlySet<string>;
  /** Share of the nodes, 0 to 1, that may be not Ready. */
  readonly toleratedNotReady: number;
  /** Milliseconds since the Unix epoch, by Azure's clock. */
  readonly now: number;
}

/** A node that joined this recently may still be on its way to Ready; AKS itself waits 10 minutes for one. */
const SETTLING_MILLISECONDS = 10 * MINUTE;

/**
 * Proves a member from its nodes alone: each node that the run had to update carries the target image,
 * is Ready and schedulable, and none is quarantined. ARM's provisioning state is not asked (AKS#3558).
 */
export function verifyNodes(input: VerificationInput): Verdict {
  if (!input.nodes.visible) {
    return {
      outcome: "unknown",
      reasons: [`the nodes cannot be seen: ${input.nodes.reason}`],
      nodesUpgraded: 0,
      provedPools: [],
    };
  }
  const judged = input.nodes.nodes.filter((node) => input.targets.has(node.nodePool));
  const findings = [
    ...shortcomings(input),
    ...judged.flatMap((node) => judgeNode(node, input)),
    ...missingPools(input),
  ];
  const failures = findings.filter(({ outcome }) => outcome === "fail");
  const waiting = findings.filter(({ outcome }) => outcome === "inconclusive");
  const unready = failures.filter(({ tolerable }) => tolerable);
  const tolerated = unready.length <= input.toleratedNotReady * judged.length;
  const blocking = tolerated ? failures.filter(({ tolerable }) => !tolerable) : failures;
  const troubled = new Set([...blocking, ...waiting].map(({ nodePool }) => nodePool));
  return {
    outcome: blocking.length > 0 ? "fail" : waiting.length > 0 ? "inconclusive" : "pass",
    reasons: [...blocking, ...waiting].map(({ reason }) => reason),
    nodesUpgraded: judged.filter((node) => onTarget(node, input)).length,
    provedPools: [...input.targets.keys()].filter((pool) => !troubled.has(pool)),
  };
}

interface NodeFinding {
  readonly outcome: "fail" | "inconclusive";
  readonly nodePool: string;
  readonly reason: string;
  /** A declared tolerance may excuse it. */
  readonly tolerable: boolean;
}

function onTarget(node: NodeView, { targets }: VerificationInput): boolean {
  return node.nodeImageVersion === targets.get(node.nodePool);
}

function judgeNode(node: NodeView, input: VerificationInput): readonly NodeFinding[] {
  const finding = (outcome: NodeFinding["outcome"], what: string, tolerable = false) => [
    {
      outcome,
      nodePool: node.nodePool,
      reason: `node ${node.name} of pool ${node.nodePool} ${what}`,
      tolerable,
    },
  ];
  if (node.quarantined) return finding("fail", "is quarantined");
  if (!onTarget(node, input)) {
    return finding(
      "fail",
      `runs ${node.nodeImageVersion}, not ${input.targets.get(node.nodePool)}`,
    );
  }
  if (isBehind(node, input)) {
    return finding(
      "fail",
      `runs Kubernetes ${node.kubernetesVersion}, not ${input.kubernetesVersion}`,
    );
  }
  if (node.ready && !node.unschedulable) return [];
  if (input.baseline.has(node.name)) return [];
  const settling = input.now - Date.parse(node.createdAt) < SETTLING_MILLISECONDS;
  const what = node.ready ? "is cordoned" : "is not Ready";
  return finding(settling ? "inconclusive" : "fail", what, true);
}

function isBehind(node: NodeView, { kubernetesVersion }: VerificationInput): boolean {
  if (kubernetesVersion === undefined) return false;
  return compareVersions(node.kubernetesVersion, kubernetesVersion) < 0;
}

/** Without a pool to judge there is no data, and that is never a pass. */
function shortcomings({ targets, shortcomings: known = [] }: VerificationInput) {
  const told = known.map((reason): NodeFinding => ({
    outcome: "fail",
    nodePool: "",
    reason,
    tolerable: false,
  }));
  if (told.length > 0 || targets.size > 0) return told;
  const reason = "there is no node pool to prove";
  return [{ outcome: "inconclusive", nodePool: "", reason, tolerable: false } as const];
}

/** A pool without a node proves nothing, unless it is scaled to zero: then it is no target. */
function missingPools({ nodes, targets }: VerificationInput): readonly NodeFinding[] {
  if (!nodes.visible) return [];
  const seen = new Set(nodes.nodes.map((node) => node.nodePool));
  return [...targets.keys()]
    .filter((pool) => !seen.has(pool))
    .map((pool) => ({
      outcome: "inconclusive" as const,
      nodePool: pool,
      reason: `pool ${pool} shows no node`,
      tolerable: false,
    }));
}

/** Nodes that were in a bad state before the run touched them. */
export function baselineOf(nodes: ClusterNodes): readonly string[] {
  if (!nodes.visible) return [];
  return nodes.nodes.filter((node) => !node.ready || node.unschedulable).map((node) => node.name);
}
