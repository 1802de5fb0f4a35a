import { FleetwrightError } from "../../shared/core/errors.ts";
import { createRun, assertItsTurn } from "../../shared/update-run/create.ts";
import { assertNotFrozen } from "../../shared/update-run/freeze.ts";
import { readHold } from "../../shared/update-run/hold.ts";
import { planOf, planOfRun } from "../../shared/update-run/plan.ts";
import { atTargetNote } from "../../shared/update-run/preflight/render.ts";
import type { Plan } from "../../shared/update-run/plan.ts";
import type { PreflightReport } from "../../shared/update-run/preflight/judge.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { isTerminal } from "../../shared/update-run/state.ts";
import { follow } from "./follow.ts";
import { lookAhead, passPreflight } from "./preflight.ts";
import type { Act } from "./report-run.ts";
import { compared, existing, needsDeclaration, recordCommit } from "./step.ts";
import type { Step } from "./step.ts";

export async function create(step: Step): Promise<Act> {
  const { deps, target } = step;
  const declared = needsDeclaration(target);
  let ahead: PreflightReport | undefined;
  const notes: string[] = [];
  const { run, changed } = await createRun(deps.fleet, declared, async () => {
    const less = await guard(step, planOf(declared, await deps.fleet.listMembers(target.fleet)));
    ahead = await passPreflight(step, declared);
    const { atTarget } = ahead;
    notes.push(...less, ...(atTarget.length === 0 ? [] : [atTargetNote(atTarget)]));
    deps.runner.leaves(
      `update run ${target.name} was being created; if it exists, it is not started`,
    );
  });
  deps.runner.log(`update run ${run.name} ${changed ? "created" : "exists, just as declared"}`);
  deps.runner.leaves(`update run ${target.name} exists and is ${run.status.state}`);
  if (!changed)
    return { run: await finishCreation(step, run), changed, did: "It existed, just as declared." };
  return { ...(await withoutSkipped(step, run, ahead)), changed, notes };
}

async function withoutSkipped(
  step: Step,
  run: UpdateRun,
  ahead: PreflightReport | undefined,
): Promise<Pick<Act, "run" | "did">> {
  if (ahead === undefined || ahead.skip.length === 0) return { run, did: "Created." };
  const { skipByRule } = await import("./skip-by-rule.ts");
  const did = `Created without ${ahead.skip.join(", ")}.`;
  return { run: await skipByRule(step, run, ahead), did };
}

async function guard(step: Step, plan: Plan): Promise<readonly string[]> {
  const { assertReviewed } = await import("./guard.ts");
  return assertReviewed(step, plan);
}

/** A step that was cut off after it had created the run may have left members in that a rule takes out. */
async function finishCreation(step: Step, run: UpdateRun): Promise<UpdateRun> {
  const skips = [...step.inputs.preflightChoices.values()].includes("skip");
  if (!skips || run.status.state !== "NotStarted") return run;
  const { skipByRule } = await import("./skip-by-rule.ts");
  return skipByRule(step, run, await lookAhead(step));
}

export async function start(step: Step): Promise<Act> {
  const stored = compared(step.target, await existing(step));
  if (stored.status.state === "NotStarted") {
    await beginReviewed(step, stored);
    return { run: stored, changed: true, did: "Started." };
  }
  if (stored.status.state === "Failed" || stored.status.state === "Stopped") {
    throw notStartable(stored);
  }
  return { run: stored, changed: false, did: "It was started before." };
}

export async function run(step: Step): Promise<Act> {
  const created = await create(step);
  const { run: stored } = created;
  if (stored.status.state !== "NotStarted") {
    if (isTerminal(stored.status.state)) {
      return { ...created, judged: true, did: "It had ended before this step." };
    }
    return follow(step, { did: "It ran already; followed.", changed: created.changed });
  }
  await beginReviewed(step, stored);
  const followed = await follow(step, {
    did: "Started and followed.",
    changed: true,
    startedFrom: stored,
  });
  return { ...followed, ...(created.notes && { notes: created.notes }) };
}

/** Compares the run as Fleet has stored it with what was reviewed, then starts just that. */
async function beginReviewed(step: Step, stored: UpdateRun): Promise<void> {
  const { declared } = step.target;
  if (declared !== undefined) await guard(step, planOfRun(declared, stored));
  await assertNotHeld(step);
  await begin(step, stored);
}

/** Starts with the ETag of what was compared, so that nobody changes it in between. */
export async function begin({ deps, target }: Step, stored: UpdateRun): Promise<void> {
  assertNotFrozen(target.freezes, deps.now());
  await assertItsTurn(deps.fleet, target.fleet, stored.name);
  deps.runner.leaves(`update run ${stored.name} was being started and may be Running`);
  await deps.fleet.startRun(target.fleet, stored.name, stored.etag);
  deps.runner.log(`update run ${stored.name} started`);
}

/** Without a token there is no hold to be read: whoever holds runs gives every step one. */
export async function assertNotHeld(step: Step): Promise<void> {
  const { deps, target } = step;
  if (deps.records === undefined) return;
  const records = await deps.records();
  const hold = await readHold(records.checks, await recordCommit(step, records), target.name);
  if (hold === undefined) return;
  throw new FleetwrightError(
    "held",
    `update run ${target.name} is held by ${hold.by} since ${hold.at}: ${hold.reason}`,
    { remedy: "release it with operation: resume" },
  );
}

function notStartable({ id, name, status }: UpdateRun): FleetwrightError {
  return new FleetwrightError("conflict", `update run ${name} is ${status.state}`, {
    subject: id,
    remedy: "look at its failed members first, then continue it with operation: resume",
  });
}
