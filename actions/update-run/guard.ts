import { FleetwrightError } from "../../shared/core/errors.ts";
import { comparePlans, parsePlan, planCheckName } from "../../shared/update-run/plan.ts";
import type { Plan } from "../../shared/update-run/plan.ts";
import { needsRecords } from "./step.ts";
import type { Step } from "./step.ts";

/** Pull requests that are searched for the one that reviewed a run. */
const MAX_HEADS = 10;
/** Differences in one message; more are more of the same. */
const MAX_DIFFERENCES = 5;

/**
 * Fails unless a plan was reviewed on the pull request that declared it, and still is what was reviewed.
 *
 * @returns what is less than was reviewed: sentences.
 */
export async function assertReviewed(step: Step, actual: Plan): Promise<readonly string[]> {
  const { inputs, deps } = step;
  if (inputs.reviewedPlan === "off") return [];
  const reviewed = await findReviewed(step, actual.run);
  const { blocks, notes } = comparePlans(reviewed, actual);
  for (const note of notes) deps.runner.log(`as reviewed, except: ${note}`);
  if (blocks.length === 0) return notes;
  const named = blocks.slice(0, MAX_DIFFERENCES).join("; ");
  const more =
    blocks.length > MAX_DIFFERENCES ? `; and ${blocks.length - MAX_DIFFERENCES} more` : "";
  throw new FleetwrightError(
    "plan-changed",
    `update run ${actual.run} is not what was reviewed: ${named}${more}`,
    {
      subject: `${actual.fleet}/updateRuns/${actual.run}`,
      remedy: "review it again: open a pull request with a new generation of the release",
    },
  );
}

/** The plan of this run that stands on the pull request; another run's plan there is a change to tell. */
async function findReviewed(step: Step, run: string): Promise<Plan> {
  const { target, deps } = step;
  const { checks, reviews } = await needsRecords(
    step,
    "the reviewed plan is a check of its pull request",
  );
  const { commit } = deps.job;
  const heads = commit === undefined ? [] : await reviews.reviewedHeads(commit, target.files);
  let other: Plan | undefined;
  for (const head of heads.slice(0, MAX_HEADS)) {
    const check = await checks.newest(head, planCheckName(target.environment));
    const plan = parsePlan(check?.data);
    if (plan?.run === run) return plan;
    other ??= plan;
  }
  // Compared all the same, so that the reader sees what has changed and not only two names.
  if (other !== undefined) return other;
  throw new FleetwrightError(
    "not-reviewed",
    `no merged pull request carries the plan of update run ${run}`,
    {
      remedy:
        "change the release by a pull request whose checks run operation: preflight, or set `reviewed-plan: off`",
    },
  );
}
