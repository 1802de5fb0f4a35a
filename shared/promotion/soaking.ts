import { parseDuration } from "../core/duration.ts";
import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import type { Environment, Release } from "../declaration/documents.ts";
import type { Declarations } from "../declaration/parse.ts";
import { parseSourceRunName } from "../declaration/strategy.ts";
import type { UpdateRun } from "../update-run/ports.ts";
import { isActive } from "../update-run/state.ts";

/** A run whose images or Kubernetes version soak for an environment that has yet to get them: newer ones queue. */
export interface Soaking {
  readonly run: string;
  /** The environment that waits for it. */
  readonly target: string;
  /** Milliseconds since the Unix epoch; undefined while the run itself goes on. */
  readonly until: number | undefined;
}

/** The environments that are promoted to from this one and want what they get to soak there. */
export function soaksFor({ workspace }: Declarations, source: Environment): readonly Environment[] {
  const environments = workspace?.value.spec.environments ?? [];
  return environments.filter(
    ({ promotesFrom, nodeImage }) =>
      promotesFrom === source.name && parseDuration(nodeImage.soak) > 0,
  );
}

/**
 * Does a candidate soak on the nodes of the source? A newer one would replace it there before its time is over, and
 * with images that come faster than they soak nothing would ever be promoted as it was proved. A run that failed or was stopped
 * holds nothing up: a newer image may be what mends it. Pure.
 *
 * @param runs all runs of the source's fleet, in any order.
 */
export function soaking(
  declarations: Declarations,
  source: Environment,
  { runs, now }: { readonly runs: readonly UpdateRun[]; readonly now: number },
): Soaking | undefined {
  const newest = newestStarted(source, runs);
  if (!newest) return undefined;
  const waits = soaksFor(declarations, source)
    .filter((target) => isNews(newest, releaseOf(declarations, target)))
    .map((target) => ({ target: target.name, until: endOfSoak(newest, target) }))
    .filter(({ until }) => until > now)
    .toSorted((a, b) => b.until - a.until);
  const [last] = waits;
  if (!last) return undefined;
  const until = Number.isFinite(last.until) ? last.until : undefined;
  return { run: newest.name, target: last.target, until };
}

function newestStarted({ name }: Environment, runs: readonly UpdateRun[]): UpdateRun | undefined {
  return runs
    .filter((run) => parseSourceRunName(run.name)?.release === name)
    .filter(({ status }) => status.startTime !== undefined)
    .toSorted((a, b) => Date.parse(b.status.startTime ?? "") - Date.parse(a.status.startTime ?? ""))
    .at(0);
}

/** Infinite while the run goes on, and 0 when it came to no good end. */
function endOfSoak({ status }: UpdateRun, { nodeImage }: Environment): number {
  if (isActive(status.state)) return Number.POSITIVE_INFINITY;
  if (status.state !== "Completed" && status.state !== "Skipped") return 0;
  return Date.parse(status.completedTime ?? "") + parseDuration(nodeImage.soak);
}

function releaseOf({ releases }: Declarations, { name }: Environment): Release["spec"] | undefined {
  return releases.find(({ value }) => value.metadata.name === name)?.value.spec;
}

/** The run has an image, or a Kubernetes version, that the environment has an older one of. */
function isNews(
  { nodeImageSelection, kubernetesVersion }: UpdateRun,
  release: Release["spec"] | undefined,
): boolean {
  const pins = release?.nodeImages ?? {};
  const images = (nodeImageSelection.customNodeImageVersions ?? []).some((image) => {
    const { family, version } = parseNodeImage(image);
    const pinned = pins[family];
    return pinned !== undefined && compareVersions(version, pinned) > 0;
  });
  return images || isNewVersion(kubernetesVersion, release);
}

/** A release that upgrades node images alone takes no version over. */
function isNewVersion(proved: string | undefined, release: Release["spec"] | undefined): boolean {
  if (proved === undefined || !release || release.upgradeType === "NodeImageOnly") return false;
  const { kubernetesVersion: current } = release;
  return current === undefined || compareVersions(proved, current) > 0;
}
