import { FleetwrightError } from "../../shared/core/errors.ts";
import { readHold, writeHold } from "../../shared/update-run/hold.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { gatesAhead, isTerminal } from "../../shared/update-run/state.ts";
import type { Act } from "./report-run.ts";
import { existing, needsReason, needsRecords, recordCommit } from "./step.ts";
import type { Step } from "./step.ts";

/** Keeps the run at its next gate of ours, and unstarted if it is that, until it is resumed. */
export async function hold(step: Step): Promise<Act> {
  const { deps, target } = step;
  const word = needsReason(step);
  const run = await existing(step);
  if (isTerminal(run.status.state)) {
    throw new FleetwrightError("conflict", `update run ${run.name} is ${run.status.state}`, {
      subject: run.id,
      remedy: "a run that has ended cannot be held",
    });
  }
  const records = await needsRecords(step, "a hold is a check that the functions read");
  const commit = await recordCommit(step, records);
  const before = await readHold(records.checks, commit, run.name);
  if (before !== undefined) {
    return { run, changed: false, did: `${before.by} held it before: ${before.reason}.` };
  }
  await writeHold(records.checks, commit, run.name, { held: true, ...word });
  deps.runner.log(`update run ${run.name} is held: ${word.reason}`);
  return {
    run,
    changed: true,
    did: `Held by ${word.by}: ${word.reason}.`,
    warnings: gaps(run, target.ourGates),
  };
}

/** Fleet itself knows no pause: only a gate that we approve, or a start, can be held back. */
function gaps(run: UpdateRun, ours: ReadonlySet<string>): readonly string[] {
  if (run.status.state === "NotStarted") return [];
  if (gatesAhead(run).some((name) => ours.has(name))) return [];
  return [
    `no gate of Fleetwright's lies ahead of ${run.name}: what its strategy does not separate goes on, only operation: stop ends it`,
  ];
}
