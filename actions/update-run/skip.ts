import { FleetwrightError } from "../../shared/core/errors.ts";
import { formatSkipTarget, skippable } from "../../shared/update-run/skip.ts";
import { readSkips, writeSkip } from "../../shared/update-run/skip-record.ts";
import type { Word } from "../../shared/update-run/hold.ts";
import type { SkipTarget, UpdateRun } from "../../shared/update-run/ports.ts";
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
  if (due.length === 0) {
    const warnings = await record(step, run, inputs.targets, word);
    return { run, changed: false, did: "It was skipped before.", warnings };
  }
  const named = due.map(formatSkipTarget).join(" ");
  deps.runner.leaves(`${named} of ${run.name} was being skipped`);
  await deps.fleet.skip(target.fleet, run.name, due);
  const did = `${word.by} skipped ${named}: ${word.reason}.`;
  deps.runner.log(did);
  const warnings = await record(step, run, due, word);
  const after = (await deps.fleet.getRun(target.fleet, run.name)) ?? run;
  return { run: after, changed: true, did, warnings };
}

/** What nobody recorded yet: a step that was cut off right after the skip is made up for by the next one. */
async function record(
  { deps, target }: Step,
  run: UpdateRun,
  targets: readonly SkipTarget[],
  word: Word,
): Promise<readonly string[]> {
  if (deps.records === undefined) {
    return ["the skip stands in this log and summary only: give the step a github-token"];
  }
  const records = await deps.records();
  const commit = await recordCommit({ deps, target }, records);
  const known = await readSkips(records.checks, commit, run.name);
  const recorded = new Set(known.flatMap((one) => one.targets.map(formatSkipTarget)));
  const missing = targets.filter((one) => !recorded.has(formatSkipTarget(one)));
  if (missing.length === 0) return [];
  const jobUrl = deps.job.url;
  await writeSkip(records.checks, commit, run.name, { ...word, targets: missing, jobUrl });
  return [];
}
