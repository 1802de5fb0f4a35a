import { FleetwrightError } from "../../shared/core/errors.ts";
import { escapeMarkdown, markdownTable } from "../../shared/core/markdown.ts";
import { frozenAutoscaler, phaseOf } from "../../shared/blue-green/observed.ts";
import type { ObservedColours, Side } from "../../shared/blue-green/observed.ts";
import type { Reached } from "../../shared/blue-green/reach.ts";
import type { Verdict } from "../../shared/update-run/verify.ts";
import { doubtCode } from "../runner/await-nodes.ts";
import type { Annotation, Report } from "../runner/report.ts";

/** Pods in the JSON output: outputs of a job share 1 MB. */
const MAX_PODS_LISTED = 200;
/** Reasons that a person reads before the nodes themselves. */
const MAX_REASONS = 20;

export function reportColours({ steps, observed }: Reached, verdict?: Verdict): Report {
  const { cluster, name, blue, green } = observed;
  const phase = phaseOf(observed);
  const failure = verdict && verdict.outcome !== "pass" ? notProved(observed, verdict) : undefined;
  return {
    outputs: {
      changed: String(steps.length > 0),
      phase,
      verdict: verdict?.outcome ?? "",
      "green-node-pool": green?.pool.name ?? "",
      "green-node-pool-id": green?.pool.id ?? "",
      "blue-nodes": String(blue?.nodes.length ?? 0),
      "green-nodes": String(green?.nodes.length ?? 0),
      "blue-pods": String(blue?.pods.length ?? 0),
      "green-pods": String(green?.pods.length ?? 0),
      "pods-left": JSON.stringify(
        (blue?.pods ?? []).slice(0, MAX_PODS_LISTED).map((pod) => ({
          pod: `${pod.namespace}/${pod.name}`,
          node: pod.node,
          owner: pod.owner,
        })),
      ),
      steps: JSON.stringify(steps),
    },
    annotations: phase === "started" && steps.length > 0 ? [quotaNote(observed)] : [],
    summary: [
      `## Blue-green of ${escapeMarkdown(`${cluster.name}/${name}`)}: ${phase}`,
      poolTable(observed),
      ...(verdict ? [proof(verdict)] : []),
      ...(steps.length > 0 ? [`Done:\n\n${steps.map(item).join("\n")}`] : []),
    ].join("\n\n"),
    ...(failure && { failure }),
  };
}

function item(text: string): string {
  return `- ${escapeMarkdown(text)}`;
}

function quotaNote({ name, blue, green }: ObservedColours): Annotation {
  const nodes = (blue?.nodes.length ?? 0) + (green?.nodes.length ?? 0);
  return {
    kind: "notice",
    title: "two pools",
    message: `${name} takes the quota of ${nodes} nodes of ${blue?.pool.vmSize ?? ""} until commit or roll-back`,
  };
}

function poolTable({ blue, green }: ObservedColours): string {
  const head = ["", "Node pool", "State", "Kubernetes", "Image", "Nodes", "Pods", "Autoscaler"];
  const rows = [...(blue ? [row("blue", blue)] : []), ...(green ? [row("green", green)] : [])];
  return rows.length === 0 ? "Neither pool exists." : markdownTable(head, rows);
}

function row(colour: string, { pool, nodes, pods }: Side): string[] {
  const ready = nodes.filter((node) => node.ready).length;
  const closed = nodes.filter((node) => node.unschedulable).length;
  return [
    colour,
    `${pool.name} (${pool.mode})`,
    pool.provisioningState,
    pool.kubernetesVersion,
    pool.nodeImageVersion,
    `${ready} of ${nodes.length} ready${closed > 0 ? `, ${closed} cordoned` : ""}`,
    String(pods.length),
    autoscalerText(pool),
  ];
}

function autoscalerText(pool: Side["pool"]): string {
  if (pool.autoscaler) return `${pool.autoscaler.minCount} to ${pool.autoscaler.maxCount}`;
  const frozen = frozenAutoscaler(pool);
  return frozen ? `stopped (${frozen.minCount} to ${frozen.maxCount})` : "none";
}

function proof({ outcome, reasons }: Verdict): string {
  return [`Green's nodes: **${outcome}**`, ...reasons.slice(0, MAX_REASONS).map(item)].join("\n\n");
}

function notProved({ green }: ObservedColours, { outcome, reasons }: Verdict): FleetwrightError {
  return new FleetwrightError(
    doubtCode(outcome),
    `green ${green?.pool.name ?? ""} is not proved by its nodes (${outcome}): ${reasons[0] ?? ""}`,
    {
      ...(green && { subject: green.pool.id }),
      remedy: "look at its nodes, then verify again, or roll back",
    },
  );
}
