import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError, isError } from "../../shared/core/errors.ts";
import type { Goal } from "../../shared/blue-green/next-step.ts";
import { observe } from "../../shared/blue-green/observe.ts";
import { reach } from "../../shared/blue-green/reach.ts";
import type { Reached } from "../../shared/blue-green/reach.ts";
import type { ObservedColours } from "../../shared/blue-green/observed.ts";
import type { Verdict } from "../../shared/update-run/verify.ts";
import { awaitNodes } from "../runner/await-nodes.ts";
import { clusterTarget } from "../runner/cluster-target.ts";
import { evictionRetry } from "../runner/drain-inputs.ts";
import type { Report } from "../runner/report.ts";
import { describeGreen } from "./green.ts";
import { reportColours } from "./report-blue-green.ts";
import type { BlueGreenDeps, BlueGreenInputs, Operation } from "./request.ts";

const GOALS: Readonly<Record<Exclude<Operation, "verify" | "status">, Goal>> = {
  start: "started",
  drain: "drained",
  commit: "committed",
  "roll-back": "rolled-back",
};

export async function blueGreen(inputs: BlueGreenInputs, deps: BlueGreenDeps): Promise<Report> {
  const cluster = clusterTarget(inputs);
  const { operation, nodePool, greenNodePool } = inputs;
  if (operation === "status" || operation === "verify") {
    const colours = { cluster, blue: nodePool, green: greenNodePool };
    const observed = await observe(deps, colours);
    if (operation === "status") return reportColours({ steps: [], observed });
    const verdict = await proveGreen(deps, observed);
    return reportColours({ steps: [], observed }, await withValidation(deps, observed, verdict));
  }
  deps.runner.leaves(
    `${operation} of ${nodePool} was under way; run the same step again and it goes on, or run roll-back`,
  );
  const reached = await reachGoal(inputs, deps, { cluster, goal: GOALS[operation] });
  if (operation === "drain") await deps.validate(operation, reached.observed);
  if (operation !== "start") return reportColours(reached);
  return reportColours(reached, await proveGreen(deps, reached.observed));
}

/** Nodes that are proved may still serve nobody: the user's own program has the last word. */
async function withValidation(
  deps: BlueGreenDeps,
  observed: ObservedColours,
  verdict: Verdict,
): Promise<Verdict> {
  if (verdict.outcome !== "pass") return verdict;
  try {
    await deps.validate("verify", observed);
    return verdict;
  } catch (error) {
    if (!isError(error, "run-failed")) throw error;
    return { ...verdict, outcome: "fail", reasons: [error.message] };
  }
}

function reachGoal(
  inputs: BlueGreenInputs,
  deps: BlueGreenDeps,
  { cluster, goal }: { readonly cluster: ArmId; readonly goal: Goal },
): Promise<Reached> {
  const { pollIntervalMilliseconds, timeoutMilliseconds } = deps;
  const validate = (observed: ObservedColours) => deps.validate(inputs.operation, observed);
  const newGreen = (observed: ObservedColours) => describeGreen(inputs, deps, observed);
  return reach(
    { ...deps, log: deps.runner.log, newGreen, validate },
    {
      cluster,
      blue: inputs.nodePool,
      green: inputs.greenNodePool,
      goal,
      drainSettings: {
        ...inputs.drain,
        retryMilliseconds: evictionRetry(pollIntervalMilliseconds),
      },
      pollIntervalMilliseconds,
      timeoutMilliseconds,
    },
  );
}

/** Green is judged by its nodes; what Azure says of the pool is a hint. */
async function proveGreen(
  deps: BlueGreenDeps,
  { cluster, name, green }: ObservedColours,
): Promise<Verdict> {
  if (green === undefined) {
    throw new FleetwrightError("not-found", `${name} has no green pool`, {
      subject: cluster.id,
      remedy: "run operation start first",
    });
  }
  return awaitNodes(
    { ...deps, log: deps.runner.log },
    {
      cluster: cluster.id,
      targets: new Map([[green.pool.name, green.pool.nodeImageVersion]]),
      timeoutMilliseconds: deps.timeoutMilliseconds,
      pollIntervalMilliseconds: deps.pollIntervalMilliseconds,
    },
  );
}
