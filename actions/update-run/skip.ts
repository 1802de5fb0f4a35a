import { FleetwrightError } from "../../shared/core/errors.ts";
import { formatSkipTarget, skippable } from "../../shared/update-run/skip.ts";
import { writeSkip } from "../../shared/update-run/skip-record.ts";
import type { Act } from "./report-run.ts";
import { existing, needsReason, recordCommit } from "./step.ts";
import type { Step } from "./step.ts";

/** Takes members, groups, stages or a wait out of the run; who and why is recorded. */
export async function skip(step: Step): Promise<Act> {
  const { deps, inputs, target } = step;
  const word = needsReason(step);
  if (inputs.targets.length === 0) {
    throw new FleetwrightError("invalid-input", "operation skip needs targets", {
      remedy: "set `targets`, such as `Member:quay-1 Group:blue`",
    });
  }
  const run = await existing(step);
  const due = skippable(run, inputs.targets);
  if (due.length === 0) return { run, changed: false, did: "It was skipped before." };
  const named = due.map(formatSkipTarget).join(" ");
  deps.runner.leaves(`${named} of ${run.name} was being skipped`);
  await deps.fleet.skip(target.fleet, run.name, due);
  const did = `${word.by} skipped ${named}: ${word.reason}.`;
  deps.runner.log(did);
  if (deps.records !== undefined) {
    const records = await deps.records();
    const record = { ...word, targets: due, jobUrl: deps.job.url };
    await writeSkip(records.checks, await recordCommit(step, records), run.name, record);
  }
  const after = (await deps.fleet.getRun(target.fleet, run.name)) ?? run;
  return { run: after, changed: true, did };
}
