import type { Act } from "./report-run.ts";
import { existing } from "./step.ts";
import type { Step } from "./step.ts";

export async function stop(step: Step): Promise<Act> {
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
