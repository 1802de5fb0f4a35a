import { formatDuration, SECOND } from "../../shared/core/duration.ts";
import { currentRun, headline, heldNodes } from "../../shared/status/headline.ts";
import type {
  Decision,
  GateView,
  MemberView,
  RunStatus,
  StageView,
} from "../../shared/status/run-status.ts";
import type { EnvironmentStatus, Status } from "../../shared/status/status.ts";
import { columns, painter } from "../terminal.ts";

/** What was decided lately; the page has more. */
const MAX_DECISIONS = 5;
/** Members about which there is nothing to say; `--all` shows them. */
const UNREMARKABLE = new Set(["Completed", "Skipped", "NotStarted"]);

interface Showing {
  readonly all: boolean;
}

/** The status for a terminal. */
export function renderStatus(status: Status, showing: Showing): string {
  const parts = status.environments.map((environment) => renderEnvironment(environment, showing));
  return `${[`As of ${clockOf(status.at)}`, ...parts].join("\n\n")}\n`;
}

function renderEnvironment(environment: EnvironmentStatus, showing: Showing): string {
  const bold = painter();
  const run = currentRun(environment);
  return [
    bold(environment.name, "bold"),
    `  ${headline(environment)}`,
    ...(environment.problem === undefined ? [] : [`  ${environment.problem}`]),
    `  ${pins(environment)}`,
    ...held(environment),
    ...(run ? renderRun(run, showing) : []),
  ].join("\n");
}

function pins({ fleet, generation, kubernetesVersion, nodeImages }: EnvironmentStatus): string {
  const parts = [
    `fleet ${fleet.split("/").at(-1)}`,
    generation === undefined ? "no release" : `generation ${generation}`,
    kubernetesVersion && `Kubernetes ${kubernetesVersion}`,
    ...Object.entries(nodeImages).map(([family, version]) => `${family} ${version}`),
  ];
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}

function held(environment: EnvironmentStatus): string[] {
  return heldNodes(environment).map(({ cluster, node, pdb, cause, issueUrl }) =>
    `  quarantined: ${cluster.split("/").at(-1)}/${node}, kept by ${pdb ?? cause} ${issueUrl ?? ""}`.trimEnd(),
  );
}

function renderRun(run: RunStatus, showing: Showing): string[] {
  return [
    ...(run.error === undefined ? [] : [`  ${run.error}`]),
    ...run.stages.flatMap((stage) => renderStage(stage, showing)),
    ...renderDecisions(run.decisions),
  ];
}

function renderStage(stage: StageView, { all }: Showing): string[] {
  const shown = stage.members.filter(({ state }) => all || !UNREMARKABLE.has(state));
  const wait = stage.wait;
  const rows = [
    ...stage.gates.filter(({ timing }) => timing === "before").map(gateRow),
    ...shown.map(memberRow),
    ...(wait
      ? [
          [
            "wait",
            wait.state,
            `${formatDuration(wait.durationSeconds * SECOND)}${wait.endsAt ? `, ${wait.completedTime ? "ended" : "ends"} ${clockOf(wait.endsAt)}` : ""}`,
          ],
        ]
      : []),
    ...stage.gates.filter(({ timing }) => timing === "after").map(gateRow),
  ];
  return [
    "",
    `  ${stage.name}  ${stage.state}: ${counts(stage.members)}`,
    ...columns(rows).map((line) => `    ${line}`),
  ];
}

function counts(members: readonly MemberView[]): string {
  const states = new Map<string, number>();
  for (const { state } of members) states.set(state, (states.get(state) ?? 0) + 1);
  return [...states].map(([state, count]) => `${count} ${state}`).join(", ") || "no members";
}

function memberRow({ name, state, why }: MemberView): string[] {
  return [name, state, why];
}

function gateRow(gate: GateView): string[] {
  const told = gate.approvedAt
    ? `approved ${clockOf(gate.approvedAt)} by ${gate.approvedBy}`
    : (gate.reason ?? "");
  return [`gate "${gate.displayName}"`, gate.state, told];
}

function renderDecisions(decisions: readonly Decision[]): string[] {
  if (decisions.length === 0) return [];
  const rows = decisions
    .slice(0, MAX_DECISIONS)
    .map(({ at, about, verdict, reason }) => [clockOf(at), about, verdict, reason ?? ""]);
  return ["", "  Recent decisions", ...columns(rows).map((line) => `    ${line}`)];
}

/** `2026-07-10 08:00Z`. */
function clockOf(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;
}
