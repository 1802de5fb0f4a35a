import { FleetwrightError } from "../../shared/core/errors.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { membersOf } from "../../shared/update-run/state.ts";
import type { Step } from "./step.ts";

/** Takes members out of a run that has not been started; those that are out already stay so. */
export async function leaveOut(
  { deps, target }: Step,
  run: UpdateRun,
  names: readonly string[],
): Promise<UpdateRun> {
  const unwanted = new Set(names);
  const due = membersOf(run)
    .map(({ member }) => member)
    .filter(({ name, state }) => unwanted.has(name) && state !== "Skipped");
  if (due.length === 0) return run;
  const targets = due.map(({ name }) => ({ type: "Member" as const, name }));
  await deps.fleet.skip(target.fleet, run.name, targets);
  const left = await deps.fleet.getRun(target.fleet, run.name);
  if (left?.status.state === "NotStarted") return left;
  throw new FleetwrightError("conflict", `update run ${run.name} changed while it was prepared`, {
    subject: run.id,
    remedy: "look at it, then run this step again",
  });
}
