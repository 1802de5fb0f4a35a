import { compareVersions } from "../core/node-image.ts";
import type { Release, UpdateStrategy } from "../declaration/documents.ts";
import { isOneByOne, strategyDigest } from "../declaration/strategy.ts";
import type { SourceRun } from "./source-run.ts";

export interface PromotionInput {
  readonly source: Pick<SourceRun, "release" | "strategy" | "nodeImages">;
  /** The release of the target and its strategy, as the default branch declares them. */
  readonly target: { readonly release: Release; readonly strategy: UpdateStrategy };
  /** Image families that the target's node pools run; undefined when they cannot be seen. */
  readonly families: ReadonlySet<string> | undefined;
}

/** What would change in the target's release. */
export interface PromotionPlan {
  /** New pins by image family. */
  readonly nodeImages: Readonly<Record<string, string>>;
  readonly kubernetesVersion: string | undefined;
  /** New digest of the target's strategy. */
  readonly digest: string | undefined;
  /** What a reviewer should know about what does not change, and why. */
  readonly notes: readonly string[];
  /** Why it cannot be promoted, however long it soaks. */
  readonly obstacle: string | undefined;
}

/** Pins, Kubernetes version and strategy of a proved release, for the next environment. Pure. */
export function planPromotion(input: PromotionInput): PromotionPlan {
  const pins = planPins(input);
  const version = planVersion(input);
  const digest = strategyDigest(input.target.strategy);
  return {
    nodeImages: pins.nodeImages,
    kubernetesVersion: version.kubernetesVersion,
    digest: isPinned(input, digest) ? undefined : digest,
    notes: [...pins.notes, ...version.notes, ...strategyNotes(input)],
    obstacle: strategyObstacle(input),
  };
}

/** One by one is never edited: there is nothing to pin. */
function isPinned({ target }: PromotionInput, digest: string): boolean {
  return isOneByOne(target.strategy) || digest === target.release.spec.strategy.digest;
}

export function changesAnything(plan: PromotionPlan): boolean {
  return (
    Object.keys(plan.nodeImages).length > 0 ||
    plan.kubernetesVersion !== undefined ||
    plan.digest !== undefined
  );
}

function planPins({ source, target, families }: PromotionInput): {
  readonly nodeImages: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
} {
  const pinned = target.release.spec.nodeImages ?? {};
  const proved = source.nodeImages;
  const nodeImages: Record<string, string> = {};
  const notes: string[] = [];
  for (const [family, version] of Object.entries(proved)) {
    const old = pinned[family];
    // A pin for a family that no pool of the target runs would say nothing.
    const isWanted = old !== undefined || families?.has(family) === true;
    if (!isWanted || old === version) continue;
    if (old !== undefined && compareVersions(version, old) < 0) {
      notes.push(`\`${family}\` stays at \`${old}\`, which is newer than what was proved.`);
    } else nodeImages[family] = version;
  }
  for (const family of Object.keys(pinned)) {
    if (proved[family] === undefined) {
      notes.push(`\`${family}\` was not proved there and keeps its pin.`);
    }
  }
  return { nodeImages, notes };
}

/** NodeImageOnly leaves the Kubernetes version alone: the one on record stays true. */
function planVersion({ source, target }: PromotionInput): {
  readonly kubernetesVersion: string | undefined;
  readonly notes: readonly string[];
} {
  const { kubernetesVersion: proved } = source.release.spec;
  const { kubernetesVersion: current, upgradeType } = target.release.spec;
  if (proved === undefined || proved === current) {
    return { kubernetesVersion: undefined, notes: [] };
  }
  if (upgradeType === "NodeImageOnly") {
    const note = `Kubernetes stays at ${current ?? "what it is"}: the release's upgradeType is NodeImageOnly, and ${proved} was proved.`;
    return { kubernetesVersion: undefined, notes: [note] };
  }
  if (current !== undefined && compareVersions(proved, current) < 0) {
    const note = `Kubernetes stays at ${current}, which is newer than the ${proved} that was proved.`;
    return { kubernetesVersion: undefined, notes: [note] };
  }
  return { kubernetesVersion: proved, notes: [] };
}

/** The strategy that was proved must be the one that the digest will hold. */
function strategyObstacle({ source, target }: PromotionInput): string | undefined {
  const { name } = target.strategy.metadata;
  if (source.strategy.metadata.name !== name) return undefined;
  if (strategyDigest(source.strategy) === strategyDigest(target.strategy)) return undefined;
  return `strategy ${name} was edited after this run: ${source.release.metadata.name} has to run it first`;
}

function strategyNotes({ source, target }: PromotionInput): readonly string[] {
  const [ran, runs] = [source.strategy.metadata.name, target.strategy.metadata.name];
  if (ran === runs) return [];
  return [
    `Strategy \`${runs}\` is this environment's own: ${source.release.metadata.name} was upgraded by \`${ran}\`, so its order is reviewed here, not proved there.`,
  ];
}
