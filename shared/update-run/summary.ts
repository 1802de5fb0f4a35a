import { formatDuration } from "../core/duration.ts";
import { counted, escapeMarkdown, markdownTable } from "../core/markdown.ts";
import { tookMilliseconds } from "./progress.ts";
import { renderTimeline } from "./timeline.ts";
import type { MemberStatus, StageStatus, UpdateRun, UpdateState, UpdateStatus } from "./ports.ts";
import { membersOf, membersOfStage, waitingGates } from "./state.ts";

/** A step summary above 1 MiB is dropped whole; the rest is room for what else the step writes. */
const MAX_SUMMARY_BYTES = 900 * 1_024;
/** A page of trouble is read, a book is not. */
const MAX_TROUBLES = 50;

/** Worst first. */
const SEVERITY: readonly UpdateState[] = [
  "Failed",
  "Stopped",
  "Stopping",
  "Pending",
  "Running",
  "NotStarted",
  "Skipped",
  "Completed",
];

export interface RunSummary {
  readonly run: UpdateRun;
  readonly environment: string;
  /** What the step did: one sentence. */
  readonly act: string;
}

/** A run as markdown: the verdict, what is wrong, then stages with their members folded. */
export function renderRunSummary({ run, environment, act }: RunSummary): string {
  const head = [
    `## Update run \`${run.name}\`: ${run.status.state}`,
    `${verdict(run)} ${act}`,
    `Environment **${environment}** · ${target(run)} · ${clock(run.status)}`,
    ...troubleTable(run),
    stageTable(run),
    ...renderTimeline(run),
  ];
  return withDetails(head.join("\n\n"), run.stageStatuses.map(stageDetails));
}

/** One sentence on how the run stands. */
export function verdict(run: UpdateRun): string {
  const members = membersOf(run).map(({ member }) => member);
  const counts = SEVERITY.map((state): [UpdateState, number] => [
    state,
    members.filter((member) => member.state === state).length,
  ]).filter(([, count]) => count > 0);
  const told = counts.map(([state, count]) => `${count} ${state}`).join(", ");
  const gates = waitingGates(run).map(
    ({ stage, timing, displayName }) => `the gate "${displayName}" ${timing} ${stage}`,
  );
  const waiting = gates.length === 0 ? "" : ` It waits for ${gates.join(" and ")}.`;
  return `**${run.status.state}**: ${counted(members.length, "member")}, ${told || "none started"}.${waiting}`;
}

function target(run: UpdateRun): string {
  const images = run.nodeImageSelection.customNodeImageVersions ?? [];
  return [
    run.upgradeType,
    ...(run.kubernetesVersion === undefined ? [] : [`Kubernetes ${run.kubernetesVersion}`]),
    ...(images.length === 0
      ? [run.nodeImageSelection.type]
      : images.map((image) => `\`${image}\``)),
  ].join(" · ");
}

function troubleTable(run: UpdateRun): readonly string[] {
  const troubled = membersOf(run)
    .filter(({ member }) => member.state === "Failed" || member.state === "Pending")
    .toSorted((a, b) => severity(a.member) - severity(b.member));
  if (troubled.length === 0) return [];
  const rows = troubled
    .slice(0, MAX_TROUBLES)
    .map(({ stage, group, member }) => [stage, group, member.name, member.state, reasonOf(member)]);
  const rest = troubled.length - rows.length;
  return [
    markdownTable(["Stage", "Group", "Member", "State", "Why"], rows),
    ...(rest > 0 ? [`${rest} more: see the stages below.`] : []),
  ];
}

function stageTable(run: UpdateRun): string {
  const rows = run.stageStatuses.map((stage) => {
    const members = membersOfStage(stage);
    const done = members.filter(({ member }) => severity(member) >= SEVERITY.indexOf("Skipped"));
    return [
      stage.name,
      stage.state,
      `${done.length} of ${members.length}`,
      duration(stage),
      waitOf(stage),
    ];
  });
  return markdownTable(["Stage", "State", "Members done", "Took", "Wait and gates"], rows);
}

function waitOf(stage: StageStatus): string {
  const gates = [...stage.beforeGates, ...stage.afterGates].map(
    (gate) => `${gate.displayName}: ${gate.state}`,
  );
  const wait = stage.afterStageWait;
  if (wait !== undefined && wait.waitDurationInSeconds > 0) {
    gates.push(`wait of ${formatDuration(wait.waitDurationInSeconds * 1_000)}: ${wait.state}`);
  }
  return gates.join(", ");
}

function stageDetails(stage: StageStatus): string {
  const rows = membersOfStage(stage)
    .toSorted((a, b) => severity(a.member) - severity(b.member))
    .map(({ group, member }) => [
      group,
      member.name,
      member.state,
      duration(member),
      reasonOf(member),
    ]);
  return [
    `<details><summary>${escapeMarkdown(stage.name)}: ${counted(rows.length, "member")}</summary>`,
    markdownTable(["Group", "Member", "State", "Took", "Note"], rows),
    "</details>",
  ].join("\n\n");
}

/** Verdict and tables always survive; details are dropped from the last stage on, visibly. */
function withDetails(head: string, details: readonly string[]): string {
  let bytes = Buffer.byteLength(head);
  const kept: string[] = [];
  for (const detail of details) {
    bytes += Buffer.byteLength(detail) + 2;
    if (bytes > MAX_SUMMARY_BYTES) break;
    kept.push(detail);
  }
  const dropped = details.length - kept.length;
  const note = dropped === 0 ? [] : [`Members of ${dropped} more stages are left out for length.`];
  return `${[head, ...kept, ...note].join("\n\n")}\n`;
}

function severity({ state }: UpdateStatus): number {
  const index = SEVERITY.indexOf(state);
  return index < 0 ? 0 : index;
}

function reasonOf(member: MemberStatus): string {
  return member.error?.message ?? member.message ?? "";
}

function duration(status: UpdateStatus): string {
  const took = tookMilliseconds(status);
  return took === undefined ? "" : formatDuration(took);
}

function clock(status: UpdateStatus): string {
  if (status.startTime === undefined) return "not started";
  const since = `started ${status.startTime.slice(0, 19)}Z`;
  return status.completedTime === undefined ? since : `${since}, took ${duration(status)}`;
}
