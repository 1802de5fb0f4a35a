import { drawPhase } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";
import type { NodePoolSpec } from "./model.ts";
import { SETTLE_MILLISECONDS } from "./pool-goal.ts";
import { hashText, mix } from "./random.ts";
import { DEFAULT_UPGRADE_SETTINGS, WINDOWS_SLOWNESS } from "./rules.ts";
import { upgradeWidth } from "./surge.ts";

const MINUTE = 60_000;

/** What the durations of an upgrade depend on. */
export type ForecastKernel = Pick<Kernel, "seed" | "durations" | "rules">;

/** The first upgrade of a pool of which no pod holds a node up; times are milliseconds from its start. */
export interface PoolForecast {
  readonly duration: number;
  /** When each node is back, in the order of their upgrades. */
  readonly nodeEnds: readonly number[];
  /** When each surge machine is gone: all are asked for at the start, so they tell the quota. */
  readonly surgeEnds: readonly number[];
}

/**
 * Comes to the same times as the world does, without the world: pools do not interact while they upgrade,
 * so each is reckoned in its own time. For the thousands of replicas that an estimate is drawn from.
 */
export function forecastPool(
  kernel: ForecastKernel,
  clusterId: string,
  pool: Pick<NodePoolSpec, "name" | "count" | "osType" | "upgradeSettings">,
): PoolForecast {
  const settings = { ...DEFAULT_UPGRADE_SETTINGS, ...pool.upgradeSettings };
  const width = upgradeWidth(settings, { count: pool.count, toUpgrade: pool.count });
  const entity = hashText(`${clusterId}/${pool.name}`, kernel.seed);
  const draws: PoolDraws = {
    kernel,
    entity,
    slowness: pool.osType === "Windows" ? WINDOWS_SLOWNESS : 1,
    drainTimeout: settings.drainTimeoutInMinutes * MINUTE,
    soak: settings.nodeSoakDurationInMinutes * MINUTE,
  };
  if (pool.count === 0) return { duration: SETTLE_MILLISECONDS, nodeEnds: [], surgeEnds: [] };
  const arrivals = Array.from({ length: width.surge }, (_, surge) =>
    surgeArrival(draws, pool.count + surge),
  );
  const slots = width.surge > 0 ? arrivals : Array.from({ length: width.unavailable }, () => 0);
  const nodeEnds = schedule(draws, slots, pool.count);
  const upgraded = latest(nodeEnds, latest(arrivals, 0));
  const surgeEnds = arrivals.map((_, surge) => surgeEnd(draws, pool.count + surge, upgraded));
  return { duration: latest(surgeEnds, upgraded) + SETTLE_MILLISECONDS, nodeEnds, surgeEnds };
}

interface PoolDraws {
  readonly kernel: ForecastKernel;
  readonly entity: number;
  readonly slowness: number;
  readonly drainTimeout: number;
  readonly soak: number;
}

/** Each slot is a node that may be away, from the time at which its surge node stands ready. */
function schedule(draws: PoolDraws, slots: readonly number[], count: number): number[] {
  const { surgeMode } = draws.kernel.rules;
  if (surgeMode === "pipeline") return pipeline(draws, [...slots], count);
  const together = surgeMode === "single" ? 1 : slots.length;
  const ends: number[] = [];
  let free = latest(slots, 0);
  for (let first = 0; first < count; first += together) {
    const begin = free;
    for (let node = first; node < Math.min(count, first + together); node++) {
      const end = begin + nodeMilliseconds(draws, node);
      ends.push(end);
      if (end > free) free = end;
    }
  }
  return ends;
}

/** The next node takes the slot that is free first. */
function pipeline(draws: PoolDraws, slots: number[], count: number): number[] {
  const ends: number[] = [];
  for (let node = 0; node < count; node++) {
    let first = 0;
    for (let slot = 1; slot < slots.length; slot++) {
      if ((slots[slot] ?? 0) < (slots[first] ?? 0)) first = slot;
    }
    const end = (slots[first] ?? 0) + nodeMilliseconds(draws, node);
    slots[first] = end;
    ends.push(end);
  }
  return ends;
}

function nodeMilliseconds({ kernel, entity, drainTimeout, soak }: PoolDraws, node: number): number {
  const drawn = { entity: mix(entity, node), round: 1 };
  const drain = Math.min(drawPhase(kernel, "drain", drawn), drainTimeout);
  return drain + soak + drawPhase(kernel, "reimage", drawn);
}

function surgeArrival({ kernel, entity, slowness }: PoolDraws, instance: number): number {
  return drawPhase(kernel, "surgeCreate", { entity: mix(entity, instance), round: 0 }) * slowness;
}

function surgeEnd(draws: PoolDraws, instance: number, from: number): number {
  const { kernel, entity, drainTimeout } = draws;
  const drawn = { entity: mix(entity, instance), round: 0 };
  const drain = Math.min(drawPhase(kernel, "drain", drawn), drainTimeout);
  return from + drain + drawPhase(kernel, "surgeDelete", drawn);
}

function latest(times: readonly number[], least: number): number {
  let last = least;
  for (const time of times) if (time > last) last = time;
  return last;
}
