import { digest } from "../core/digest.ts";
import type { Release, StrategySpec, UpdateStage, UpdateStrategy } from "./documents.ts";
import { MAX_NAME_CHARACTERS } from "./limits.ts";

/** Characters of a digest in a name: four billion values, for a handful of names per fleet. */
const HASH_CHARACTERS = 8;

/** Update group in an environment's fleet, by the group that strategies name. */
export type GroupNames = Readonly<Record<string, string>>;

/** What a release pins of its strategy: the order, and what is verified in between. */
export function strategyDigest({
  spec,
  verification,
}: Pick<UpdateStrategy, "spec" | "verification">): `sha256:${string}` {
  return `sha256:${digest({ spec, verification })}`;
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
  const { upgradeType, kubernetesVersion, nodeImages } = release.spec;
  const stages = resolveStages({ spec }, groups);
  const hash = digest({ stages, upgradeType, kubernetesVersion, nodeImages });
  const { name, generation } = release.metadata;
  return `${name}-${generation}-${hash.slice(0, HASH_CHARACTERS)}`;
}

export interface ParsedRunName {
  readonly release: string;
  readonly generation: number;
  readonly hash: string;
}

/** The parts of a run name of ours; undefined for a run that somebody else named. */
export function parseRunName(name: string): ParsedRunName | undefined {
  const match = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)-([1-9]\d{0,14})-([0-9a-f]{8})$/.exec(name);
  const [, release, generation, hash] = match ?? [];
  if (release === undefined || generation === undefined || hash === undefined) return undefined;
  return { release, generation: Number(generation), hash };
}
