import { armKey } from "../../shared/core/arm-id.ts";
import { FleetwrightError, toError } from "../../shared/core/errors.ts";
import type { Word } from "../../shared/update-run/hold.ts";
import type { Gate, UpdateRun } from "../../shared/update-run/ports.ts";
import type { Act } from "./report-run.ts";
import { assertNotHeld } from "./start.ts";
import { existing, needsReason, recordCommit } from "./step.ts";
import type { Step } from "./step.ts";

/** A person's word opens a gate, also one that the checks would leave closed; who and why is recorded. */
export async function approve(step: Step): Promise<Act> {
  const { deps, target } = step;
  const word = needsReason(step);
  const run = await existing(step);
  await assertNotHeld(step);
  const gates = await gatesOf(step, run);
  const pending = gates.filter(({ state }) => state === "Pending");
  if (pending.length === 0) return nothingToApprove(run, gates);
  const gate = theOnly(pending);
  deps.runner.leaves(`gate "${gate.displayName}" of ${run.name} was being approved`);
  // First the record: a step that is cut off in between leaves no approval that nobody stands for.
  const warnings = await record(step, run, gate, word);
  try {
    await deps.fleet.approveGate(gate.id, gate.etag);
  } catch (error) {
    await takeBack(step, run, gate, word, toError(error)).catch((failed: unknown) =>
      deps.runner.log(`the record of the approval could not be taken back: ${String(failed)}`),
    );
    throw error;
  }
  const did = `${word.by} approved the gate "${gate.displayName}" ${place(gate)}: ${word.reason}.`;
  deps.runner.log(did);
  const after = (await deps.fleet.getRun(target.fleet, run.name)) ?? run;
  return { run: after, changed: true, did, warnings };
}

async function gatesOf({ deps, inputs, target }: Step, run: UpdateRun): Promise<readonly Gate[]> {
  const { gate: wanted, stage } = inputs;
  const all = await deps.fleet.listGates(target.fleet);
  return all.filter(
    (gate) =>
      armKey(gate.runId) === armKey(run.id) &&
      (wanted === undefined || gate.displayName === wanted) &&
      (stage === undefined || gate.stage === stage),
  );
}

/** The same step twice is no mistake; a gate that the run has not reached cannot be approved ahead. */
function nothingToApprove(run: UpdateRun, gates: readonly Gate[]): Act {
  const done = gates.find(({ state }) => state === "Completed");
  if (done !== undefined) {
    return { run, changed: false, did: `The gate "${done.displayName}" was approved before.` };
  }
  throw new FleetwrightError("not-found", `no such gate of update run ${run.name} is pending`, {
    subject: run.id,
    remedy:
      "name `gate` and `stage` as the output waiting-gates does; a gate exists once it is reached",
  });
}

function theOnly(pending: readonly Gate[]): Gate {
  const [gate, second] = pending;
  if (gate !== undefined && second === undefined) return gate;
  const names = pending.map((one) => `"${one.displayName}" ${place(one)}`).join(", ");
  throw new FleetwrightError("invalid-input", `${pending.length} gates are pending: ${names}`, {
    remedy: "say which one with `gate` and `stage`",
  });
}

function place({ timing, stage, group }: Gate): string {
  return `${timing.toLowerCase()} ${group === undefined ? stage : `group ${group} of ${stage}`}`;
}

function checkName(run: UpdateRun, gate: Gate): string {
  return `fleetwright approval: ${run.name} / ${gate.stage} / ${gate.displayName}`;
}

/** The newest check of a name counts. */
async function takeBack(
  step: Step,
  run: UpdateRun,
  gate: Gate,
  { by }: Word,
  { message }: Error,
): Promise<void> {
  const { records } = step.deps;
  if (records === undefined) return;
  const open = await records();
  await open.checks.create(await recordCommit(step, open), {
    name: checkName(run, gate),
    outcome: "failure",
    title: `Not approved: Azure refused it to ${by}`,
    summary: message,
  });
}

async function record(
  step: Step,
  run: UpdateRun,
  gate: Gate,
  { by, reason }: Word,
): Promise<readonly string[]> {
  const { records, job } = step.deps;
  if (records === undefined) {
    return ["the approval stands in this log and summary only: give the step a github-token"];
  }
  const open = await records();
  const what = `the gate "${gate.displayName}" ${place(gate)}`;
  await open.checks.create(await recordCommit(step, open), {
    name: checkName(run, gate),
    outcome: "success",
    title: `Approved by ${by}`,
    summary: `${by} approved ${what} of update run \`${run.name}\`: ${reason}\n\n[The job](${job.url})`,
    data: {
      run: run.name,
      gate: gate.name,
      displayName: gate.displayName,
      stage: gate.stage,
      by,
      reason,
    },
  });
  return [];
}
