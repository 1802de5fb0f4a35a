import { FleetwrightError } from "../../shared/core/errors.ts";
import type {
  Environment,
  Release,
  UpdateStrategy,
  Workspace,
} from "../../shared/declaration/documents.ts";
import type { Finding } from "../../shared/declaration/finding.ts";
import { lint } from "../../shared/declaration/lint.ts";
import type { LiveFleets } from "../../shared/declaration/lint.ts";
import { nearest } from "../../shared/core/nearest.ts";
import { readDeclarations } from "../../shared/declaration/load.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import { strategyNamed } from "../../shared/declaration/strategy.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";

export { workspaceFolder } from "./workspace.ts";

export interface Declared {
  readonly declarations: Declarations;
  /** Of parser and lint. */
  readonly findings: readonly Finding[];
  /** The same with what Azure says: members in no stage, pins that expired. */
  findingsWith(live: LiveFleets): readonly Finding[];
}

/** Reads and judges what the checked-out repository declares. */
export async function readDeclared(workspace: string): Promise<Declared> {
  const parsed = parseDeclarations(await readDeclarations(workspace));
  const findingsWith = (live: LiveFleets) => [...parsed.findings, ...lint(parsed, live)];
  return { declarations: parsed, findings: findingsWith({}), findingsWith };
}

export function workspaceOf({ workspace }: Declarations): Workspace {
  if (workspace === undefined) {
    throw new FleetwrightError("invalid-declaration", "the repository declares no Workspace", {
      remedy: "add fleetwright.yaml to its root, and check the repository out before this step",
    });
  }
  return workspace.value;
}

export function findEnvironment(declarations: Declarations, name: string): Environment {
  const { environments } = workspaceOf(declarations).spec;
  const environment = environments.find((candidate) => candidate.name === name);
  return environment ?? missing("environment", name, "fleetwright.yaml", environments);
}

export function findRelease(declarations: Declarations, name: string): Release {
  const releases = declarations.releases.map(({ value }) => value);
  const release = releases.find(({ metadata }) => metadata.name === name);
  return (
    release ??
    missing(
      "release",
      name,
      "releases/",
      releases.map(({ metadata }) => metadata),
    )
  );
}

export function findStrategy(declarations: Declarations, release: Release): UpdateStrategy {
  const strategies = declarations.strategies.map(({ value }) => value);
  const { name } = release.spec.strategy;
  const strategy = strategyNamed(declarations.strategies, name);
  return (
    strategy ??
    missing(
      "strategy",
      name,
      "strategies/",
      strategies.map(({ metadata }) => metadata),
    )
  );
}

function missing(
  kind: string,
  name: string,
  place: string,
  declared: readonly { readonly name: string }[],
): never {
  const known = declared.map((candidate) => candidate.name);
  const names = known.join(", ");
  const meant = nearest(name, known);
  const guess = meant === undefined ? "" : `did you mean ${meant}? `;
  const message = `${kind} ${JSON.stringify(name)} is not declared in ${place}`;
  throw new FleetwrightError("invalid-input", message, {
    remedy: names === "" ? `declare it there` : `${guess}declared are: ${names}`,
  });
}
