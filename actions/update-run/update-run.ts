import { FleetwrightError } from "../../shared/core/errors.ts";
import type { ClusterInventory } from "../../shared/snapshot/ports.ts";
import {
  assertAsDeclared,
  assertNoOtherActive,
  createRun,
} from "../../shared/update-run/create.ts";
import { followRun } from "../../shared/update-run/follow.ts";
import { assertNotFrozen } from "../../shared/update-run/freeze.ts";
import type { FleetPort, UpdateRun } from "../../shared/update-run/ports.ts";
import { formatProgress } from "../../shared/update-run/progress.ts";
import { isTerminal } from "../../shared/update-run/state.ts";
import type { Declared } from "../runner/declared.ts";
import { errorsOf, refusal } from "../runner/findings.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import type { Runner } from "../runner/run-action.ts";
import { preflight } from "./preflight.ts";
import { reportRun } from "./report-run.ts";
import type { Act } from "./report-run.ts";
import { target } from "./target.ts";
import type { Target } from "./target.ts";

export const OPERATIONS = ["create", "start", "run", "follow", "resume", "stop"] as const;

export interface UpdateRunInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly environment: string;
  readonly release: string | undefined;
  readonly runName: string | undefined;
  /** The run carries its stages itself, instead of naming the stored strategy. */
  readonly inline: boolean;
  readonly subscriptionId: string | undefined;
  readonly pollIntervalMilliseconds: number;
  readonly detachAfterMilliseconds: number;
}

export interface UpdateRunDeps {
  readonly fleet: FleetPort;
  readonly inventory: ClusterInventory;
  readonly runner: Runner;
  readDeclared(): Promise<Declared>;
  sleep(milliseconds: number): Promise<void>;
  /** Milliseconds of waiting, by a clock that only grows. */
  elapsed(): number;
  /** Azure's time. */
  now(): number;
}

interface Step {
  readonly deps: UpdateRunDeps;
  readonly inputs: UpdateRunInputs;
  readonly target: Target;
}

export async function updateRun(inputs: UpdateRunInputs, deps: UpdateRunDeps): Promise<Report> {
  const { declarations, findings } = await deps.readDeclared();
  if (errorsOf(findings).length > 0) return refusal(findings, deps.runner.log);
  const step = { deps, inputs, target: target(declarations, inputs) };
  assertSubscription(inputs.subscriptionId, step.target.fleet);
  return reportRun(step.target, await operate(step));
}

function operate(step: Step): Promise<Act> {
  switch (step.inputs.operation) {
    case "create":
      return create(step);
    case "start":
      return start(step);
    case "run":
      return run(step);
    case "follow":
      return follow(step, { did: "Followed." });
    case "resume":
      return resume(step);
    case "stop":
      return stop(step);
  }
}

async function create({ deps, target }: Step): Promise<Act> {
  const declared = needsDeclaration(target);
  const { run, changed } = await createRun(deps.fleet, declared, async () => {
    await preflight(deps, declared);
    deps.runner.leaves(
      `update run ${target.name} was being created; if it exists, it is not started`,
    );
  });
  deps.runner.log(`update run ${run.name} ${changed ? "created" : "exists, just as declared"}`);
  deps.runner.leaves(`update run ${target.name} exists and is ${run.status.state}`);
  return { run, changed, did: changed ? "Created." : "It existed, just as declared." };
}

async function start(step: Step): Promise<Act> {
  const stored = compared(step.target, await existing(step));
  if (stored.status.state === "NotStarted") {
    await begin(step, stored);
    return { run: stored, changed: true, did: "Started." };
  }
  if (stored.status.state === "Failed" || stored.status.state === "Stopped") {
    throw notStartable(stored);
  }
  return { run: stored, changed: false, did: "It was started before." };
}

