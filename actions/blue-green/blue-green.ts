import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
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
    return reportColours({ steps: [], observed }, await proveGreen(deps, observed));
  }
  deps.runner.leaves(
    `${operation} of ${nodePool} was under way; run the same step again and it goes on, or run roll-back`,
  );
  const reached = await reachGoal(inputs, deps, { cluster, goal: GOALS[operation] });
  if (operation !== "start") return reportColours(reached);
  return reportColours(reached, await proveGreen(deps, reached.observed));
}

function reachGoal(
  inputs: BlueGreenInputs,
  deps: BlueGreenDeps,
  { cluster, goal }: { readonly cluster: ArmId; readonly goal: Goal },
): Promise<Reached> {
  const { pollIntervalMilliseconds, timeoutMilliseconds } = deps;
  const newGreen = (observed: ObservedColours) => describeGreen(inputs, deps, observed);
  return reach(
    { ...deps, log: deps.runner.log, newGreen },
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
