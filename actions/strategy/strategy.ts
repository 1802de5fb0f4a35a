import type { Environment } from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import type { ClusterInventory } from "../../shared/snapshot/ports.ts";
import type { StrategyRemover } from "../../shared/update-run/apply-strategy.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import { findEnvironment, workspaceOf } from "../runner/declared.ts";
import type { Declared } from "../runner/declared.ts";
import { errorsOf, findingOutputs, refusal } from "../runner/findings.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import type { Runner } from "../runner/run-action.ts";
import { applyEnvironment, reportApplied } from "./apply.ts";
import type { Applied } from "./apply.ts";
import { diffEnvironment, reportDiff } from "./diff.ts";
import type { PlacedDrift } from "./diff.ts";
import { readLiveFleets } from "./live-fleets.ts";
import { reportFindings } from "./report-findings.ts";
import type { FailOn } from "./report-findings.ts";

export const OPERATIONS = ["lint", "diff", "apply"] as const;

export interface StrategyInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly environment: string | undefined;
  readonly failOn: FailOn;
  readonly live: boolean;
  readonly deleteUndeclared: boolean;
  readonly subscriptionId: string | undefined;
}

export interface StrategyDeps {
  readonly runner: Runner;
  readonly fleet: FleetPort & StrategyRemover;
  readonly inventory: ClusterInventory;
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
  const report = await (inputs.operation === "diff" ? diff : apply)(inputs, deps, declared);
  return { ...report, outputs: { ...report.outputs, ...findingOutputs(declared.findings) } };
}

async function diff(
  inputs: StrategyInputs,
  deps: StrategyDeps,
  { declarations }: Declared,
): Promise<Report> {
  const drifts: PlacedDrift[] = [];
  for (const environment of environments(inputs, declarations)) {
    assertSubscription(inputs.subscriptionId, environment.fleet);
    drifts.push(...(await diffEnvironment(environment, declarations, deps)));
  }
  for (const { environment, subject, detail } of drifts) {
    deps.runner.log(`${environment}: ${subject} ${detail}`);
  }
  return reportDiff(drifts, inputs.failOn);
}

async function apply(
  inputs: StrategyInputs,
  deps: StrategyDeps,
  { declarations }: Declared,
): Promise<Report> {
  const { deleteUndeclared } = inputs;
  const applied: Applied[] = [];
  for (const environment of environments(inputs, declarations)) {
    assertSubscription(inputs.subscriptionId, environment.fleet);
    const { fleet, runner } = deps;
    const context = { fleet, runner, deleteUndeclared };
    applied.push(...(await applyEnvironment(environment, declarations, context)));
  }
  return reportApplied(applied);
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
