import { parseDeclarations, type ParsedDeclarations } from "../declaration/parse.ts";
import type { StateStore } from "../core/state-store.ts";
import { ledgerPartition, type RunRecord } from "./ledger.ts";
import type { UpdateRun } from "./ports.ts";
import { rolloutOf, type Rollout } from "./rollout.ts";

/** The part of a declaration repository that is asked here. */
export interface DeclarationHistory {
  readDeclarations(
    commit: string,
  ): Promise<readonly { readonly path: string; readonly text: string }[]>;
  history(path: string, limit: number): Promise<readonly string[]>;
}

/** Commits of a release file that are searched for the one that a run was created from. */
const MAX_COMMITS_SEARCHED = 30;

/**
 * Finds the commit whose declarations give a run its name, and what they say. A run that no commit
 * explains was created by somebody else: undefined, and it is left alone.
 */
export async function findRollout(
  deps: { readonly repository: DeclarationHistory; readonly store: StateStore },
  environment: string,
  releaseFile: string,
  run: UpdateRun,
): Promise<Rollout | undefined> {
  const known = await deps.store.get<RunRecord>(ledgerPartition(run), "run");
  const commits = known
    ? [known.value.commit]
    : await deps.repository.history(releaseFile, MAX_COMMITS_SEARCHED);
  for (const commit of commits) {
    const rollout = rolloutOf(await declarationsAt(deps.repository, commit), environment, commit);
    if (rollout?.runName === run.name) return rollout;
  }
  return undefined;
}

/** Parsing costs more than all that is decided with the result; the same texts give the same answer. */
const parsed = new WeakMap<object, ParsedDeclarations>();

export async function declarationsAt(
  repository: DeclarationHistory,
  commit: string,
): Promise<ParsedDeclarations> {
  const files = await repository.readDeclarations(commit);
  const known = parsed.get(files) ?? parseDeclarations(files);
  parsed.set(files, known);
  return known;
}
