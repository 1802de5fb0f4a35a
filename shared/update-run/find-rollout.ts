import { parseDeclarations, type ParsedDeclarations } from "../declaration/parse.ts";
import type { RunRecord } from "./ledger.ts";
import { WORKSPACE_FILES } from "../declaration/places.ts";
import { declaredRunName, rolledBackRunName } from "../declaration/strategy.ts";
import type { UpdateRun } from "./ports.ts";
import { rollBackRollout } from "./roll-back.ts";
import { rolloutOf, type Rollout } from "./rollout.ts";

/** The part of a declaration repository that is asked here. */
export interface DeclarationHistory {
  readDeclarations(
    commit: string,
  ): Promise<readonly { readonly path: string; readonly text: string }[]>;
  history(path: string, limit: number): Promise<readonly string[]>;
}

/** Commits of each path that are searched for the one that a run was created from. */
const MAX_COMMITS_SEARCHED = 30;

/** A run's name is over the release, and over what the release refers to. */
const OTHER_PLACES = ["strategies", ...WORKSPACE_FILES];

/** Where a run's name is declared. */
interface Place {
  readonly environment: string;
  readonly releaseFile: string;
}

/**
 * Finds the commit whose declarations give a run its name, and what they say. A run that no commit
 * explains was created by somebody else: undefined, and it is left alone.
 *
 * @param known what is remembered of the run, if anything is.
 */
export async function findRollout(
  repository: DeclarationHistory,
  place: Place,
  run: UpdateRun,
  known: RunRecord | undefined,
): Promise<Rollout | undefined> {
  const declared = await declaredRollout(repository, place, run, known);
  if (declared === undefined || rolledBackRunName(run.name) === undefined) return declared;
  return rollBackRollout(run, declared);
}

async function declaredRollout(
  repository: DeclarationHistory,
  place: Place,
  run: UpdateRun,
  known: RunRecord | undefined,
): Promise<Rollout | undefined> {
  const { environment, releaseFile } = place;
  if (!known) return searchRollout(repository, environment, releaseFile, run.name);
  const rollout = await rolloutAt(repository, environment, known.commit);
  return rollout?.runName === sourceName(run.name) ? rollout : undefined;
}

/** The name that a release gives: of the run itself, of one that it retries, or that it leads back from. */
function sourceName(run: string): string {
  return declaredRunName(rolledBackRunName(run) ?? run);
}

/**
 * The commit with which a run's name came up, by the history of its release: the same for everybody who
 * asks, also after a later commit has touched the release without changing what it says.
 */
export async function searchRollout(
  repository: DeclarationHistory,
  environment: string,
  releaseFile: string,
  run: string,
): Promise<Rollout | undefined> {
  const name = sourceName(run);
  for (const path of [releaseFile, ...OTHER_PLACES]) {
    let found: Rollout | undefined;
    for (const commit of await repository.history(path, MAX_COMMITS_SEARCHED)) {
      const rollout = await rolloutAt(repository, environment, commit);
      if (rollout?.runName === name) found = rollout;
      else if (found) break;
    }
    if (found) return found;
  }
  return undefined;
}

/** By what is declared, and there by environment and commit: naming a run takes a digest of its whole strategy. */
const rollouts = new WeakMap<ParsedDeclarations, Map<string, Rollout | undefined>>();

async function rolloutAt(
  repository: DeclarationHistory,
  environment: string,
  commit: string,
): Promise<Rollout | undefined> {
  const declarations = await declarationsAt(repository, commit);
  const known = rollouts.get(declarations) ?? new Map<string, Rollout | undefined>();
  rollouts.set(declarations, known);
  const key = `${environment} ${commit}`;
  if (!known.has(key)) known.set(key, rolloutOf(declarations, environment, commit));
  return known.get(key);
}

type Texts = Awaited<ReturnType<DeclarationHistory["readDeclarations"]>>;

/** Parsing costs more than all that is decided with the result; the same texts give the same answer. */
const parsed: { readonly files: Texts; readonly declarations: ParsedDeclarations }[] = [];

/** A repository that keeps what it read gives the same list again: then the texts need not be compared. */
const parsedLists = new WeakMap<object, ParsedDeclarations>();

/** Heads and the commits of runs of a few environments; what they hold is small. */
const MAX_PARSED = 50;

export async function declarationsAt(
  repository: DeclarationHistory,
  commit: string,
): Promise<ParsedDeclarations> {
  const files = await repository.readDeclarations(commit);
  const same = parsedLists.get(files);
  if (same) return same;
  const known = parsed.find((earlier) => saySame(earlier.files, files));
  const declarations = known?.declarations ?? parseDeclarations(files);
  parsedLists.set(files, declarations);
  if (known) return declarations;
  parsed.push({ files, declarations });
  if (parsed.length > MAX_PARSED) parsed.shift();
  return declarations;
}

function saySame(some: Texts, others: Texts): boolean {
  return (
    some.length === others.length &&
    some.every(
      ({ path, text }, index) => path === others[index]?.path && text === others[index].text,
    )
  );
}
