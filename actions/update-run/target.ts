import type { ArmId } from "../../shared/core/arm-id.ts";
import type {
  Environment,
  Release,
  UpdateStrategy,
  Workspace,
} from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import {
  assertPromoted,
  fleetStrategyName,
  isOneByOne,
  resolveStages,
  runName,
} from "../../shared/declaration/strategy.ts";
import { runSpec } from "../../shared/update-run/create.ts";
import type { DeclaredRun, RunOrder } from "../../shared/update-run/create.ts";
import { findEnvironment, findRelease, findStrategy, workspaceOf } from "../runner/declared.ts";

export interface Target {
  readonly environment: string;
  readonly fleet: ArmId;
  readonly name: string;
  readonly freezes: Workspace["spec"]["freezes"];
  readonly releaseFile: string | undefined;
  /** The files that together decide what the run does. */
  readonly files: readonly string[];
  /** Display names of the gates that Fleetwright approves. */
  readonly ourGates: ReadonlySet<string>;
  /** Absent when a run was named by hand: then nothing is compared. */
  readonly declared: (DeclaredRun & { readonly release: Release }) | undefined;
}

/** What the inputs say about the run that is meant. */
export interface Wanted {
  readonly environment: string;
  readonly release: string | undefined;
  readonly runName: string | undefined;
  /** The run carries its stages itself. */
  readonly inline: boolean;
}

export function target(declarations: Declarations, wanted: Wanted): Target {
  const environment = findEnvironment(declarations, wanted.environment);
  const { fleet } = environment;
  const common = {
    environment: environment.name,
    fleet,
    freezes: workspaceOf(declarations).spec.freezes,
    ...filesOf(declarations, wanted.release ?? environment.name),
    ourGates: gatesOf(declarations),
  };
  if (wanted.runName !== undefined) return { ...common, name: wanted.runName, declared: undefined };
  const release = findRelease(declarations, wanted.release ?? environment.name);
  const strategy = findStrategy(declarations, release);
  assertPromoted(release, strategy);
  const declared = {
    fleet,
    name: runName(release, strategy.spec, environment.groups),
    spec: runSpec(release, orderOf(strategy, environment, wanted.inline)),
    stages: resolveStages(strategy, environment.groups),
    release,
  };
  return { ...common, name: declared.name, declared };
}

function filesOf(
  { workspace, releases, strategies }: Declarations,
  name: string,
): Pick<Target, "releaseFile" | "files"> {
  const release = releases.find(({ value }) => value.metadata.name === name);
  const strategy = strategies.find(
    ({ value }) => value.metadata.name === release?.value.spec.strategy.name,
  );
  const files = [release, strategy, workspace].flatMap((declared) => declared?.file ?? []);
  return { releaseFile: release?.file, files };
}

function gatesOf({ strategies }: Declarations): ReadonlySet<string> {
  return new Set(
    strategies.flatMap(({ value }) =>
      Object.values(value.verification ?? {}).flatMap(({ approves }) => approves ?? []),
    ),
  );
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
