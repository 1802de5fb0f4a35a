import type { Finding } from "../finding.ts";
import { MAX_NAME_CHARACTERS, NAME_PATTERN } from "../limits.ts";
import { nearest } from "../../core/nearest.ts";
import type { Declared } from "../parse.ts";
import type { Release } from "../documents.ts";
import { mayBeRefused, report, type LintInput, type Problem } from "../rule.ts";
import { ONE_BY_ONE, runName, strategyDigest, strategyNamed } from "../strategy.ts";

/** A release is for an environment of its name, and runs a strategy that is declared. */
export function releases(input: LintInput): readonly Finding[] {
  return input.releases.flatMap((release) =>
    [
      ...ofEnvironment(release, input),
      ...fromEnvironment(release, input),
      ...byStrategy(release, input),
      ...nameLength(release, input),
    ].map((problem) => report(release, problem)),
  );
}

function ofEnvironment({ value }: Declared<Release>, input: LintInput): readonly Problem[] {
  const path = ["metadata", "name"];
  return unknownEnvironment(value.metadata.name, path, "the release is for", input);
}

function fromEnvironment({ value }: Declared<Release>, input: LintInput): readonly Problem[] {
  const { from } = value.spec;
  if (from === undefined) return [];
  const path = ["spec", "from", "environment"];
  return unknownEnvironment(from.environment, path, "the release comes from", input);
}

function unknownEnvironment(
  name: string,
  path: Problem["path"],
  what: string,
  input: LintInput,
): readonly Problem[] {
  if (mayBeRefused(input, "Workspace")) return [];
  const environments = input.workspace?.value.spec.environments ?? [];
  const names = environments.map((environment) => environment.name);
  if (names.includes(name)) return [];
  const meant = nearest(name, names);
  return [
    {
      code: "unknown-environment",
      path,
      message: `${what} environment ${name}, which ${input.workspace ? "the Workspace does not have" : "no Workspace declares"}`,
      remedy: meant ? `did you mean ${meant}?` : "add it to the Workspace in fleetwright.yaml",
    },
  ];
}

function byStrategy({ value }: Declared<Release>, input: LintInput): readonly Problem[] {
  const { name, digest } = value.spec.strategy;
  const strategy = strategyNamed(input.strategies, name);
  if (!strategy) {
    if (mayBeRefused(input, "UpdateStrategy", name)) return [];
    const declared = input.strategies.map((candidate) => candidate.value.metadata.name);
    const names = [...declared, ONE_BY_ONE.metadata.name];
    const meant = nearest(name, names);
    const message = `strategy ${name} is not declared`;
    const remedy = meant
      ? `did you mean ${meant}?`
      : `declare it in strategies/, or name one of ${names.join(", ")}`;
    return [{ code: "unknown-strategy", path: ["spec", "strategy", "name"], message, remedy }];
  }
  const actual = strategyDigest(strategy);
  if (digest === undefined || digest === actual) return [];
  return [
    {
      code: "digest-mismatch",
      // An edit passes through the first environment before it is promoted: it must not stop that one.
      severity: isPromotedTo(value, input) ? "warning" : "error",
      path: ["spec", "strategy", "digest"],
      message: `strategy ${name} was edited since it was promoted to this release: its digest is ${actual}`,
      remedy:
        "promote the strategy to this environment, which starts no run until then, or undo the edit",
    },
  ];
}

function isPromotedTo({ metadata }: Release, { workspace }: LintInput): boolean {
  const environment = workspace?.value.spec.environments.find(({ name }) => name === metadata.name);
  return environment?.promotesFrom !== undefined;
}

function nameLength({ value }: Declared<Release>, input: LintInput): readonly Problem[] {
  const { name, generation } = value.metadata;
  if (!NAME_PATTERN.test(name)) return [];
  const environment = input.workspace?.value.spec.environments.find((e) => e.name === name);
  const run = runName(value, { stages: [] }, environment?.groups ?? {});
  if (run.length <= MAX_NAME_CHARACTERS) return [];
  return [
    {
      code: "run-name-too-long",
      path: ["metadata", "name"],
      message: `update runs of generation ${generation} would have names of ${run.length} characters, Fleet accepts ${MAX_NAME_CHARACTERS}`,
      remedy: `shorten the name of the environment by ${run.length - MAX_NAME_CHARACTERS} characters or more`,
    },
  ];
}
