import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { counted, escapeMarkdown, markdownTable } from "../../shared/core/markdown.ts";
import type { PoolStep } from "../../shared/node-pool/plan.ts";
import type { OperationEnd } from "../../shared/node-pool/ports.ts";
import type { BlockedNode } from "../../shared/quarantine/blocked-node.ts";
import type { BudgetView } from "../../shared/quarantine/ports.ts";
import type { Verdict } from "../../shared/update-run/verify.ts";
import type { Annotation, Report } from "../runner/report.ts";
import type { NodePoolInputs } from "./inputs.ts";
import type { VerifiedPool } from "./verify-pool.ts";

export interface PoolOutcome extends VerifiedPool {
  readonly poolId: ArmId;
  readonly steps: readonly PoolStep[];
  readonly end: OperationEnd;
}

/** Reasons in the summary: a pool may have a thousand nodes. */
const MAX_REASONS = 50;

export function reportPool(inputs: NodePoolInputs, outcome: PoolOutcome): Report {
  const { pool, poolId, verdict, blocked, steps } = outcome;
  const failure = failureOf(inputs, outcome);
  return {
    outputs: {
      changed: String(steps.length > 0),
      "node-pool-id": pool === undefined ? "" : poolId,
      "kubernetes-version": pool?.kubernetesVersion ?? "",
      "node-image-version": pool?.nodeImageVersion ?? "",
      "snapshot-id": pool?.snapshotId ?? "",
      "provisioning-state": pool?.provisioningState ?? "",
      verdict: verdict?.outcome ?? "none",
      nodes: String(outcome.nodesSeen),
      quarantined: String(blocked.filter(({ quarantined }) => quarantined).length),
      "blocked-nodes": JSON.stringify(blocked.map(outputOf)),
    },
    annotations: annotations(outcome),
    summary: summary(inputs, outcome),
    ...(failure !== undefined && { failure }),
  };
}

function failureOf(
  inputs: NodePoolInputs,
  { end, verdict, pool, poolId }: PoolOutcome,
): Error | undefined {
  const said = end.status === "failed" ? end.error : undefined;
  if (verdict === undefined) return said;
  if (inputs.operation === "delete" && pool !== undefined) return said;
  if (verdict.outcome === "pass") return undefined;
  const why = [verdict.reasons[0], said?.message].filter((part) => part !== undefined);
  return new FleetwrightError(
    verdict.outcome === "unknown" ? "unreachable" : "run-failed",
    `node pool ${inputs.nodePool} is not proved: ${why.join("; ")}`,
    { subject: poolId, remedy: remedyOf(verdict), ...(said !== undefined && { cause: said }) },
  );
}

function remedyOf({ outcome }: Verdict): string {
  if (outcome === "unknown") return "make the nodes visible and run the step again";
  return "repair what the summary names, then run the step again: it goes on from there";
}

/** ARM's own state is a hint: where the nodes prove otherwise, it is told and no more. */
function annotations({ end, verdict, blocked, podsUnread }: PoolOutcome): Annotation[] {
  const warnings = [
    ...(end.status === "failed" && verdict?.outcome === "pass"
      ? [`the nodes are proved although ${end.error.message}`]
      : []),
    ...(podsUnread === undefined ? [] : [`who holds the blocked nodes is not told: ${podsUnread}`]),
    ...blocked.map((node) => `node ${node.node} ${plight(node)}${heldBy(node)}`),
  ];
  return warnings.map((message) => ({ kind: "warning", title: "node pool", message }));
}

function plight({ quarantined }: BlockedNode): string {
  return quarantined ? "is quarantined" : "was left behind on its old image";
}

function heldBy({ blockers }: BlockedNode): string {
  const held = blockers.flatMap(({ namespace, pod, budget }) =>
    budget === undefined
      ? []
      : [`pod ${namespace}/${pod} of budget ${budget.namespace}/${budget.name}`],
  );
  return held.length === 0 ? "" : `, held by ${held.join(" and ")}`;
}

function outputOf({ node, nodeImageVersion, quarantined, blockers }: BlockedNode) {
  return {
    node,
    nodeImageVersion,
    quarantined,
    pods: blockers.map(({ namespace, pod, owner, budget }) => ({ namespace, pod, owner, budget })),
  };
}

function summary(inputs: NodePoolInputs, outcome: PoolOutcome): string {
  const { verdict, steps, blocked } = outcome;
  const reasons = verdict?.reasons ?? [];
  const rest = reasons.length - MAX_REASONS;
  return [
    `## Node pool ${escapeMarkdown(inputs.nodePool)}: ${inputs.operation}`,
    verdictLine(outcome),
    steps.length === 0
      ? "Nothing was to be done."
      : `Done: ${steps.map((s) => s.kind).join(", ")}.`,
    ...(blocked.length === 0 ? [] : [blockedTable(blocked)]),
    ...(reasons.length === 0
      ? []
      : [
          reasons
            .slice(0, MAX_REASONS)
            .map((r) => `- ${escapeMarkdown(r)}`)
            .join("\n"),
        ]),
    ...(rest > 0 ? [`${rest} more.`] : []),
  ].join("\n\n");
}

function verdictLine({ verdict, pool, nodesSeen }: PoolOutcome): string {
  const what =
    pool === undefined
      ? "the pool is gone"
      : `${pool.nodeImageVersion}, Kubernetes ${pool.kubernetesVersion}`;
  if (verdict === undefined) return `**not verified**: ${what}, as Azure says.`;
  const share =
    pool === undefined ? "" : `${verdict.nodesUpgraded} of ${counted(nodesSeen, "node")} on `;
  return `**${verdict.outcome}**: ${share}${what}.`;
}

function blockedTable(nodes: readonly BlockedNode[]): string {
  const rows = nodes.flatMap((blocked) =>
    blocked.blockers.length === 0
      ? [[blocked.node, plight(blocked), "", "", ""]]
      : blocked.blockers.map(({ namespace, pod, owner, budget }) => [
          blocked.node,
          plight(blocked),
          `${namespace}/${pod}`,
          owner ?? "",
          budget === undefined ? "" : budgetText(budget),
        ]),
  );
  const head = ["Node", "", "Pod", "Owner", "Disruption budget"];
  return markdownTable(head, rows);
}

function budgetText(budget: BudgetView): string {
  const { name, minAvailable, maxUnavailable, disruptionsAllowed, currentHealthy } = budget;
  const rule =
    minAvailable === undefined
      ? `maxUnavailable ${maxUnavailable ?? ""}`
      : `minAvailable ${minAvailable}`;
  return `${name}: ${rule}, ${currentHealthy} healthy, ${disruptionsAllowed} may go`;
}
