import { FleetwrightError } from "../../shared/core/errors.ts";
import { counted } from "../../shared/core/markdown.ts";
import type { MemberStatus, UpdateRun } from "../../shared/update-run/ports.ts";
import { membersOf, waitingGates } from "../../shared/update-run/state.ts";
import { stuckMembers } from "../../shared/update-run/stuck.ts";
import { renderRunSummary } from "../../shared/update-run/summary.ts";
import { passedOver } from "../../shared/update-run/tolerance.ts";
import type { Annotation, Report } from "../runner/report.ts";
import type { Target } from "./target.ts";

/** What an operation came to. */
export interface Act {
  readonly run: UpdateRun;
  readonly changed: boolean;
  readonly detached?: boolean;
  /** The step stopped waiting because nothing but what a region lacks is waited for. */
  readonly stuck?: boolean;
  /** The step waited for the end, so a bad end is its failure. */
  readonly judged?: boolean;
  /** What is wrong although the run ended well. */
  readonly failure?: Error;
  /** One sentence. */
  readonly did: string;
  readonly warnings?: readonly string[];
  /** What is less than was reviewed: sentences without a full stop. */
  readonly notes?: readonly string[];
  /** Address of the check that was written. */
  readonly check?: string;
}

/** Members listed in the JSON output, and characters of each message: outputs of a job share 1 MB. */
const MAX_FAILED_MEMBERS = 200;
const MAX_MESSAGE_LENGTH = 500;
/** Notes in one sentence; all of them stand in the log. */
const MAX_NOTES = 10;

export function reportRun({ environment }: Target, ended: Act): Report {
  const { run, changed, detached, did, warnings = [], notes = [], check = "" } = ended;
  const gone = detached === true;
  const act = [
    did,
    ...(gone ? ["This step stopped waiting; the run goes on."] : []),
    ...(notes.length > 0 ? [`As reviewed, except: ${named(notes)}.`] : []),
  ].join(" ");
  const failure = failureOfAct(ended);
  return {
    outputs: {
      "run-name": run.name,
      "run-id": run.id,
      state: run.status.state,
      changed: String(changed),
      detached: String(gone),
      "failed-members": JSON.stringify(failedMembers(run)),
      "waiting-gates": JSON.stringify(waitingGates(run)),
      "check-url": check,
    },
    annotations: [
      ...(gone && ended.stuck !== true ? [detachedNotice(run)] : []),
      ...warnings.map((message): Annotation => ({ kind: "warning", title: run.name, message })),
    ],
    summary: renderRunSummary({ run, environment, act }),
    ...(failure !== undefined && { failure }),
  };
}

function named(notes: readonly string[]): string {
  const rest = notes.length - MAX_NOTES;
  return `${notes.slice(0, MAX_NOTES).join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`;
}

/** Fleet keeps such a run for ever, so that a step which waited on would only end later, and well. */
function stuckFailure(run: UpdateRun): Error {
  const stuck = stuckMembers(run);
  const first = stuck[0]?.member;
  const why = first === undefined ? "" : `, first ${first.name}: ${reasonOf(first)}`;
  return new FleetwrightError(
    "run-failed",
    `update run ${run.name} cannot go on with ${counted(stuck.length, "Pending member")}${why}`,
    {
      subject: run.id,
      remedy:
        "end it with operation: stop and declare a version that the region has; or, where Azure is still releasing it, follow it again later: Fleet tries about every six hours",
    },
  );
}

function reasonOf({ error, message }: MemberStatus): string {
  return (error?.message ?? message ?? "").slice(0, MAX_MESSAGE_LENGTH);
}

function failureOfAct({ run, stuck, judged, failure }: Act): Error | undefined {
  if (stuck === true) return stuckFailure(run);
  return (judged === true ? failureOf(run) : undefined) ?? failure;
}

function failureOf(run: UpdateRun): Error | undefined {
  if (run.status.state === "Stopped") {
    return new FleetwrightError("run-failed", `update run ${run.name} was stopped before its end`, {
      subject: run.id,
      remedy: "continue it with operation: resume",
    });
  }
  const passed = passedOver(run);
  if (passed.length > 0) return passedOverFailure(run, passed);
  if (run.status.state !== "Failed") return undefined;
  const failed = failedMembers(run);
  const first = failed[0];
  const why = first === undefined ? run.status.error?.message : `${first.name}: ${first.message}`;
  return new FleetwrightError(
    "run-failed",
    `update run ${run.name} failed with ${counted(failed.length, "failed member")}${why === undefined ? "" : `, first ${why}`}`,
    {
      subject: run.id,
      remedy:
        "repair what the summary names, then continue it with operation: resume, or repeat what failed with retry",
    },
  );
}

/** Fleet calls it Completed, for its strategy tolerates so many failures: here a failed member is one. */
function passedOverFailure(run: UpdateRun, passed: readonly string[]): Error {
  return new FleetwrightError(
    "run-failed",
    `update run ${run.name} went on past ${counted(passed.length, "failed member")}, first ${passed[0] ?? ""}: its strategy has maxAllowedFailures`,
    {
      subject: run.id,
      remedy: "repair what the summary names, then repeat what failed with operation: retry",
    },
  );
}

function failedMembers(run: UpdateRun) {
  return membersOf(run)
    .filter(({ member }) => member.state === "Failed")
    .slice(0, MAX_FAILED_MEMBERS)
    .map(({ stage, group, member }) => ({
      name: member.name,
      clusterId: member.clusterId,
      stage,
      group,
      code: member.error?.code ?? "",
      message: reasonOf(member),
    }));
}

function detachedNotice(run: UpdateRun): Annotation {
  const gates = waitingGates(run).map(({ displayName }) => `"${displayName}"`);
  const waiting = gates.length === 0 ? "" : ` It waits for ${gates.join(" and ")}.`;
  return {
    kind: "notice",
    title: "detached",
    message: `update run ${run.name} is ${run.status.state} and goes on.${waiting}`,
  };
}
