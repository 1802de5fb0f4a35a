import { formatDuration } from "../../shared/core/duration.ts";
import type {
  Decision,
  GateView,
  MemberView,
  RunStatus,
  StageView,
  WaitView,
} from "../../shared/status/run-status.ts";
import { html, type Html } from "./html.ts";
import { byGroup } from "./lanes.ts";
import { state, table } from "./table.ts";
import { when } from "./time.ts";
import { timeline } from "./timeline.ts";

/** Up to this many members every group is shown open; of more only those that need a person. */
const MAX_OPEN_MEMBERS = 60;

/** The run that counts: picture, then stage by stage, then what was decided. */
export function runSection(run: RunStatus, at: string, id: string): Html {
  const members = run.stages.reduce((sum, stage) => sum + stage.members.length, 0);
  return html`<section aria-labelledby="${id}">
    <h3 id="${id}">Update run ${run.name} ${state(run.state)}</h3>
    <p>${facts(run)}</p>
    ${run.error !== undefined && html`<p class="alarm">${run.error}</p>`}
    ${timeline(run, at, `${id}-timeline`)}
    ${run.stages.map((stage) => stageSection(stage, run, members <= MAX_OPEN_MEMBERS))}
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

function stageSection(stage: StageView, run: RunStatus, open: boolean): Html {
  return html`<h4>Stage ${stage.name} ${state(stage.state)}</h4>
    <ul class="facts">
      ${stage.gates.map(gateFact)} ${stage.wait && html`<li>${waitFact(stage.wait)}</li>`}
    </ul>
    ${[...byGroup(stage.members)].map(([group, members]) =>
      groupDetails(group, members, { key: `${run.name} ${stage.name} ${group}`, open }),
    )}`;
}

function gateFact(gate: GateView): Html {
  const place = gate.group === undefined ? "the stage" : `group ${gate.group}`;
  const approved = gate.approvedAt !== undefined;
  return html`<li>
    Gate <q>${gate.displayName}</q> ${gate.timing} ${place}
    ${state(gate.state)}${
      approved && html` approved ${when(gate.approvedAt)} by ${gate.approvedBy}`
    }${!approved && gate.reason !== undefined && html` left closed: ${gate.reason}`}
  </li>`;
}

function waitFact(wait: WaitView): Html {
  const long = formatDuration(wait.durationSeconds * 1_000);
  return html`Wait of ${long} after the stage
  ${state(wait.state)}${
    wait.endsAt !== undefined &&
    html` ${wait.completedTime === undefined ? "ends" : "ended"} ${when(wait.endsAt)}`
  }`;
}

function groupDetails(
  group: string,
  members: readonly MemberView[],
  { key, open }: { readonly key: string; readonly open: boolean },
): Html {
  const shown = open || members.some(({ state: one }) => one === "Failed");
  return html`<details class="group" data-key="${key}" ${shown && "open"}>
    <summary data-key="${key} summary">${group}: ${counts(members)}</summary>
    ${table({
      caption: `Members of ${group}`,
      key,
      heads: ["Member", "State", "Upgrade", "Nodes", "Why"],
      rows: members.map(memberRow),
    })}
  </details>`;
}

/** `12 members: 9 Completed, 3 Running`. */
function counts(members: readonly MemberView[]): string {
  const states = new Map<string, number>();
  for (const { state: one } of members) states.set(one, (states.get(one) ?? 0) + 1);
  const parts = [...states].map(([name, count]) => `${count} ${name}`).join(", ");
  return `${members.length} ${members.length === 1 ? "member" : "members"}, ${parts}`;
}

function memberRow(member: MemberView): Html {
  return html`<tr data-member="${member.name}">
    <th scope="row">${member.name}</th>
    <td>${state(member.state)}</td>
    <td>${upgradeTime(member)}</td>
    <td>${member.nodesUpgraded ?? "–"}</td>
    <td>${member.why}</td>
  </tr>`;
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
      heads: ["When", "About", "Verdict", "Reason"],
      rows: all.map(
        ({ at, about, verdict, reason }) =>
          html`<tr>
            <td>${when(at)}</td>
            <th scope="row">${about}</th>
            <td>${state(verdict)}</td>
            <td>${reason ?? "–"}</td>
          </tr>`,
      ),
    })}`;
}

/** Runs that are over, one line each. */
export function earlierRuns(runs: readonly RunStatus[], key: string): Html {
  if (runs.length === 0) return html``;
  return html`<details data-key="${key} earlier">
    <summary data-key="${key} earlier summary">Earlier runs (${runs.length})</summary>
    ${table({
      caption: "Earlier runs, newest first",
      key: `${key} earlier table`,
      heads: ["Run", "State", "Started", "Ended"],
      rows: runs.map(
        (run) =>
          html`<tr>
            <th scope="row">${run.name}</th>
            <td>${state(run.state)}</td>
            <td>${when(run.startTime)}</td>
            <td>${when(run.completedTime)}</td>
          </tr>`,
      ),
    })}
  </details>`;
}
