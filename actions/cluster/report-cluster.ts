import { FleetwrightError } from "../../shared/core/errors.ts";
import { escapeMarkdown, markdownTable } from "../../shared/core/markdown.ts";
import type { OperationEnd } from "../../shared/node-pool/ports.ts";
import type { NodePoolSnapshot } from "../../shared/snapshot/ports.ts";
import type { Report } from "../runner/report.ts";
import type { ClusterInputs } from "./inputs.ts";
import type { VerifiedCluster } from "./verify-cluster.ts";

export interface ClusterOutcome extends VerifiedCluster {
  readonly changed: boolean;
  readonly end: OperationEnd;
  readonly snapshot: NodePoolSnapshot | undefined;
}

export function reportCluster(inputs: ClusterInputs, outcome: ClusterOutcome): Report {
  const { cluster, changed, snapshot, verdict } = outcome;
  const failure = failureOf(inputs, outcome);
  return {
    outputs: {
      changed: String(changed),
      "cluster-id": cluster?.id ?? "",
      "kubernetes-version": cluster?.kubernetesVersion ?? "",
      "node-image-version":
        cluster?.nodePools.find(({ mode }) => mode === "System")?.nodeImageVersion ?? "",
      "snapshot-id": snapshot?.id ?? "",
      "provisioning-state": cluster?.provisioningState ?? "",
      verdict: verdict?.outcome ?? "none",
    },
    summary: summary(inputs, outcome),
    ...(failure !== undefined && { failure }),
  };
}

function failureOf(inputs: ClusterInputs, { end, verdict }: ClusterOutcome): Error | undefined {
  if (end.status === "failed") return end.error;
  if (verdict === undefined || verdict.outcome === "pass") return undefined;
  return new FleetwrightError(
    verdict.outcome === "unknown" ? "unreachable" : "run-failed",
    `the cluster is there and its nodes are not proved: ${verdict.reasons[0] ?? verdict.outcome}`,
    { subject: inputs.cluster, remedy: "repair what the summary names, then run the step again" },
  );
}

function summary(inputs: ClusterInputs, { cluster, changed, verdict }: ClusterOutcome): string {
  const rows = (cluster?.nodePools ?? []).map((pool) => [
    pool.name,
    pool.mode,
    `${pool.count} × ${pool.vmSize}`,
    pool.nodeImageVersion,
    pool.snapshotId ?? "",
  ]);
  return [
    `## Cluster ${escapeMarkdown(cluster?.name ?? inputs.cluster)}: ${changed ? "created" : "exists as declared"}`,
    verdict === undefined ? "**not verified**" : `**${verdict.outcome}**`,
    markdownTable(["Node pool", "Mode", "Nodes", "Node image", "Snapshot"], rows),
    (verdict?.reasons ?? []).map((reason) => `- ${escapeMarkdown(reason)}`).join("\n"),
  ].join("\n\n");
}
