import type { Environment } from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import { findEnvironment, workspaceOf } from "../runner/declared.ts";
import type { Declared } from "../runner/declared.ts";
import { errorsOf, findingOutputs, refusal } from "../runner/findings.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import type { Runner } from "../runner/run-action.ts";
import { applyEnvironment, reportApplied } from "./apply.ts";
import type { Applied } from "./apply.ts";
import { readLiveFleets } from "./live-fleets.ts";
import { reportFindings } from "./report-findings.ts";
import type { FailOn } from "./report-findings.ts";

export const OPERATIONS = ["lint", "apply"] as const;

export interface StrategyInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly environment: string | undefined;
  readonly failOn: FailOn;
  readonly live: boolean;
  readonly subscriptionId: string | undefined;
}

export interface StrategyDeps {
  readonly runner: Runner;
  readonly fleet: FleetPort;
  readDeclared(): Promise<Declared>;
  /** Azure's time. */
  now(): number;
}

export async function strategy(inputs: StrategyInputs, deps: StrategyDeps): Promise<Report> {
  const declared = await deps.readDeclared();
  if (inputs.operation === "lint") return lintAndReport(inputs, deps, declared);
  if (errorsOf(declared.findings).length > 0) {
    return refusal(declared.findings, deps.runner.log);
  }
  const applied: Applied[] = [];
  for (const environment of environments(inputs, declared.declarations)) {
    assertSubscription(inputs.subscriptionId, environment.fleet);
    applied.push(...(await applyEnvironment(environment, declared.declarations, deps)));
  }
  const report = reportApplied(applied);
  return { ...report, outputs: { ...report.outputs, ...findingOutputs(declared.findings) } };
}

async function lintAndReport(
  inputs: StrategyInputs,
  deps: StrategyDeps,
  { declarations, findings, findingsWith }: Declared,
): Promise<Report> {
  // A fleet that is declared wrongly cannot be asked.
  const ask = inputs.live && errorsOf(findings).length === 0;
  if (!ask) return reportFindings(findings, inputs.failOn, deps.runner.log);
  const asked = environments(inputs, declarations);
  for (const { fleet } of asked) assertSubscription(inputs.subscriptionId, fleet);
  const live = await readLiveFleets(asked, deps);
  return reportFindings(findingsWith(live), inputs.failOn, deps.runner.log);
}

function environments(
  { environment }: StrategyInputs,
  declarations: Declarations,
): readonly Environment[] {
  return environment === undefined
    ? workspaceOf(declarations).spec.environments
    : [findEnvironment(declarations, environment)];
}
