import { digest } from "../core/digest.ts";
import { FleetwrightError } from "../core/errors.ts";
import { API_VERSION } from "./documents.ts";
import type { Release, StrategySpec, UpdateStage, UpdateStrategy } from "./documents.ts";
import { MAX_NAME_CHARACTERS } from "./limits.ts";

/** Characters of a digest in a name: four billion values, for a handful of names per fleet. */
const HASH_CHARACTERS = 8;

/** Update group in an environment's fleet, by the group that strategies name. */
export type GroupNames = Readonly<Record<string, string>>;

/**
 * The strategy that needs no declaration: without any stage, Fleet takes the members of the whole fleet
 * one after the other. Source: aka.ms/kubernetes-fleet/concepts-update-orchestration
 */
export const ONE_BY_ONE: UpdateStrategy = {
  apiVersion: API_VERSION,
  kind: "UpdateStrategy",
  metadata: { name: "one-by-one" },
  spec: { stages: [] },
};

/** The strategy that a release names: a declared one, or the one that is always there. */
export function strategyNamed(
  strategies: readonly { readonly value: UpdateStrategy }[],
  name: string | undefined,
): UpdateStrategy | undefined {
  if (name === ONE_BY_ONE.metadata.name) return ONE_BY_ONE;
  return strategies.find(({ value }) => value.metadata.name === name)?.value;
}

export function isOneByOne({ spec }: Pick<UpdateStrategy, "spec">): boolean {
  return spec.stages.length === 0;
}

/** What a release pins of its strategy: the order, and what is verified in between. */
export function strategyDigest({
  spec,
  verification,
}: Pick<UpdateStrategy, "spec" | "verification">): `sha256:${string}` {
  return `sha256:${digest({ spec, verification })}`;
}

/** A release that pins its strategy runs that one and no other: an edit waits for its promotion. */
export function assertPromoted(release: Release, strategy: UpdateStrategy): void {
  const { digest: pinned, name } = release.spec.strategy;
  if (pinned === undefined || pinned === strategyDigest(strategy)) return;
  const { name: environment } = release.metadata;
  throw new FleetwrightError(
    "plan-changed",
    `strategy ${name} was edited since it was promoted to ${environment}`,
    { remedy: `promote it to ${environment} with the action promote, or undo the edit` },
  );
}

/** The stages with the update groups of an environment's fleet. */
export function resolveStages(
  { spec }: { readonly spec: StrategySpec },
  groups: GroupNames,
): readonly UpdateStage[] {
  return spec.stages.map((stage) => ({
    ...stage,
    groups: stage.groups.map((group) => ({
      ...group,
      name: Object.hasOwn(groups, group.name) ? (groups[group.name] ?? group.name) : group.name,
    })),
  }));
}

/**
 * Name of the strategy as a resource of a fleet. Its hash is over the stages as that fleet gets them,
 * so an edited strategy, or another environment of a shared fleet, never overwrites this one.
 */
export function fleetStrategyName(strategy: UpdateStrategy, groups: GroupNames): string {
  const hash = digest(resolveStages(strategy, groups)).slice(0, HASH_CHARACTERS);
  const room = MAX_NAME_CHARACTERS - hash.length - 1;
  return `${strategy.metadata.name.slice(0, room).replace(/-+$/, "")}-${hash}`;
}

/**
 * `<release>-<generation>-<hash>`: the same declaration gives the same name, so that a repeated step
 * finds its run, and a changed one never does.
 */
export function runName(release: Release, spec: StrategySpec, groups: GroupNames): string {
  const { upgradeType, kubernetesVersion, nodeImageSelection, nodeImages } = release.spec;
  const stages = resolveStages({ spec }, groups);
  const hash = digest({ stages, upgradeType, kubernetesVersion, nodeImageSelection, nodeImages });
  const { name, generation } = release.metadata;
  return `${name}-${generation}-${hash.slice(0, HASH_CHARACTERS)}`;
}

export interface ParsedRunName {
  readonly release: string;
  readonly generation: number;
  readonly hash: string;
  /** 0 for the run itself, then 1 for its first retry. */
  readonly retry: number;
}

/** A retry is a run of its own: `<name of the run>-r1`, and so on. */
export const MAX_RETRIES = 9;
const RETRY = new RegExp(`-r([1-${MAX_RETRIES}])$`);

/** The parts of a run name of ours; undefined for a run that somebody else named. */
export function parseRunName(name: string): ParsedRunName | undefined {
  const match = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)-([1-9]\d{0,14})-([0-9a-f]{8})$/.exec(
    declaredRunName(name),
  );
  const [, release, generation, hash] = match ?? [];
  if (release === undefined || generation === undefined || hash === undefined) return undefined;
  const retry = Number(RETRY.exec(name)?.[1] ?? 0);
  return { release, generation: Number(generation), hash, retry };
}

export function retryName(run: string, retry: number): string {
  return `${declaredRunName(run)}-r${retry}`;
}

const BACK = /-back-[0-9a-f]{8}$/;

/** `<run>-back-<hash>`: the way back from a run, a run of its own. */
export function rollBackName(run: string, hash: string): string {
  const tail = `-back-${hash.slice(0, HASH_CHARACTERS)}`;
  return `${run.slice(0, MAX_NAME_CHARACTERS - tail.length).replace(/-+$/, "")}${tail}`;
}

/** Name of the run that this one leads back from; undefined for any other. */
export function rolledBackRunName(name: string): string | undefined {
  return BACK.test(name) ? name.replace(BACK, "") : undefined;
}

/** The parts of the name from which a run's own comes: of a way back, those of the run that it leads back from. */
export function parseSourceRunName(name: string): ParsedRunName | undefined {
  return parseRunName(rolledBackRunName(name) ?? name);
}

/** Name of the run that a release declares, of which this one is a retry, or which it is. */
export function declaredRunName(name: string): string {
  return name.replace(RETRY, "");
}
