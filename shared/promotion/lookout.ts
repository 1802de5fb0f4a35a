import type { Clock } from "../core/clock.ts";
import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import type { StateStore, StoredRow } from "../core/state-store.ts";
import type { ManagedCluster, NodePool } from "../snapshot/ports.ts";
import type { EventPublisher, NodeImageReleased } from "./ports.ts";

/** What is known of a node image in a region. Times are ISO 8601. */
export interface ImageRecord extends NodeImageReleased {
  /** Absent between noticing and publishing: the next look publishes it. */
  readonly publishedAt?: string;
}

const PARTITION = "node-images";

/** One pool stands for all pools of its region and image family: they are offered the same image. */
export interface Sample {
  readonly region: string;
  readonly family: string;
  readonly pool: NodePool;
}

/** The upgrade profiles to read: one per (region, image family), however many clusters there are. */
export function samplePools(clusters: readonly ManagedCluster[]): readonly Sample[] {
  const samples = new Map<string, Sample>();
  for (const cluster of clusters) {
    for (const pool of cluster.nodePools) {
      const { family } = parseNodeImage(pool.nodeImageVersion);
      const key = `${cluster.location}/${family}`;
      const usable = cluster.powerState === "Running";
      if (usable && family !== "" && !samples.has(key)) {
        samples.set(key, { region: cluster.location, family, pool });
      }
    }
  }
  return [...samples.values()];
}

/** Keys of table rows may not contain slashes; regions and versions have none. */
function rowOf({ region, nodeImageVersion }: NodeImageReleased): string {
  return `${region}:${nodeImageVersion}`;
}

export interface LookoutDeps {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly publisher: EventPublisher;
}

/**
 * Records images that were not known and publishes each once. The row is the intent, `publishedAt` the
 * confirmation: a crash between them leaves a row that the next look publishes, and ids are
 * deterministic, so that a second publication is a duplicate and no news.
 */
export async function announceImages(
  deps: LookoutDeps,
  seen: readonly NodeImageReleased[],
): Promise<readonly NodeImageReleased[]> {
  const pending = (await noticed(deps.store, seen)).filter(({ value }) => !value.publishedAt);
  if (pending.length === 0) return [];
  await deps.publisher.publish(pending.map(({ value }) => value));
  const publishedAt = new Date(deps.clock.now()).toISOString();
  for (const { row, value, etag } of pending) {
    await deps.store.replace(PARTITION, row, { ...value, publishedAt }, etag);
  }
  return pending.map(({ value }) => value);
}

/** All rows, among them those of the images that were seen: most looks see nothing new, and write nothing. */
async function noticed(
  store: StateStore,
  seen: readonly NodeImageReleased[],
): Promise<readonly StoredRow<ImageRecord>[]> {
  const known = await readImages(store);
  const rows = new Set(known.map(({ row }) => row));
  const fresh = seen.filter((image) => !rows.has(rowOf(image)));
  for (const image of fresh) await store.insert(PARTITION, rowOf(image), image);
  return fresh.length === 0 ? known : readImages(store);
}

export async function readImages(
  store: Pick<StateStore, "list">,
): Promise<readonly StoredRow<ImageRecord>[]> {
  return store.list<ImageRecord>(PARTITION);
}

/** Newest image by region and family: what a pool of that region can be brought to. */
export type Coverage = ReadonlyMap<string, ReadonlyMap<string, string>>;

export function coverageOf(images: readonly NodeImageReleased[]): Coverage {
  const coverage = new Map<string, Map<string, string>>();
  for (const { region, nodeImageVersion } of images) {
    const { family, version } = parseNodeImage(nodeImageVersion);
    const families = coverage.get(region) ?? new Map<string, string>();
    const newest = families.get(family);
    if (!newest || compareVersions(version, newest) > 0) families.set(family, version);
    coverage.set(region, families);
  }
  return coverage;
}
