import type { Row } from "../row.ts";
import type { Forecast } from "../forecast.ts";
import type { FleetShape } from "../fleet-shape.ts";
import { measurePairs } from "../pairs.ts";
import type { Pair } from "../pairs.ts";
import { BENCH, withFolder } from "../places.ts";
import { processMeter } from "../processes.ts";
import type { ProcessUsage } from "../processes.ts";
import { compare } from "../report.ts";
import type { Line } from "../report.ts";
import type { Simulated } from "../simulate.ts";
import { findSimPy, SIMPY_ABSENT, writeModel } from "../simpy.ts";
import { RECKONED, WORLDS } from "../sizes.ts";
import type { Sizes } from "../sizes.ts";
import { traceApart, traceRun } from "../trace.ts";
import type { Totals, Traced } from "../trace.ts";

export const SIMULATOR_ROWS: Readonly<Record<string, Row>> = {
  pools: ({ pools, slowPairs }) =>
    besideSimPy({ row: "pools", shape: pools, pairs: slowPairs, trace: traceApart }, [
      { child: "forecast-apart", how: RECKONED },
      { child: "apart", how: WORLDS },
    ]),
  fleet: ({ fleet, pairs }) =>
    besideSimPy({ row: "fleet", shape: fleet, pairs, trace: traceRun }, [
      { child: "forecast-run", how: "a run composed of reckoned pools" },
      { child: "run", how: "a run in one world" },
    ]),
  rehearsal: measureRehearsal,
  growth: measureGrowth,
};

type Child = "forecast-apart" | "forecast-run" | "apart" | "run";

interface Way {
  readonly child: Child;
  readonly how: string;
}

interface SimPyRow {
  readonly row: string;
  readonly shape: FleetShape;
  readonly pairs: number;
  readonly trace: (shape: FleetShape) => Traced;
}

/** Both in fresh processes, the time of the simulation alone; SimPy is handed the drawn durations. */
function besideSimPy(row: SimPyRow, ways: readonly Way[]): Promise<readonly Line[]> {
  const simpy = findSimPy();
  if (simpy === undefined) return Promise.resolve([{ row: row.row, absent: SIMPY_ABSENT }]);
  return withFolder(async (folder) => {
    const { model, totals } = row.trace(row.shape);
    const file = await writeModel(folder, model);
    const meter = await processMeter(folder);
    const theirs = (): number => {
      const answer = simpy.run(file);
      assertSame(totals, answer.totals);
      return answer.milliseconds;
    };
    const lines: Line[] = [];
    for (const way of ways) {
      const ours = async (): Promise<number> => {
        const answer = simulated(await meter(childArguments(way.child, row.shape)));
        assertSame(totals, { ...totals, end: answer.end, ...answer.totals });
        return answer.milliseconds;
      };
      const pairs = await measurePairs(row.pairs, { ours, beside: async () => theirs() });
      lines.push(simPyLine(row, way, { pairs, version: simpy.version }));
    }
    return lines;
  });
}

function simPyLine(
  { row, shape }: SimPyRow,
  { how }: Way,
  { pairs, version }: { readonly pairs: readonly Pair<number>[]; readonly version: string },
): Line {
  return compare({
    row,
    measure: `${sizeOf(shape)}, ${how}`,
    unit: "ms",
    beside: `SimPy ${version}`,
    pairs,
    ratioOf: "beside ÷ ours",
    note:
      "pools, fleet: time of the simulation alone, each in a fresh process. SimPy is handed the drawn " +
      "durations and models pools and nodes only; a world also keeps clusters, operations and node events.",
  });
}

function childArguments(child: Child, shape: FleetShape): string[] {
  return [BENCH, "--child", child, JSON.stringify(shape)];
}

function simulated({ stdout }: ProcessUsage): Simulated & Partial<Forecast> {
  return JSON.parse(stdout) as Simulated & Partial<Forecast>;
}

/** A ratio between two simulators that disagree would mean nothing. */
function assertSame(ours: Totals, theirs: Totals): void {
  const [left, right] = [ours, theirs].map(({ end, nodes, sumOfNodeEnds, surgeMilliseconds }) =>
    [end, nodes, sumOfNodeEnds, surgeMilliseconds].join(" "),
  );
  if (left !== right) throw new Error(`the simulators disagree: ${left} and SimPy's ${right}`);
}

function sizeOf({ clusters, pools, nodes, pods }: FleetShape): string {
  const number = (value: number) => value.toLocaleString("en-US");
  const parts = [`${number(clusters)} clusters × ${pools} pools × ${nodes} nodes`];
  if (pods > 0) parts.push(`${pods} pods with budgets`);
  return parts.join(" × ");
}

function measureRehearsal({ rehearsal, slowPairs }: Sizes): Promise<readonly Line[]> {
  return withFolder(async (folder) => {
    const meter = await processMeter(folder);
    const pairs = await measurePairs(slowPairs, {
      ours: () => meter(childArguments("apart", rehearsal)),
      beside: () => meter(["-e", "0"]),
    });
    const common = { row: "rehearsal", beside: "node -e 0" };
    return [
      compare({
        ...common,
        measure: `whole process, ${sizeOf(rehearsal)}`,
        unit: "ms",
        pairs: pick(pairs, ({ wallMilliseconds }) => wallMilliseconds),
        target: "< 1,000 ms",
      }),
      compare({
        ...common,
        measure: "its peak memory",
        unit: "MB",
        pairs: pick(pairs, ({ peakMegabytes }) => peakMegabytes),
        target: "< 200 MB",
      }),
    ];
  });
}

function pick<T>(pairs: readonly Pair<T>[], of: (usage: T) => number): Pair<number>[] {
  return pairs.map(({ ours, beside }) => ({ ours: of(ours), beside: of(beside) }));
}

/** Ours is the large fleet, beside it the small one. */
function measureGrowth({ growth, slowPairs }: Sizes): Promise<readonly Line[]> {
  return withFolder(async (folder) => {
    const meter = await processMeter(folder);
    const lines: Line[] = [];
    for (const { child, how, small, large } of growth) {
      const run = async (shape: FleetShape) =>
        simulated(await meter(childArguments(child, shape))).milliseconds;
      const pairs = await measurePairs(slowPairs, {
        ours: () => run(large),
        beside: () => run(small),
      });
      const growthOfClusters = Math.log(large.clusters / small.clusters);
      lines.push(
        compare({
          row: "growth",
          measure: `${sizeOf(large)}, ${how}`,
          unit: "ms",
          beside: `${small.clusters.toLocaleString("en-US")} clusters`,
          pairs,
          ratioOf: "growth exponent",
          ratio: ({ ours, beside }) => Math.log(ours / beside) / growthOfClusters,
          target: "≤ 1.1",
        }),
      );
    }
    return lines;
  });
}
