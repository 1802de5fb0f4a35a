import { forecastPool } from "../shared/simulator/forecast.ts";
import type { ForecastKernel } from "../shared/simulator/forecast.ts";
import { DEFAULT_DURATIONS, DEFAULT_RULES } from "../shared/simulator/rules.ts";
import { clusterSpec, SEED } from "./fleet-shape.ts";
import type { FleetShape } from "./fleet-shape.ts";
import { AFTER_STAGE_WAIT_SECONDS, stagesOf } from "./simulate.ts";
import type { Simulated } from "./simulate.ts";
import type { Totals } from "./trace.ts";

/** A run is Running after a second, and its first members begin a second later. */
const FIRST_START_MILLISECONDS = 2_000;

const KERNEL: ForecastKernel = { seed: SEED, rules: DEFAULT_RULES, durations: DEFAULT_DURATIONS };

export interface Forecast extends Simulated {
  readonly totals: Totals;
}

type Counted = { -readonly [Key in keyof Totals]: Totals[Key] };

/** Every cluster in its own time, from its own start. */
export function forecastApart(shape: FleetShape): Forecast {
  const began = performance.now();
  const totals = zero();
  for (let index = 0; index < shape.clusters; index++) forecastCluster(shape, index, 0, totals);
  return { milliseconds: performance.now() - began, end: totals.end, totals };
}

/** A stage takes as long as its longest group, a group as long as all of its members. */
export function forecastByRun(shape: FleetShape): Forecast {
  const began = performance.now();
  const totals = zero();
  let now = FIRST_START_MILLISECONDS;
  for (const groups of stagesOf(shape)) {
    if (groups.every(({ length }) => length === 0)) continue;
    const ends = groups.map((members) => {
      let free = now;
      for (const member of members) free = forecastCluster(shape, member, free, totals);
      return free;
    });
    now = Math.max(...ends) + AFTER_STAGE_WAIT_SECONDS * 1_000;
  }
  totals.end = now;
  return { milliseconds: performance.now() - began, end: now, totals };
}

function zero(): Counted {
  return { end: 0, nodes: 0, sumOfNodeEnds: 0, surgeMilliseconds: 0 };
}

/** Pools in parallel; returns when the last is done. */
function forecastCluster(shape: FleetShape, index: number, start: number, totals: Counted): number {
  const { id, pools } = clusterSpec(shape, index);
  let end = start;
  for (const pool of pools) {
    const { duration, nodeEnds, surgeEnds } = forecastPool(KERNEL, id, pool);
    end = Math.max(end, start + duration);
    totals.nodes += nodeEnds.length;
    for (const nodeEnd of nodeEnds) totals.sumOfNodeEnds += start + nodeEnd;
    for (const surgeEnd of surgeEnds) totals.surgeMilliseconds += surgeEnd;
  }
  totals.end = Math.max(totals.end, end);
  return end;
}
