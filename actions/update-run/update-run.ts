import { errorsOf, refusal } from "../runner/findings.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import { approve } from "./approve.ts";
import { follow } from "./follow.ts";
import { hold } from "./hold.ts";
import { preflight } from "./plan.ts";
import { reportRun } from "./report-run.ts";
import type { Act } from "./report-run.ts";
import { resume } from "./resume.ts";
import { retry } from "./retry.ts";
import { rollBack } from "./roll-back.ts";
import { skip } from "./skip.ts";
import { create, run, start } from "./start.ts";
import type { Step, UpdateRunDeps, UpdateRunInputs } from "./step.ts";
import { stop } from "./stop.ts";
import { target } from "./target.ts";

export async function updateRun(inputs: UpdateRunInputs, deps: UpdateRunDeps): Promise<Report> {
  const { declarations, findings } = await deps.readDeclared();
  if (errorsOf(findings).length > 0) return refusal(findings, deps.runner.log);
  const step = { deps, inputs, target: target(declarations, inputs) };
  assertSubscription(inputs.subscriptionId, step.target.fleet);
  if (inputs.operation === "preflight") return preflight(step);
  return reportRun(step.target, await operate(step, inputs.operation));
}

function operate(
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
      return approve(step);
    case "hold":
      return hold(step);
    case "resume":
      return resume(step);
    case "stop":
      return stop(step);
    case "skip":
      return skip(step);
    case "retry":
      return retry(step);
    case "roll-back":
      return rollBack(step);
  }
}
