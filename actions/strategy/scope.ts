import { armKey } from "../../shared/core/arm-id.ts";
import type { ArmId } from "../../shared/core/arm-id.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import { fleetStrategyName, resolveStages } from "../../shared/declaration/strategy.ts";
import type { DeclaredStrategy } from "../../shared/update-run/apply-strategy.ts";
import { workspaceOf } from "../runner/declared.ts";

/** The declared strategies as an environment's fleet gets them, with the names that they are declared by. */
export function strategiesOf(
  { fleet, groups }: Environment,
  { strategies }: Declarations,
): readonly (DeclaredStrategy & { readonly declared: string; readonly file: string })[] {
  return strategies.map(({ value, file }) => ({
    fleet,
    name: fleetStrategyName(value, groups),
    stages: resolveStages(value, groups),
    declared: value.metadata.name,
    file,
  }));
}

/** What all environments of a fleet declare for it: none may take away what another one needs. */
export function strategiesOfFleet(
  fleet: ArmId,
  declarations: Declarations,
): readonly DeclaredStrategy[] {
  return environmentsOfFleet(fleet, declarations).flatMap((environment) =>
    strategiesOf(environment, declarations),
  );
}

export function environmentsOfFleet(
  fleet: ArmId,
  declarations: Declarations,
): readonly Environment[] {
  return workspaceOf(declarations).spec.environments.filter(
    (environment) => armKey(environment.fleet) === armKey(fleet),
  );
}
