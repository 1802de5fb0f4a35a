import type { ArmId } from "../../shared/core/arm-id.ts";
import type {
  Environment,
  Release,
  UpdateStrategy,
  Workspace,
} from "../../shared/declaration/documents.ts";
import {
  fleetStrategyName,
  isOneByOne,
  resolveStages,
  runName,
} from "../../shared/declaration/strategy.ts";
import { runSpec } from "../../shared/update-run/create.ts";
import type { DeclaredRun, RunOrder } from "../../shared/update-run/create.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import { findEnvironment, findRelease, findStrategy, workspaceOf } from "../runner/declared.ts";

export interface Target {
  readonly environment: string;
  readonly fleet: ArmId;
  readonly name: string;
  readonly freezes: Workspace["spec"]["freezes"];
  /** Absent when a run was named by hand: then nothing is compared. */
  readonly declared: (DeclaredRun & { readonly release: Release }) | undefined;
}

/** Which update run the inputs mean. */
export function target(
  declarations: Declarations,
  wanted: {
    readonly environment: string;
    readonly release: string | undefined;
    readonly runName: string | undefined;
    /** The run carries its stages itself. */
    readonly inline: boolean;
  },
): Target {
  const environment = findEnvironment(declarations, wanted.environment);
  const { name, fleet } = environment;
  const { freezes } = workspaceOf(declarations).spec;
  if (wanted.runName !== undefined) {
    return { environment: name, fleet, name: wanted.runName, freezes, declared: undefined };
  }
  const release = findRelease(declarations, wanted.release ?? name);
  const strategy = findStrategy(declarations, release);
  const stages = resolveStages(strategy, environment.groups);
  const spec = runSpec(release, orderOf(strategy, environment, wanted.inline));
  const declared = {
    fleet,
    name: runName(release, strategy.spec, environment.groups),
    spec,
    stages,
    release,
  };
  return { environment: name, fleet, name: declared.name, freezes, declared };
}

function orderOf(
  strategy: UpdateStrategy,
  { fleet, groups }: Environment,
  inline: boolean,
): RunOrder {
  if (isOneByOne(strategy)) return {};
  return inline
    ? { stages: resolveStages(strategy, groups) }
    : { strategyId: `${fleet}/updateStrategies/${fleetStrategyName(strategy, groups)}` };
}
