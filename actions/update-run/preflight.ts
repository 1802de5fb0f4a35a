import { FleetwrightError } from "../../shared/core/errors.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import { judgePreflight } from "../../shared/update-run/preflight/judge.ts";
import type { PreflightReport } from "../../shared/update-run/preflight/judge.ts";
import { preflightFailure, preflightLines } from "../../shared/update-run/preflight/render.ts";
import { needsDeclaration } from "./step.ts";
import type { Step } from "./step.ts";
import type { Target } from "./target.ts";

type Declared = NonNullable<Target["declared"]>;

export async function lookAhead(step: Step): Promise<PreflightReport> {
  const declared = needsDeclaration(step.target);
  const { gatherFacts } = await import("./gather-facts.ts");
  const report = judgePreflight(await gatherFacts(step, declared), step.inputs.preflightChoices);
  for (const line of preflightLines(report)) step.deps.runner.log(line);
  return report;
}

/**
 * What must hold before a run is created: nothing was written yet when it does not. What only takes time
 * is waited for.
 */
export async function passPreflight(step: Step, declared: Declared): Promise<PreflightReport> {
  const { deps, inputs } = step;
  await assertStrategyStored(deps.fleet, declared);
  const deadline = deps.elapsed() + inputs.preflightTimeoutMilliseconds;
  for (;;) {
    const report = await lookAhead(step);
    if (report.verdict !== "block" && report.verdict !== "wait") return report;
    const late = deps.elapsed() + inputs.pollIntervalMilliseconds > deadline;
    if (report.verdict === "block" || late) throw refused(report);
    deps.runner.leaves("nothing was changed in Azure: the preflight was waiting");
    await deps.sleep(inputs.pollIntervalMilliseconds);
  }
}

function refused(report: PreflightReport): Error {
  const worst = report.judgements.filter(({ verdict }) => verdict === report.verdict);
  const isFreeze = worst.every(({ rule }) => rule === "frozen");
  const what = report.verdict === "wait" ? "still waits for" : "speaks against the run";
  return new FleetwrightError(
    isFreeze ? "frozen" : "preflight-failed",
    `preflight ${what}: ${worst.map(preflightFailure).join("; ")}`,
    { remedy: worst.map(({ rule, remedy }) => `${rule}: ${remedy}`).join("; ") },
  );
}

async function assertStrategyStored(fleet: FleetPort, declared: Declared): Promise<void> {
  const { strategyId } = declared.spec;
  if (strategyId === undefined) return;
  const name = strategyId.split("/").at(-1) ?? "";
  if ((await fleet.getStrategy(declared.fleet, name)) !== undefined) return;
  throw new FleetwrightError(
    "not-found",
    `update strategy ${name} does not exist in ${declared.fleet}`,
    {
      subject: `${declared.fleet}/updateStrategies/${name}`,
      remedy: "apply the declared strategies first, with the strategy action (operation: apply)",
    },
  );
}