async function run(step: Step): Promise<Act> {
  const created = await create(step);
  const { run: stored } = created;
  if (stored.status.state !== "NotStarted") {
    if (isTerminal(stored.status.state)) {
      return { ...created, judged: true, did: "It had ended before this step." };
    }
    return follow(step, { did: "It ran already; followed.", changed: created.changed });
  }
  await begin(step, stored);
  return follow(step, { did: "Started and followed.", changed: true, startedFrom: stored });
}

async function resume(step: Step): Promise<Act> {
  const stored = compared(step.target, await existing(step));
  if (stored.status.state === "Failed" || stored.status.state === "Stopped") {
    await begin(step, stored);
    return follow(step, { did: "Resumed and followed.", changed: true, startedFrom: stored });
  }
  if (stored.status.state === "NotStarted") {
    throw new FleetwrightError("conflict", `update run ${stored.name} was never started`, {
      subject: stored.id,
      remedy: "start it with operation: start or run",
    });
  }
  return follow(step, { did: "Nothing to resume; followed." });
}

async function stop(step: Step): Promise<Act> {
  const { deps, target } = step;
  const stored = await existing(step);
  const { state } = stored.status;
  if (state !== "Running" && state !== "Pending") {
    return { run: stored, changed: false, did: `Nothing to stop: it is ${state}.` };
  }
  deps.runner.leaves(`update run ${target.name} was being stopped`);
  await deps.fleet.stopRun(target.fleet, target.name);
  const stopping = (await deps.fleet.getRun(target.fleet, target.name)) ?? stored;
  return { run: stopping, changed: true, did: "Stopped: members in flight still finish." };
}

/** Starts with the ETag of what was compared, so that nobody changes it in between. */
async function begin({ deps, target }: Step, stored: UpdateRun): Promise<void> {
  assertNotFrozen(target.freezes, deps.now());
  await assertNoOtherActive(deps.fleet, target.fleet, target.name);
  deps.runner.leaves(`update run ${target.name} was being started and may be Running`);
  await deps.fleet.startRun(target.fleet, target.name, stored.etag);
  deps.runner.log(`update run ${target.name} started`);
}

async function follow(
  { deps, inputs, target }: Step,
  {
    did,
    changed = false,
    startedFrom,
  }: { did: string; changed?: boolean; startedFrom?: UpdateRun },
): Promise<Act> {
  const { runner } = deps;
  const leaves = (state: string) =>
    runner.leaves(
      `update run ${target.name} was ${state} and goes on in Azure; follow it again with operation: follow, or end it with operation: stop`,
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
      name: target.name,
      pollIntervalMilliseconds: inputs.pollIntervalMilliseconds,
      detachAfterMilliseconds: inputs.detachAfterMilliseconds,
      ...(startedFrom !== undefined && { startedFrom }),
    },
  );
  return { run, changed, detached: ended === "detached", judged: true, did };
}

function compared({ declared }: Target, stored: UpdateRun): UpdateRun {
  return declared === undefined ? stored : assertAsDeclared(declared, stored);
}

async function existing({ deps, target }: Step): Promise<UpdateRun> {
  const run = await deps.fleet.getRun(target.fleet, target.name);
  if (run !== undefined) return run;
  throw new FleetwrightError(
    "not-found",
    `update run ${target.name} does not exist in ${target.fleet}`,
    {
      subject: `${target.fleet}/updateRuns/${target.name}`,
      remedy: "create it with operation: create or run",
    },
  );
}

function needsDeclaration({ declared }: Target): NonNullable<Target["declared"]> {
  if (declared !== undefined) return declared;
  throw new FleetwrightError("invalid-input", "run-name names a run by hand", {
    remedy: "leave it out with operations create, start and run: the release names the run",
  });
}

function notStartable({ id, name, status }: UpdateRun): FleetwrightError {
  return new FleetwrightError("conflict", `update run ${name} is ${status.state}`, {
    subject: id,
    remedy: "look at its failed members first, then continue it with operation: resume",
  });
}
