import type { ArmId } from "../core/arm-id.ts";
import type { Environment, Release, UpdateStrategy } from "./documents.ts";
import type { Finding, FindingCode, Severity } from "./finding.ts";
import type { Declarations, Declared } from "./parse.ts";
import type { Path } from "./source-map.ts";

/** A member of a fleet, as far as the order of upgrades depends on it. */
export interface LiveMember {
  readonly name: string;
  readonly group: string | undefined;
}

/** What Azure says at the time of the lint. Each part may be missing: its rules are silent then. */
export interface LiveFleets {
  /** Milliseconds since the Unix epoch. */
  readonly now?: number;
  /** Members by the ARM id of their fleet. */
  readonly members?: ReadonlyMap<ArmId, readonly LiveMember[]>;
  /** Kubernetes versions, `1.33.5` or `1.33`, that AKS supports in the regions of the fleets. */
  readonly supportedKubernetesVersions?: readonly string[];
}

export interface LintInput extends Declarations {
  readonly live: LiveFleets;
}

/** One rule, or a few about the same thing. Pure. */
export type Rule = (input: LintInput) => readonly Finding[];

export interface Problem {
  readonly code: FindingCode;
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
  readonly severity?: Severity;
  /** Point at the field's name, where the name is what is wrong. */
  readonly atKey?: boolean;
}

export function report<T>(declared: Declared<T>, problem: Problem): Finding {
  const { code, path, message, remedy, severity = "error", atKey = false } = problem;
  const position = atKey ? declared.locateKey(path) : declared.locate(path);
  return { code, severity, message, remedy, file: declared.file, ...position };
}

/** Indexes of the values that were there before. */
export function repeated(names: readonly string[]): readonly number[] {
  return names.flatMap((name, index) => (names.indexOf(name) < index ? [index] : []));
}

/** An environment with what it runs, as far as that is declared. */
export interface Bound {
  readonly environment: Environment;
  readonly index: number;
  readonly release: Declared<Release>;
  readonly strategy: Declared<UpdateStrategy>;
}

/** Environments whose release and strategy are both declared. */
export function boundEnvironments(input: LintInput): readonly Bound[] {
  const environments = input.workspace?.value.spec.environments ?? [];
  return environments.flatMap((environment, index) => {
    const release = input.releases.find(({ value }) => value.metadata.name === environment.name);
    const strategy = input.strategies.find(
      ({ value }) => value.metadata.name === release?.value.spec.strategy.name,
    );
    return release && strategy ? [{ environment, index, release, strategy }] : [];
  });
}

/** Could a document of this kind and name be among those that were refused? Then its absence is no news. */
export function mayBeRefused({ refused }: LintInput, kind: string, name?: string): boolean {
  return refused.some(
    (document) =>
      (document.kind === undefined || document.kind === kind) &&
      (name === undefined || document.name === undefined || document.name === name),
  );
}
