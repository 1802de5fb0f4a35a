import { expect, test } from "vitest";
import { Coverage, type Sight } from "./coverage.ts";
import { EVENT_FAULTS, MANY_FAULTS, NO_FAULTS, STORM, type FaultOptions } from "./faults.ts";
import { simulate } from "./simulate.ts";

/** Seen by fewer than one seed in a hundred: `npm run sim` prints how many of its seeds saw them. */
const RARE: ReadonlySet<string> = new Set<Sight>([
  "images overtook each other",
  "issue opened twice, and healed",
]);

const PATIENCE = 240_000;

/** Every seed ends as its world does without faults: `simulate` compares, and says what differs. */
async function holds(faults: FaultOptions, seeds: readonly number[]): Promise<Coverage> {
  const coverage = new Coverage();
  for (const seed of seeds) {
    const { broken, seen } = await simulate(seed, faults);
    expect({ seed, broken }).toEqual({ seed, broken: [] });
    coverage.add(seen);
  }
  return coverage;
}

const upTo = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index + 1);

test(
  "whatever the schedule of faults, the end is that of the run without any; and every fault was drawn",
  async () => {
    const coverage = await holds(MANY_FAULTS, upTo(120));
    expect(coverage.missing.filter((sight) => !RARE.has(sight))).toEqual([]);
  },
  PATIENCE,
);

test(
  "the end is the same with 30 % of events lost, up to ten of each, shuffled",
  async () => {
    const coverage = await holds(EVENT_FAULTS, upTo(16));
    const { counts } = coverage;
    expect(counts["event lost"]).toBeGreaterThan(12);
    expect(counts["event duplicated"]).toBe(16);
    expect(counts["events reordered"]).toBe(16);
  },
  PATIENCE,
);

test("without faults nothing is retried, delivered again or killed", async () => {
  const coverage = await holds(NO_FAULTS, upTo(6));
  expect(coverage.counts).toMatchObject({
    "call repeated by the client": 0,
    "event redelivered": 0,
    "killed before an effect": 0,
    "killed after an effect": 0,
  });
});

test(
  "what processes that die all the time leave half done is finished by others",
  async () => {
    await holds(STORM, upTo(20));
  },
  PATIENCE,
);

test(
  "the same seed is the same schedule",
  async () => {
    expect(await simulate(7, MANY_FAULTS)).toEqual(await simulate(7, MANY_FAULTS));
  },
  PATIENCE,
);
