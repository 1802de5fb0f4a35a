import type { UpdateRun, UpdateStage } from "./ports.ts";
import { membersOf } from "./state.ts";

/**
 * Fleet may go on past failed members, and call the run Completed, where the strategy has `maxAllowedFailures`.
 * Here a failed member holds: it keeps gates closed, and a run that went on past it counts as failed.
 * Source: learn.microsoft.com/azure/kubernetes-fleet/howto-monitor-update-runs, "validate outcomes"
 */

/** Do these stages go on past any failed member? */
export function toleratesFailures(stages: readonly UpdateStage[]): boolean {
  return stages
    .flatMap((stage) => [stage, ...stage.groups])
    .some(({ maxAllowedFailures = "0" }) => Number.parseInt(maxAllowedFailures, 10) > 0);
}

/** Names of the members that failed in a run that ended all the same; none for a run that is not Completed. */
export function passedOver(run: UpdateRun): readonly string[] {
  if (run.status.state !== "Completed") return [];
  const failed = membersOf(run).filter(({ member }) => member.state === "Failed");
  return failed.map(({ member }) => member.name);
}

/** It ended badly: Fleet says so, or it went on past members that failed. */
export function isFailed(run: UpdateRun): boolean {
  return run.status.state === "Failed" || passedOver(run).length > 0;
}
