import { parseArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { counted, escapeMarkdown, markdownTable } from "../../shared/core/markdown.ts";
import type { BlockedNode, Blocker } from "../../shared/quarantine/blocked-node.ts";
import { doubtCode } from "../runner/await-nodes.ts";
import type { Annotation, Report } from "../runner/report.ts";
import type { FixedPool, FixInputs, SeenCluster } from "./request.ts";

/** Nodes in the JSON output and in the table: outputs of a job share 1 MB. */
const MAX_NODES_LISTED = 500;
/** Pods of one node in the JSON output: AKS allows 250 on a node. */
const MAX_PODS_LISTED = 10;

export function reportBlockedNodes(subject: string, seen: readonly SeenCluster[]): Report {
  const blocked = seen.flatMap((cluster) => cluster.blocked);
  const unseen = seen.filter((cluster) => cluster.unseen !== undefined);
  const shown = blocked.slice(0, MAX_NODES_LISTED);
  const failure = unseen.length === seen.length ? nothingSeen(unseen) : undefined;
  const verdict = `**${counted(blocked.length, "quarantined node")}** in ${counted(seen.length - unseen.length, "cluster")}, ${unseen.length} not seen.`;
  return {
    outputs: {
      changed: "false",
      count: String(blocked.length),
      unseen: JSON.stringify(unseen.map(({ cluster }) => cluster)),
      nodes: JSON.stringify(shown.map(nodeOutput)),
    },
    annotations: unseen.map(({ cluster, unseen: reason = "" }): Annotation => ({
      kind: "warning",
      title: "nodes not seen",
      message: `${parseArmId(cluster).name}: ${reason}`,
    })),
    summary: [
      `## Quarantined nodes of ${escapeMarkdown(subject)}`,
      verdict,
      ...(shown.length > 0 ? [blockedTable(shown)] : []),
      ...(blocked.length > shown.length ? [`${blocked.length - shown.length} more.`] : []),
    ].join("\n\n"),
    ...(failure && { failure }),
  };
}

/** An empty list would be read as "nothing is quarantined". */
function nothingSeen(unseen: readonly SeenCluster[]): FleetwrightError | undefined {
  const [first] = unseen;
  if (first === undefined) return undefined;
  const name = parseArmId(first.cluster).name;
  return new FleetwrightError(
    "unreachable",
    `no node can be seen${unseen.length > 1 ? ` in ${unseen.length} clusters` : ""}; ${name}: ${first.unseen ?? ""}`,
    { subject: first.cluster, remedy: "whether nodes are quarantined is not known" },
  );
}

function nodeOutput({ cluster, nodePool, node, nodeImageVersion, blockers }: BlockedNode) {
  return {
    cluster,
    nodePool,
    node,
    nodeImageVersion,
    pods: blockers.slice(0, MAX_PODS_LISTED).map(({ namespace, pod, owner, budget }) => ({
      pod: `${namespace}/${pod}`,
      owner,
      ...(budget && {
        budget: `${budget.namespace}/${budget.name}`,
        disruptionsAllowed: budget.disruptionsAllowed,
        healthy: budget.currentHealthy,
        required: budget.desiredHealthy,
      }),
    })),
  };
}

function blockedTable(nodes: readonly BlockedNode[]): string {
  const rows = nodes.flatMap(({ cluster, nodePool, node, blockers }) => {
    const place = [parseArmId(cluster).name, nodePool, node];
    const pods = blockers.slice(0, MAX_PODS_LISTED);
    return pods.length === 0
      ? [[...place, "none left", "", ""]]
      : pods.map((blocker) => [...place, ...blockerCells(blocker)]);
  });
  return markdownTable(["Cluster", "Node pool", "Node", "Pod", "Owner", "Budget"], rows);
}

function blockerCells({ namespace, pod, owner, budget }: Blocker): string[] {
  const numbers = budget
    ? `${budget.namespace}/${budget.name}: ${budget.disruptionsAllowed} allowed, ${budget.currentHealthy} healthy of ${budget.desiredHealthy} required`
    : "";
  return [`${namespace}/${pod}`, owner ?? "none", numbers];
}

export function reportFix(inputs: FixInputs, pools: readonly FixedPool[]): Report {
  const steps = pools.flatMap((pool) => pool.steps);
  const doubted = pools.find(({ verdict }) => verdict.outcome !== "pass");
  const rows = pools.map(({ observed, verdict, steps: done }) => [
    observed.pool.name,
    verdict.outcome,
    observed.pool.provisioningState,
    `${observed.nodes.length} of ${observed.pool.count}`,
    done.length === 0 ? "nothing to do" : done.join("; "),
  ]);
  return {
    outputs: {
      changed: String(steps.length > 0),
      count: String(inputs.nodes.length),
      verdict: doubted?.verdict.outcome ?? "pass",
      nodes: JSON.stringify(inputs.nodes),
      unseen: "[]",
      steps: JSON.stringify(steps),
    },
    summary: [
      `## ${inputs.remedy} on ${counted(inputs.nodes.length, "node")} of ${escapeMarkdown(parseArmId(inputs.cluster).name)}`,
      markdownTable(["Node pool", "Nodes", "State", "Count", "Done"], rows),
    ].join("\n\n"),
    ...(doubted && { failure: notProved(doubted) }),
  };
}

function notProved({ observed, verdict }: FixedPool): FleetwrightError {
  return new FleetwrightError(
    doubtCode(verdict.outcome),
    `node pool ${observed.pool.name} is not proved by its nodes (${verdict.outcome}): ${verdict.reasons[0] ?? ""}`,
    { subject: observed.pool.id, remedy: "look at its nodes, then run the same step again" },
  );
}
