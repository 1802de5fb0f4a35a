import { errorsOf, refusal } from "../runner/findings.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import { follow } from "./follow.ts";
import { reportRun } from "./report-run.ts";
import type { Act } from "./report-run.ts";
import { create, run, start } from "./start.ts";
import type { Step, UpdateRunDeps, UpdateRunInputs } from "./step.ts";
import { target } from "./target.ts";

export async function updateRun(inputs: UpdateRunInputs, deps: UpdateRunDeps): Promise<Report> {
  const { declarations, findings } = await deps.readDeclared();
  if (errorsOf(findings).length > 0) return refusal(findings, deps.runner.log);
  const step = { deps, inputs, target: target(declarations, inputs) };
  assertSubscription(inputs.subscriptionId, step.target.fleet);
  if (inputs.operation === "preflight") return (await import("./plan.ts")).preflight(step);
  return reportRun(step.target, await operate(step, inputs.operation));
}

/** What only some steps need is loaded when it is asked for: most follow a run. */
async function operate(
  step: Step,
  operation: Exclude<UpdateRunInputs["operation"], "preflight">,
): Promise<Act> {
  switch (operation) {
    case "create":
      return create(step);
    case "start":
      return start(step);
    case "run":
      return run(step);
    case "follow":
      return follow(step, { did: "Followed." });
    case "approve":
      return (await import("./approve.ts")).approve(step);
    case "hold":
      return (await import("./hold.ts")).hold(step);
    case "resume":
      return (await import("./resume.ts")).resume(step);
    case "stop":
      return (await import("./stop.ts")).stop(step);
    case "skip":
      return (await import("./skip.ts")).skip(step);
    case "retry":
      return (await import("./retry.ts")).retry(step);
    case "roll-back":
      return (await import("./roll-back.ts")).rollBack(step);
  }
}
