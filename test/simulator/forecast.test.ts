import * as fc from "fast-check";
import { expect, test } from "vitest";
import { forecastPool } from "../../shared/simulator/forecast.ts";
import type { PoolForecast } from "../../shared/simulator/forecast.ts";
import type { Rules } from "../../shared/simulator/model.ts";
import { DEFAULT_DURATIONS, DEFAULT_RULES } from "../../shared/simulator/rules.ts";
import { cluster, letRest, NEW_IMAGE, pool, world } from "./scene.ts";

const poolCase = fc.record({
  seed: fc.integer(),
  count: fc.integer({ min: 1, max: 12 }),
  maxSurge: fc.constantFrom("0", "1", "2", "5", "10%", "33%", "100%"),
  maxUnavailable: fc.constantFrom("1", "2", "50%"),
  soak: fc.constantFrom(0, 3),
  drainTimeout: fc.constantFrom(5, 30),
  windows: fc.boolean(),
  surgeMode: fc.constantFrom<Rules["surgeMode"]>("batch", "pipeline", "single"),
});

type PoolCase = typeof poolCase extends fc.Arbitrary<infer Case> ? Case : never;

function specOf(input: PoolCase): ReturnType<typeof pool> {
  return pool({
    count: input.count,
    osType: input.windows ? "Windows" : "Linux",
    upgradeSettings: {
      maxSurge: input.maxSurge,
      maxUnavailable: input.maxUnavailable,
      nodeSoakDurationInMinutes: input.soak,
      drainTimeoutInMinutes: input.drainTimeout,
    },
  });
}

/** What the world says about the same pool. */
function simulate(input: PoolCase): PoolForecast {
  const { seed, surgeMode } = input;
  const made = world({ seed, rules: { surgeMode } });
  const target = made.addCluster(cluster("c", { pools: [specOf(input)] }));
  const [nodeEnds, surgeEnds]: [number[], number[]] = [[], []];
  made.subscribe((transition) => {
    if (transition.kind !== "node") return;
    if (transition.change === "Upgraded") nodeEnds.push(transition.at);
    if (transition.change === "Removed") surgeEnds.push(transition.at);
  });
  const operation = target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  return { duration: operation.endedAt ?? Number.NaN, nodeEnds, surgeEnds };
}

/** Nodes are told in the order in which they end. */
function inOrder({ duration, nodeEnds, surgeEnds }: PoolForecast): PoolForecast {
  const sorted = (times: readonly number[]) => times.toSorted((a, b) => a - b);
  return { duration, nodeEnds: sorted(nodeEnds), surgeEnds: sorted(surgeEnds) };
}

test("a forecast comes to the millisecond to what the world comes to", () => {
  fc.assert(
    fc.property(poolCase, (input) => {
      const { seed, surgeMode } = input;
      const rules = { ...DEFAULT_RULES, surgeMode };
      const kernel = { seed, rules, durations: DEFAULT_DURATIONS };
      const forecast = forecastPool(kernel, "/clusters/c", specOf(input));
      expect(inOrder(forecast)).toEqual(inOrder(simulate(input)));
    }),
    { numRuns: 1_000 },
  );
});

test("a pool without nodes has nothing to wait for but its operation", () => {
  const kernel = { seed: 1, rules: DEFAULT_RULES, durations: DEFAULT_DURATIONS };
  const empty = pool({ mode: "User", count: 0 });
  const made = world({ seed: 1 });
  const target = made.addCluster(cluster("c", { pools: [pool({ name: "sys" }), empty] }));
  const operation = target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  expect(forecastPool(kernel, "/clusters/c", empty)).toEqual({
    duration: operation.endedAt,
    nodeEnds: [],
    surgeEnds: [],
  });
});
