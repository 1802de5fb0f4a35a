import { FleetwrightError } from "../../shared/core/errors.ts";
import { MAX_RETRIES } from "../../shared/declaration/strategy.ts";
import { assertAsDeclared, createRun } from "../../shared/update-run/create.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { planRetry } from "../../shared/update-run/retry.ts";
import type { RetryPlan } from "../../shared/update-run/retry.ts";
import { membersOf } from "../../shared/update-run/state.ts";
import { follow } from "./follow.ts";
import { leaveOut } from "./leave-out.ts";
import type { Act } from "./report-run.ts";
import { assertNotHeld, begin } from "./start.ts";
import { compared, existing } from "./step.ts";
import type { Step } from "./step.ts";

/** Repeats the members that failed, and no other, with the same pins: a run of its own, `<name>-r1`. */
export async function retry(step: Step): Promise<Act> {
  const { deps, target } = step;
  const first = compared(target, await existing(step));
  const plan = planRetry(first, await deps.fleet.listRuns(target.fleet));
  switch (plan.kind) {
    case "nothing":
      return { run: plan.run, changed: false, did: "Nothing failed, nothing to retry." };
    case "running":
      return follow(step, { did: "It is under way; followed.", name: plan.run.name });
    case "exhausted":
      throw new FleetwrightError("conflict", `${first.name} was retried ${MAX_RETRIES} times`, {
        subject: first.id,
        remedy: "find out why the same members fail, then raise the generation of the release",
      });
    case "retry":
      return repeat(step, plan);
  }
}

async function repeat(step: Step, plan: RetryPlan): Promise<Act> {
  const { deps, target } = step;
  await assertNotHeld(step);
  const wanted = { fleet: target.fleet, name: plan.name, spec: plan.spec, stages: plan.stages };
  deps.runner.leaves(`the retry ${plan.name} was being prepared; it is not started`);
  const { run } = await createRun(deps.fleet, wanted, async () => {});
  const ready = await leaveOnly(step, run, plan.members);
  assertAsDeclared(wanted, ready);
  deps.runner.log(`${plan.name} repeats ${plan.members.join(", ")}`);
  await begin(step, ready);
  return follow(step, {
    did: `Retried ${plan.members.length} failed.`,
    changed: true,
    startedFrom: ready,
  });
}

/** Takes every other member out of a run that has not been started. */
export async function leaveOnly(
  step: Step,
  run: UpdateRun,
  names: readonly string[],
): Promise<UpdateRun> {
  const wanted = new Set(names);
  const others = membersOf(run).map(({ member }) => member);
  return leaveOut(
    step,
    run,
    others.filter(({ name }) => !wanted.has(name)).map(({ name }) => name),
  );
}
