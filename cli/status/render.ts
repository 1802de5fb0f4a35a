import { formatDuration, SECOND } from "../../shared/core/duration.ts";
import { together } from "../../shared/status/decisions.ts";
import { currentRun, headline, heldNodes } from "../../shared/status/headline.ts";
import { keptBy } from "../../shared/status/kept-by.ts";
import { offersOf, pinNotes } from "../../shared/status/node-images.ts";
import { notesOf } from "../../shared/status/notes.ts";
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

const FROM_AZURE =
  "Read from Azure: quarantined nodes, verdicts and decisions are what the functions know. Set FLEETWRIGHT_STATUS_URL to ask them.";

interface Showing {
  readonly all: boolean;
}

/** The status for a terminal. */
export function renderStatus(status: Status, showing: Showing): string {
  const parts = [
    `As of ${clockOf(status.at)}`,
    ...status.environments.map((environment) => renderEnvironment(environment, status, showing)),
    ...(showing.all ? renderImages(status) : []),
    ...(status.from === "azure" ? [FROM_AZURE] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

function renderEnvironment(
  environment: EnvironmentStatus,
  status: Status,
  showing: Showing,
): string {
  const bold = painter();
  const run = currentRun(environment);
  return [
    bold(environment.name, "bold"),
    `  ${headline(environment)}`,
    ...(environment.problem === undefined ? [] : [`  ${told(environment.problem)}`]),
    `  ${pins(environment)}`,
    ...images(environment, status),
    ...held(environment),
    ...notesOf(environment).map((note) => `  ${told(note)}`),
    ...(run ? renderRun(run, showing) : []),
    ...(showing.all ? earlierRuns(environment, run) : []),
  ].join("\n");
}

function pins({ fleet, generation, kubernetesVersion }: EnvironmentStatus): string {
  const parts = [
    `fleet ${nameOf(fleet)}`,
    generation === undefined ? "no release" : `generation ${generation}`,
    kubernetesVersion && `Kubernetes ${kubernetesVersion}`,
  ];
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}

function images({ nodeImages }: EnvironmentStatus, status: Status): string[] {
  return Object.entries(nodeImages).map(([family, version]) => {
    const notes = pinNotes(status, family, version).map(({ text }) => text);
    return `  ${[`${family} ${version}`, ...notes].join(", ")}`;
  });
}

function held(environment: EnvironmentStatus): string[] {
  return heldNodes(environment).flatMap((one) => [
    `  ${one.releasedAt ? "released, to be proved" : "quarantined"}: ${nameOf(one.cluster)}/${one.node} of pool ${one.nodePool}, since ${clockOf(one.since)}`,
    `    kept by ${keptBy(one)}`,
    ...(one.issueUrl === undefined ? [] : [`    ${one.issueUrl}`]),
  ]);
}

function renderRun(run: RunStatus, showing: Showing): string[] {
  return [
    ...(run.error === undefined ? [] : [`  ${told(run.error)}`]),
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
  return [name, state, told(why)];
}

function gateRow(gate: GateView): string[] {
  const ruling = gate.approvedAt
    ? `approved ${clockOf(gate.approvedAt)} by ${gate.approvedBy}`
    : told(gate.reason ?? "");
  return [`gate "${gate.displayName}"`, gate.state, ruling];
}

function renderDecisions(decisions: readonly Decision[]): string[] {
  if (decisions.length === 0) return [];
  const rows = together(decisions)
    .slice(0, MAX_DECISIONS)
    .map(({ at, about, verdict, reason }) => [
      clockOf(at),
      verdict,
      reason === undefined ? about : `${about}: ${told(reason)}`,
    ]);
  return ["", "  Recent decisions", ...columns(rows).map((line) => `    ${line}`)];
}

/** Runs that are over, one line each. */
function earlierRuns({ runs }: EnvironmentStatus, current: RunStatus | undefined): string[] {
  const rows = runs
    .filter((run) => run !== current)
    .map(({ name, state, startTime, completedTime }) => [
      name,
      state,
      startTime === undefined ? "not started" : `started ${clockOf(startTime)}`,
      completedTime === undefined ? "" : `ended ${clockOf(completedTime)}`,
    ]);
  if (rows.length === 0) return [];
  return ["", "  Earlier runs", ...columns(rows).map((line) => `    ${line}`)];
}

function renderImages(status: Status): string[] {
  const rows = offersOf(status).map((offer) => [
    offer.region,
    `${offer.family} ${offer.version}`,
    offer.noticedAt === undefined ? "" : `noticed ${clockOf(offer.noticedAt)}`,
    offer.validity ?? "",
    [...(offer.older ? ["older"] : []), ...offer.pinnedBy.map((name) => `pinned by ${name}`)].join(
      ", ",
    ),
  ]);
  if (rows.length === 0) return [];
  return [["Node images by region", ...columns(rows).map((line) => `  ${line}`)].join("\n")];
}

function nameOf(id: string): string {
  return id.split("/").at(-1) || id;
}

const INSTANT = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g;

// Whatever a cluster wrote, it moves no cursor here.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001F\u007F-\u009F]+/g;

/** A sentence of elsewhere, in which instants are written for machines. */
function told(text: string): string {
  return text.replace(CONTROL, " ").replace(INSTANT, clockOf);
}

/** `2026-07-10 08:00Z`. */
function clockOf(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;
}
