import type { ArmId } from "../core/arm-id.ts";
import { SECOND } from "../core/duration.ts";
import { FleetwrightError, toError } from "../core/errors.ts";
import type { FleetPort, UpdateRun } from "./ports.ts";
import { progress } from "./progress.ts";
import type { ProgressLine } from "./progress.ts";
import { isTerminal } from "./state.ts";
import { stuckMembers } from "./stuck.ts";

export interface FollowDeps {
  readonly fleet: FleetPort;
  sleep(milliseconds: number): Promise<void>;
  /** Milliseconds that only ever grow, of this machine: how long we have been waiting. */
  elapsed(): number;
  onProgress(line: ProgressLine, run: UpdateRun): void;
  onTrouble(error: Error): void;
}

export interface FollowRequest {
  readonly fleet: ArmId;
  readonly name: string;
  readonly pollIntervalMilliseconds: number;
  readonly detachAfterMilliseconds: number;
  /** The run as it was when it was told to start: a terminal state that it still shows is an old one. */
  readonly startedFrom?: UpdateRun;
}

export interface Followed {
  readonly run: UpdateRun;
  /** `detached`: the run goes on without us. `stuck`: it waits for what may never come (`stuckMembers`). */
  readonly ended: "finished" | "detached" | "stuck";
}

/** Polls in a row that may fail before we give up; the ARM client has retried each of them already. */
const MAX_TROUBLES_IN_A_ROW = 10;
/** Fleet answers a start with the old state and shows the new one a second later. */
const FIRST_POLL_MILLISECONDS = 2 * SECOND;
/** Looks at an unchanged ETag after which the start is taken to have changed nothing. */
const MAX_STALE_LOOKS = 10;
/** Looks in a row that find nothing but stuck members: Fleet may be about to begin the next member. */
const STUCK_LOOKS = 3;

/** Follows a run until it ends or until we have waited long enough or in vain, telling each change once. */
export async function followRun(deps: FollowDeps, request: FollowRequest): Promise<Followed> {
  const deadline = deps.elapsed() + request.detachAfterMilliseconds;
  let seen: UpdateRun | undefined = request.startedFrom;
  let staleLooks = 0;
  let stuckLooks = 0;
  let pause = Math.min(FIRST_POLL_MILLISECONDS, request.pollIntervalMilliseconds);
  const read = patientReader(deps, request);
  for (;;) {
    const run = await read();
    if (run !== undefined) {
      for (const line of progress(seen, run)) deps.onProgress(line, run);
      seen = run;
      const stale = isStale(request.startedFrom, run) && ++staleLooks < MAX_STALE_LOOKS;
      if (isTerminal(run.status.state) && !stale) return { run, ended: "finished" };
      stuckLooks = stuckMembers(run).length > 0 ? stuckLooks + 1 : 0;
      if (stuckLooks >= STUCK_LOOKS) return { run, ended: "stuck" };
    }
    if (deps.elapsed() + pause > deadline && seen !== undefined) {
      return { run: seen, ended: "detached" };
    }
    await deps.sleep(pause);
    pause = request.pollIntervalMilliseconds;
  }
}

function isStale(startedFrom: UpdateRun | undefined, run: UpdateRun): boolean {
  return startedFrom !== undefined && startedFrom.etag === run.etag;
}

/** Reads the run; `undefined` when Azure could not be asked this time. */
function patientReader(
  deps: FollowDeps,
  request: FollowRequest,
): () => Promise<UpdateRun | undefined> {
  let troubles = 0;
  return async () => {
    try {
      const run = await deps.fleet.getRun(request.fleet, request.name);
      if (run === undefined) throw goneRun(request);
      troubles = 0;
      return run;
    } catch (thrown) {
      const error = toError(thrown);
      troubles += 1;
      if (!isTransient(error) || troubles >= MAX_TROUBLES_IN_A_ROW) throw error;
      deps.onTrouble(error);
      return undefined;
    }
  };
}

function isTransient(error: Error): boolean {
  return (
    error instanceof FleetwrightError &&
    ["throttled", "service-error", "unreachable", "timed-out"].includes(error.code)
  );
}

function goneRun({ fleet, name }: FollowRequest): FleetwrightError {
  return new FleetwrightError("not-found", `update run ${name} does not exist in ${fleet}`, {
    subject: `${fleet}/updateRuns/${name}`,
    remedy: "create it with operation: create, or check run-name",
  });
}
