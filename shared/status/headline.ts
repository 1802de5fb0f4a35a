import type { EnvironmentStatus } from "./status.ts";
import { isUnderWay } from "./run-status.ts";
import type { RunStatus } from "./run-status.ts";

/** One sentence on an environment: what a glance, a tab's title and a screen reader are told. */
export function headline(environment: EnvironmentStatus): string {
  if (environment.problem !== undefined) return "Its runs cannot be read.";
  const run = currentRun(environment);
  const held = heldNodes(environment).length;
  const nodes = held === 0 ? "" : `; ${held} quarantined ${held === 1 ? "node" : "nodes"}`;
  return run ? `${sentence(run)}${nodes}.` : `No update run yet${nodes}.`;
}

function sentence(run: RunStatus): string {
  const members = run.stages.flatMap((stage) => stage.members);
  const done = members.filter(({ state }) => ["Completed", "Skipped"].includes(state)).length;
  const failed = members.filter(({ state }) => state === "Failed").length;
  const stage = run.stages.find(
    ({ state }) => !["Completed", "Skipped", "NotStarted"].includes(state),
  );
  const place = stage ? ` in ${stage.name}` : "";
  const bad = failed === 0 ? "" : `, ${failed} failed`;
  return `Run ${run.name} is ${run.state}${place}: ${done} of ${members.length} members done${bad}`;
}

/** The run that is under way, or else the newest one: an old failure is history. */
export function currentRun({ runs }: EnvironmentStatus): RunStatus | undefined {
  return runs.find(isUnderWay) ?? runs[0];
}

export function heldNodes({ quarantined }: EnvironmentStatus): EnvironmentStatus["quarantined"] {
  return quarantined.filter(({ resolvedAt }) => !resolvedAt);
}
