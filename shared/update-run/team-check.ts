import type { Clock } from "../core/clock.ts";
import { MINUTE } from "../core/duration.ts";
import type { StateStore, StoredRow } from "../core/state-store.ts";
import type { CheckResult, TeamCheck } from "./check.ts";
import { writeRow } from "./ledger.ts";

/** What GitHub says about a check run or a run of a workflow. Times are ISO 8601. */
export interface TeamCheckRun {
  /** `queued`, `in_progress`, `completed`, or what GitHub adds. */
  readonly status: string;
  readonly conclusion: string | undefined;
  readonly startedAt: string;
  readonly url: string;
}

export interface TeamCheckPort {
  /** The newest check run of this name on a commit. */
  readCheckRun(commit: string, name: string): Promise<TeamCheckRun | undefined>;
  /** Starts a workflow on the default branch. */
  dispatch(file: string, inputs: Readonly<Record<string, string>>): Promise<DispatchedWorkflow>;
  readWorkflowRun(id: number): Promise<TeamCheckRun | undefined>;
}

export interface DispatchedWorkflow {
  readonly id: number;
}

/** The row of a dispatch: the intent, and once GitHub has answered, the run. */
interface Dispatch extends Partial<DispatchedWorkflow> {
  /** Whoever wrote the intent has until then to complete it (milliseconds since the Unix epoch). */
  readonly claimedUntil: number;
}

/** A handler is ended after 30 s; an intent that outlives it by far was left by a crash. */
const CLAIM_MILLISECONDS = 2 * MINUTE;

/** Conclusions by which the team says that something is wrong. `neutral` and `skipped` say nothing. */
const FAILED: ReadonlySet<string> = new Set([
  "failure",
  "timed_out",
  "cancelled",
  "action_required",
  "startup_failure",
]);

/** GitHub's clock and Azure's may differ this much. */
const CLOCK_DIFFERENCE_MILLISECONDS = 1 * MINUTE;

/**
 * What the team's check says of a stage. One that began before the stage's last member was done looked at
 * something else. Pure.
 *
 * @param since when the last member was done, milliseconds since the Unix epoch.
 */
export function judgeTeamCheck(
  name: string,
  run: TeamCheckRun | undefined,
  since: number,
): CheckResult {
  const result = (outcome: CheckResult["outcome"], detail: string): CheckResult => ({
    check: "team",
    outcome,
    detail,
  });
  if (!run) return result("inconclusive", `the check "${name}" has not run yet`);
  if (Date.parse(run.startedAt) < since - CLOCK_DIFFERENCE_MILLISECONDS) {
    return result("inconclusive", `the check "${name}" is from before the stage was done`);
  }
  if (run.status !== "completed") return result("inconclusive", `the check "${name}" is running`);
  const conclusion = run.conclusion ?? "without a conclusion";
  if (conclusion === "success") return result("pass", `the check "${name}" passed: ${run.url}`);
  const outcome = FAILED.has(conclusion) ? "fail" : "inconclusive";
  return result(outcome, `the check "${name}" ended ${conclusion}: ${run.url}`);
}

export interface TeamCheckDeps {
  readonly store: StateStore;
  /** The machines' own time: a claim bounds the life of a process. */
  readonly wallClock: Clock;
  readonly team?: TeamCheckPort;
}

export interface TeamCheckRequest {
  readonly partition: string;
  readonly environment: string;
  readonly run: string;
  readonly commit: string;
  readonly stage: string;
  readonly check: TeamCheck;
  readonly since: number;
}

/** Asks the team's check; a workflow is dispatched once for each time that the stage was done. */
export async function askTeam(
  deps: TeamCheckDeps,
  request: TeamCheckRequest,
): Promise<CheckResult> {
  const name = request.check.kind === "workflow" ? request.check.file : request.check.name;
  if (!deps.team) return unreadable(name, "no GitHub is connected");
  try {
    const run = await readTeamCheck(deps, deps.team, request);
    return judgeTeamCheck(name, run, request.since);
  } catch (error) {
    return unreadable(name, error instanceof Error ? error.message : String(error));
  }
}

function unreadable(name: string, why: string): CheckResult {
  return {
    check: "team",
    outcome: "unknown",
    detail: `the check "${name}" cannot be read: ${why}`,
  };
}

async function readTeamCheck(
  deps: TeamCheckDeps,
  team: TeamCheckPort,
  request: TeamCheckRequest,
): Promise<TeamCheckRun | undefined> {
  const { partition, environment, run, commit, stage, check, since } = request;
  if (check.kind === "check-run") return team.readCheckRun(commit, check.name);
  const row = `check:${stage}:${since}`;
  const known = await deps.store.get<Dispatch>(partition, row);
  if (known?.value.id !== undefined) return team.readWorkflowRun(known.value.id);
  if (!(await claim(deps, partition, row, known))) return undefined;
  const { id } = await team.dispatch(check.file, { environment, run, stage });
  await writeRow(deps.store, partition, row, { id, claimedUntil: 0 });
  return team.readWorkflowRun(id);
}

/**
 * A crash between intent and answer leaves a row without a run: it is dispatched again once the claim is over, since
 * a second look at a stage harms nothing, and none at all would hold the run for ever.
 */
async function claim(
  { store, wallClock }: TeamCheckDeps,
  partition: string,
  row: string,
  known: StoredRow<Dispatch> | undefined,
): Promise<string | undefined> {
  const intent: Dispatch = { claimedUntil: wallClock.now() + CLAIM_MILLISECONDS };
  if (!known) return store.insert(partition, row, intent);
  if (known.value.claimedUntil > wallClock.now()) return undefined;
  return store.replace(partition, row, intent, known.etag);
}
