import { formatDuration } from "../../shared/core/duration.ts";
import type {
  Decision,
  GateView,
  MemberView,
  RunStatus,
  StageView,
  WaitView,
} from "../../shared/status/run-status.ts";
import { together } from "../../shared/status/decisions.ts";
import { html, type Html } from "./html.ts";
import { byGroup } from "./lanes.ts";
import { counts, progressBar } from "./progress.ts";
import { badge, toneOf, URGENCY } from "./state.ts";
import { table } from "./table.ts";
import { told, when } from "./time.ts";
import { timeline } from "./timeline.ts";

/** Up to this many members a stage is one open table; of more each group folds, but for what needs a person. */
const MAX_OPEN_MEMBERS = 60;

/** The run that counts: how far, picture, then stage by stage, then what was decided. */
export function runSection(run: RunStatus, at: string, id: string): Html {
  const members = run.stages.flatMap((stage) => stage.members);
  return html`<section aria-labelledby="${id}">
    <h3 id="${id}">Update run ${run.name} ${badge(run.state)}</h3>
    ${progressBar(members)}
    <p class="muted">${facts(run)}</p>
    ${run.error !== undefined && html`<p class="alarm">${run.error}</p>`} ${timeline(run, at)}
    ${run.stages.map((stage) => stageSection(stage, run, members.length <= MAX_OPEN_MEMBERS))}
    ${decisions(run.decisions, run.name)}
  </section>`;
}

function facts(run: RunStatus): Html {
  return html`Started
  ${when(run.startTime, "not yet")}${run.completedTime !== undefined && html`, ended ${when(run.completedTime)}`}${
    run.commit !== undefined && html`, declared at commit <code>${run.commit.slice(0, 8)}</code>`
  }${
    run.closedAt === undefined
      ? run.nextCheckAt !== undefined && html`, looked at again by ${when(run.nextCheckAt)}`
      : html`, proved and closed ${when(run.closedAt)}`
  }.`;
}

function stageSection(stage: StageView, run: RunStatus, isSmall: boolean): Html {
  const key = `${run.name} ${stage.name}`;
  return html`<h4>${stage.name} ${badge(stage.state)}</h4>
    ${
      (stage.gates.length > 0 || stage.wait !== undefined) &&
      html`<ul class="facts">
        ${stage.wait && html`<li>${waitFact(stage.wait)}</li>`} ${stage.gates.map(gateFact)}
      </ul>`
    }
    ${
      isSmall
        ? stage.members.length > 0 &&
          fold(stage.name, stage.members, { key, label: "", open: true })
        : [...byGroup(stage.members)].map(([group, members]) =>
            fold(group, mostUrgentFirst(members), {
              key: `${key} ${group}`,
              label: `${group}: `,
              open: needsAPerson(members),
            }),
          )
    }`;
}

/** In a long table nobody looks for the one that failed. */
function mostUrgentFirst(members: readonly MemberView[]): readonly MemberView[] {
  const urgency = ({ state }: MemberView) => URGENCY.indexOf(toneOf(state));
  return members.toSorted((a, b) => urgency(a) - urgency(b));
}

function needsAPerson(members: readonly MemberView[]): boolean {
  return members.some(({ state }) => state === "Failed");
}

function gateFact(gate: GateView): Html {
  const place = gate.group === undefined ? "the stage" : `group ${gate.group}`;
  const approved = gate.approvedAt !== undefined;
  return html`<li>
    ${badge(gate.state)} Gate <q>${gate.displayName}</q> ${gate.timing}
    ${place}${
      approved && html`, approved ${when(gate.approvedAt)} by ${gate.approvedBy}`
    }${!approved && gate.reason !== undefined && html`, left closed: ${told(gate.reason)}`}
  </li>`;
}

function waitFact(wait: WaitView): Html {
  const long = formatDuration(wait.durationSeconds * 1_000);
  return html`${badge(wait.state)} Wait of ${long} after the
  stage${
    wait.endsAt !== undefined &&
    html`, ${wait.completedTime === undefined ? "ends" : "ended"} ${when(wait.endsAt)}`
  }`;
}

interface Fold {
  readonly key: string;
  /** Before the counts, where no heading says it. */
  readonly label: string;
  readonly open: boolean;
}

/** Members of a group, or of a stage that is small. */
function fold(name: string, members: readonly MemberView[], { key, label, open }: Fold): Html {
  return html`<details class="group" data-key="${key}" ${open && "open"}>
    <summary data-key="${key} summary">${label}${counts(members)}</summary>
    ${table({
      caption: `Members of ${name}`,
      key,
      heads: ["Member", "Group", "State", "Upgrade", "Nodes", "Why"],
      rows: members.map((member) => ({
        member: { name: member.name, tone: toneOf(member.state) },
        cells: [
          member.name,
          member.group,
          badge(member.state),
          upgradeTime(member),
          `${member.nodesUpgraded ?? "–"}`,
          told(member.why),
        ],
      })),
    })}
  </details>`;
}

function upgradeTime({ startTime, completedTime }: MemberView): Html {
  if (startTime === undefined) return html`–`;
  if (completedTime === undefined) return html`since ${when(startTime)}`;
  const took = Date.parse(completedTime) - Date.parse(startTime);
  return html`${when(startTime)}, took ${formatDuration(Math.max(0, took))}`;
}

function decisions(all: readonly Decision[], run: string): Html {
  if (all.length === 0) return html``;
  return html`<h4>Recent decisions</h4>
    ${table({
      caption: `Recent decisions on ${run}, newest first`,
      key: `${run} decisions`,
      heads: ["About", "When", "Verdict", "Reason"],
      rows: together(all).map(({ at, about, verdict, reason }) => ({
        cells: [about, when(at), badge(verdict), told(reason ?? "–")],
      })),
    })}`;
}

/** Runs that are over, one line each. */
export function earlierRuns(runs: readonly RunStatus[], key: string): Html {
  if (runs.length === 0) return html``;
  return html`<details class="earlier" data-key="${key} earlier">
    <summary data-key="${key} earlier summary">Earlier runs (${runs.length})</summary>
    ${table({
      caption: "Earlier runs, newest first",
      key: `${key} earlier table`,
      heads: ["Run", "State", "Started", "Ended"],
      rows: runs.map((run) => ({
        cells: [run.name, badge(run.state), when(run.startTime), when(run.completedTime)],
      })),
    })}
  </details>`;
}
