import type { EnvironmentStatus } from "../host/status.ts";
import type { RunStatus } from "../host/run-status.ts";

/** One sentence on an environment: what a glance, a tab's title and a screen reader are told. */
export function headline(environment: EnvironmentStatus): string {
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

const OVER = ["Completed", "Skipped"];

/** The run that needs attention, or else the newest one. */
export function currentRun({ runs }: EnvironmentStatus): RunStatus | undefined {
  return runs.find(({ state }) => !OVER.includes(state)) ?? runs[0];
}

export function heldNodes({ quarantined }: EnvironmentStatus): EnvironmentStatus["quarantined"] {
  return quarantined.filter(({ resolvedAt }) => !resolvedAt);
}
