import type { Environment, Release, UpdateStrategy } from "../declaration/documents.ts";
import type { Declared } from "../declaration/parse.ts";
import { declaredRunName, parseRunName, strategyNamed } from "../declaration/strategy.ts";
import {
  declarationsAt,
  searchRollout,
  type DeclarationHistory,
} from "../update-run/find-rollout.ts";
import type { FleetPort, StageStatus, UpdateRun } from "../update-run/ports.ts";
import type { Rollout } from "../update-run/rollout.ts";
import { membersOf } from "../update-run/state.ts";
import { imagesOf } from "../update-run/targets.ts";

/** A run of the environment that is promoted from, with what was declared when it was created. */
export interface SourceRun {
  /** With its retries: the state of the last attempt, and each member as it stood in its own last one. */
  readonly run: UpdateRun;
  readonly rollout: Rollout;
  readonly release: Release;
  readonly strategy: UpdateStrategy;
  /** Version by image family: the pins, or what Azure says that it chose. */
  readonly nodeImages: Readonly<Record<string, string>>;
}

/** Runs that are considered, newest first: an older one was promoted long ago, or never will be. */
const MAX_SOURCE_RUNS = 10;

/** The newest runs of an environment that its repository declares; those of others are left out. */
export async function findSourceRuns(
  deps: { readonly fleet: FleetPort; readonly repository: DeclarationHistory },
  environment: Environment,
  { file }: Declared<Release>,
): Promise<readonly SourceRun[]> {
  const attempts = (await deps.fleet.listRuns(environment.fleet)).filter(
    ({ name }) => parseRunName(name)?.release === environment.name,
  );
  const runs = withRetries(attempts).toSorted(newestFirst).slice(0, MAX_SOURCE_RUNS);
  const repository = remembering(deps.repository);
  const found: SourceRun[] = [];
  for (const run of runs) {
    const source = await declaredBy(repository, environment.name, file, run);
    if (source !== undefined) found.push(source);
  }
  return found;
}

async function declaredBy(
  repository: DeclarationHistory,
  environment: string,
  file: string,
  run: UpdateRun,
): Promise<SourceRun | undefined> {
  const rollout = await searchRollout(repository, environment, file, run.name);
  const nodeImages = rollout && imagesOf(run, rollout);
  if (!rollout || !nodeImages) return undefined;
  const { releases, strategies } = await declarationsAt(repository, rollout.commit);
  const release = releases.find(({ value }) => value.metadata.name === environment)?.value;
  const strategy = strategyNamed(strategies, release?.spec.strategy.name);
  return release && strategy && { run, rollout, release, strategy, nodeImages };
}

/** Many runs share the same few paths: each history is asked for once. */
function remembering(repository: DeclarationHistory): DeclarationHistory {
  const known = new Map<string, Promise<readonly string[]>>();
  return {
    readDeclarations: (commit) => repository.readDeclarations(commit),
    history(path, limit) {
      const answer = known.get(path) ?? repository.history(path, limit);
      known.set(path, answer);
      return answer;
    },
  };
}

/** A retry repeats what failed: together with the run that it repeats it is one. */
function withRetries(attempts: readonly UpdateRun[]): readonly UpdateRun[] {
  const runs = new Map<string, UpdateRun>();
  for (const attempt of attempts.toSorted((a, b) => retryOf(a) - retryOf(b))) {
    const name = declaredRunName(attempt.name);
    const before = runs.get(name);
    runs.set(name, before ? retriedBy(before, attempt) : attempt);
  }
  return [...runs.values()];
}

function retryOf({ name }: UpdateRun): number {
  return parseRunName(name)?.retry ?? 0;
}

function retriedBy(run: UpdateRun, retry: UpdateRun): UpdateRun {
  const repeated = new Set(membersOf(retry).map(({ member }) => member.name));
  const kept = run.stageStatuses.map((stage): StageStatus => ({
    ...stage,
    groups: stage.groups.map((group) => ({
      ...group,
      members: group.members.filter(({ name }) => !repeated.has(name)),
    })),
  }));
  return {
    ...run,
    status: { ...retry.status, startTime: run.status.startTime },
    stageStatuses: [...kept, ...retry.stageStatuses],
  };
}

function newestFirst(a: UpdateRun, b: UpdateRun): number {
  const generation = ({ name }: UpdateRun): number => parseRunName(name)?.generation ?? 0;
  const begun = (run: UpdateRun): number =>
    Date.parse(run.createdAt ?? run.status.startTime ?? "") || 0;
  return generation(b) - generation(a) || begun(b) - begun(a);
}
