import { formatDuration } from "../../shared/core/duration.ts";
import { counted, markdownTable } from "../../shared/core/markdown.ts";
import { columns } from "../terminal.ts";
import type { QuarantinedFact, Report, RunFact, StageFact } from "./report.ts";
import { REACTOR } from "./scenario.ts";

/** The report for a terminal: verdict first, a line for each fact. Pure. */
export function summarize(report: Report): readonly string[] {
  const { runs, quarantined, snapshots, events, azureCalls } = report;
  const rows: readonly (readonly [string, string])[] = [
    ["virtual time", span(report)],
    ...byNumber(report).map((pull): [string, string] => [
      "pull request",
      `#${pull.number}, ${pull.state}: ${pull.title}`,
    ]),
    ...runs.map((run): [string, string] => ["update run", `${run.name}: ${outcome(run)}`]),
    ...gatesOf(report).map((told): [string, string] => ["gate", told]),
    ...quarantined.map((node): [string, string] => ["quarantine", describeNode(node)]),
    ["snapshots", describeSnapshots(snapshots)],
    ["events", describeEvents(events)],
    ["Azure calls", String(azureCalls.total)],
    ["unreviewed", `the run was refused: ${report.refused}`],
  ];
  return [verdict(report), ...report.problems, "", ...columns(rows), ""];
}

/** The report for a person: verdict first, then what happened. Pure. */
export function renderReport(report: Report): string {
  return [
    `# Tour: ${verdict(report)}`,
    "",
    ...report.problems.map((problem) => `- ${problem}`),
    ...(report.problems.length > 0 ? [""] : []),
    `Virtual time ${span(report)}.`,
    "",
    "![timeline](timeline.svg)",
    "",
    ...byNumber(report).map(
      ({ number, title, state, changes }) =>
        `- pull request #${number}, ${state}: ${title}; changes ${changes.map(({ file }) => `\`${file}\``).join(", ")}`,
    ),
    ...report.quarantined.map((node) => `- quarantined: ${describeNode(node)}`),
    `- snapshots: ${describeSnapshots(report.snapshots)}`,
    `- events: ${describeEvents(report.events)}`,
    `- calls to the local Azure: ${report.azureCalls.total}`,
    `- the run that nobody reviewed was refused: \`${report.refused}\``,
    "",
    ...report.runs.flatMap(renderRun),
  ].join("\n");
}

function renderRun(run: RunFact): readonly string[] {
  const rows = run.stages.flatMap((stage) =>
    stage.groups.flatMap((group) =>
      group.members.map((member) => [
        stage.name,
        group.name,
        member.name,
        member.state,
        member.state === "Skipped" ? "at its target already" : String(member.nodesUpgraded),
      ]),
    ),
  );
  const gates = run.stages.flatMap((stage) => stage.gates.map((gate) => describeGate(stage, gate)));
  return [
    `## ${run.name}: ${outcome(run)}`,
    "",
    markdownTable(["stage", "group", "member", "state", "nodes upgraded"], rows),
    "",
    ...gates.flatMap((gate) => [`Gate ${gate}.`, ""]),
  ];
}

function verdict({ ok }: Report): string {
  return ok ? "everything as promised" : "NOT as promised";
}

function span({ startedAt, endedAt }: Report): string {
  const took = formatDuration(Date.parse(endedAt) - Date.parse(startedAt));
  return `${clockOf(startedAt)} to ${clockOf(endedAt)} (${took})`;
}

function byNumber({ pullRequests }: Report): Report["pullRequests"] {
  return pullRequests.toSorted((a, b) => a.number - b.number);
}

const TIMES = ["never", "once", "twice"];

/** `Completed, started twice: 9 members, 63 nodes upgraded`. */
function outcome({ state, attempts, stages }: RunFact): string {
  const members = stages.flatMap(({ groups }) => groups.flatMap((group) => group.members));
  const told = `${state}, started ${TIMES[attempts] ?? `${attempts} times`}: ${counted(members.length, "member")}`;
  if (state === "Skipped") return `${told}, at their target already`;
  const nodes = members.reduce((sum, { nodesUpgraded }) => sum + nodesUpgraded, 0);
  return `${told}, ${counted(nodes, "node")} upgraded`;
}

type Gate = StageFact["gates"][number];

/** Gates that somebody had to approve. */
function gatesOf({ runs }: Report): readonly string[] {
  return runs
    .flatMap(({ stages }) => stages)
    .flatMap((stage) =>
      stage.gates.filter(({ approvedAt }) => approvedAt).map((gate) => describeGate(stage, gate)),
    );
}

function describeGate(
  stage: StageFact,
  { displayName, state, approvedAt, approvedBy }: Gate,
): string {
  const name = `"${displayName}" after ${stage.name}`;
  if (approvedAt === undefined) return `${name}: ${state}, nobody had to approve it`;
  const waited = stage.waitedUntil ? `, the wait ended ${clockOf(stage.waitedUntil)}` : "";
  return `${name}: approved ${clockOf(approvedAt)} by ${whoIs(approvedBy)}${waited}`;
}

/** The emulator's audit tells the identity; a person knows whose it is. */
function whoIs(principal: string | undefined): string {
  return principal === REACTOR ? `the functions (identity ${REACTOR})` : (principal ?? "somebody");
}

function describeNode({ cluster, nodePool, node, pod, pdb, issue, resolvedAt }: QuarantinedFact) {
  const told = issue ? `issue #${issue.number} is ${issue.state}` : "no issue";
  const end = resolvedAt ? `resolved ${clockOf(resolvedAt)}` : "not resolved";
  return `node ${node} of ${cluster}/${nodePool}, pod ${pod}, budget ${pdb}; ${told}, ${end}`;
}

function describeSnapshots(snapshots: Report["snapshots"]): string {
  const proven = snapshots.filter(({ kind }) => kind === "proven").length;
  return `${snapshots.length - proven} outgoing, ${proven} proven`;
}

function describeEvents({ published, delivered, retried }: Report["events"]): string {
  return `${published} published, ${delivered} delivered, ${retried} retried`;
}

/** `2026-07-06 16:12Z`. */
function clockOf(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;
}
