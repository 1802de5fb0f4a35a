import type { FleetShape } from "./fleet-shape.ts";

export interface Growth {
  readonly child: "forecast-apart" | "apart";
  readonly how: string;
  readonly small: FleetShape;
  readonly large: FleetShape;
}

/** How much a row does. */
export interface Sizes {
  /** Interleaved pairs per row. */
  readonly pairs: number;
  /** Pairs of the rows that take seconds each. */
  readonly slowPairs: number;
  readonly pools: FleetShape;
  readonly fleet: FleetShape;
  /** The fleet that a rehearsal has to manage within a second. */
  readonly rehearsal: FleetShape;
  readonly growth: readonly Growth[];
  readonly emulator: {
    readonly members: number;
    readonly nodes: number;
    readonly requests: number;
    readonly idleClusters: number;
    readonly idleMilliseconds: number;
  };
}

export const RECKONED = "each pool reckoned in its own time";
export const WORLDS = "each cluster in a world of its own";

function from(
  few: number,
  many: number,
  cluster: Pick<FleetShape, "pools" | "nodes">,
): Pick<Growth, "small" | "large"> {
  return {
    small: { ...cluster, clusters: few, pods: 0 },
    large: { ...cluster, clusters: many, pods: 0 },
  };
}

export const FULL: Sizes = {
  pairs: 9,
  slowPairs: 3,
  pools: { clusters: 10_000, pools: 3, nodes: 10, pods: 0 },
  fleet: { clusters: 1_000, pools: 3, nodes: 10, pods: 0 },
  rehearsal: { clusters: 1_000, pools: 3, nodes: 10, pods: 20 },
  growth: [
    { child: "forecast-apart", how: RECKONED, ...from(10_000, 100_000, { pools: 3, nodes: 10 }) },
    { child: "apart", how: WORLDS, ...from(10_000, 100_000, { pools: 3, nodes: 3 }) },
  ],
  emulator: {
    members: 100,
    nodes: 300,
    requests: 2_000,
    idleClusters: 1_000,
    idleMilliseconds: 10_000,
  },
};

/** Enough to see that every row works. */
export const TINY: Sizes = {
  pairs: 1,
  slowPairs: 1,
  pools: { clusters: 4, pools: 2, nodes: 3, pods: 0 },
  fleet: { clusters: 40, pools: 2, nodes: 3, pods: 0 },
  rehearsal: { clusters: 4, pools: 2, nodes: 3, pods: 5 },
  growth: [
    { child: "forecast-apart", how: RECKONED, ...from(5, 50, { pools: 1, nodes: 2 }) },
    { child: "apart", how: WORLDS, ...from(5, 50, { pools: 1, nodes: 2 }) },
  ],
  emulator: { members: 4, nodes: 6, requests: 20, idleClusters: 3, idleMilliseconds: 100 },
};
