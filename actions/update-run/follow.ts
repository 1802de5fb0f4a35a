import { followRun } from "../../shared/update-run/follow.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { formatProgress } from "../../shared/update-run/progress.ts";
import type { Act } from "./report-run.ts";
import { recordCommit } from "./step.ts";
import type { Step } from "./step.ts";

export interface FollowOptions {
  readonly did: string;
  readonly changed?: boolean;
  /** The run as it was when it was told to start. */
  readonly startedFrom?: UpdateRun;
  /** Another run than the target. */
  readonly name?: string;
}

/** Waits for the end of the run, by its name alone: any later step can take it up. */
export async function follow(
  step: Step,
  { did, changed = false, startedFrom, ...options }: FollowOptions,
): Promise<Act> {
  const { deps, inputs, target } = step;
  const { runner } = deps;
  const name = options.name ?? startedFrom?.name ?? target.name;
  const leaves = (state: string) =>
    runner.leaves(
      `update run ${name} was ${state} and goes on in Azure; follow it again with operation: follow, or end it with operation: stop`,
    );
  leaves(startedFrom === undefined ? "not read yet" : "just started");
  const { run, ended } = await followRun(
    {
      fleet: deps.fleet,
      sleep: deps.sleep,
      elapsed: deps.elapsed,
      onProgress(line, seen) {
        runner.log(formatProgress(line));
        leaves(seen.status.state);
      },
      onTrouble: (error) => runner.log(`will look again: ${error.message}`),
    },
    {
      fleet: target.fleet,
      name,
      pollIntervalMilliseconds: inputs.pollIntervalMilliseconds,
      detachAfterMilliseconds: inputs.detachAfterMilliseconds,
      ...(startedFrom !== undefined && { startedFrom }),
    },
  );
  const detached = ended !== "finished";
  const check = await recordEnd(step, run, detached);
  const stuck = ended === "stuck";
  return {
    run,
    changed,
    detached,
    stuck,
    judged: true,
    did,
    ...(check !== undefined && { check }),
  };
}

/** A detached run leaves a check behind, which whoever sees the end finishes: a later step, or the functions. */
async function recordEnd(
  step: Step,
  run: UpdateRun,
  detached: boolean,
): Promise<string | undefined> {
  const { records } = step.deps;
  if (records === undefined) return undefined;
  try {
    const { detachedCheck, finishRunCheck } = await import("../../shared/update-run/run-check.ts");
    const open = await records();
    const commit = await recordCommit(step, open);
    const check = detached
      ? await detachedCheck(open.checks, commit, run, step.target.environment)
      : await finishRunCheck(open.checks, commit, run, step.target.environment);
    return check?.url;
  } catch (thrown) {
    // The run itself is what counts: that its check cannot be written is no failure of it.
    step.deps.runner.log(`the check of ${run.name} was not written: ${String(thrown)}`);
    return undefined;
  }
}
