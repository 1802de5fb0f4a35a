import { FleetwrightError } from "../../shared/core/errors.ts";
import { readHold, writeHold } from "../../shared/update-run/hold.ts";
import { follow } from "./follow.ts";
import type { Act } from "./report-run.ts";
import { begin } from "./start.ts";
import { compared, existing, recordCommit } from "./step.ts";
import type { Step } from "./step.ts";

/** Releases a run that a person held, and starts one again that failed or was stopped. */
export async function resume(step: Step): Promise<Act> {
  const stored = compared(step.target, await existing(step));
  const released = await release(step);
  const { state } = stored.status;
  if (state === "Failed" || state === "Stopped") {
    await begin(step, stored);
    return follow(step, { did: "Resumed and followed.", changed: true, startedFrom: stored });
  }
  if (state === "NotStarted") {
    if (released) return { run: stored, changed: true, did: "Released; it was never started." };
    throw new FleetwrightError("conflict", `update run ${stored.name} was never started`, {
      subject: stored.id,
      remedy: "start it with operation: start or run",
    });
  }
  const did = released ? "Released and followed." : "Nothing to resume; followed.";
  return follow(step, { did, changed: released });
}

async function release(step: Step): Promise<boolean> {
  const { deps, target, inputs } = step;
  if (deps.records === undefined) return false;
  const records = await deps.records();
  const commit = await recordCommit(step, records);
  const hold = await readHold(records.checks, commit, target.name);
  if (hold === undefined) return false;
  const reason = inputs.reason ?? "resumed";
  await writeHold(records.checks, commit, target.name, {
    held: false,
    by: deps.job.actor,
    reason,
  });
  deps.runner.log(`update run ${target.name} was held by ${hold.by}: released`);
  return true;
}
