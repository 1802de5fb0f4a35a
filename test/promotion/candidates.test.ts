import { describe, expect, it } from "vitest";
import { orderCandidates } from "../../shared/promotion/candidates.ts";
import { planPromotion } from "../../shared/promotion/plan-promotion.ts";
import type { SourceRun } from "../../shared/promotion/source-run.ts";
import { declared, HOUR, pinned, sourceRun, START } from "./source.ts";

const target = declared("prod", pinned("202606.01.0"));

/** Names of the candidates after so many hours, in the order in which they are tried. */
function order(sources: readonly SourceRun[], hours: number, expedited: readonly string[] = []) {
  const found = orderCandidates(
    sources,
    (source) => planPromotion({ source, target, families: undefined }),
    {
      now: START + hours * HOUR,
      soakMilliseconds: 72 * HOUR,
      expedited: new Set(expedited),
    },
  );
  return found.map(({ source }) => source.release.metadata.generation);
}

const first = sourceRun(5, "202606.16.0", { from: 0, to: 2 });
const second = sourceRun(6, "202607.01.0", { from: 24, to: 26 });
const third = sourceRun(7, "202607.09.0", { from: 48, to: 50 });

describe("a release that soaks", () => {
  it("is not superseded by newer ones: those queue behind it", () => {
    const sources = [third, second, first];
    expect(order(sources, 60)).toEqual([5, 6, 7]);
    expect(order(sources, 74)).toEqual([5, 6, 7]);
    expect(order(sources, 98)).toEqual([6, 5, 7]);
    expect(order(sources, 122)).toEqual([7, 6, 5]);
  });

  it("never starves, however often the source moves on", () => {
    // A new image each day, and a soak of three: from the third day on there is always one that is ready.
    const daily = Array.from({ length: 30 }, (_, day) =>
      sourceRun(
        day + 1,
        `2026${String(7 + Math.floor(day / 28)).padStart(2, "0")}.${String((day % 28) + 1).padStart(2, "0")}.0`,
        {
          from: day * 24,
          to: day * 24 + 1,
        },
      ),
    );
    for (let day = 4; day < 30; day++) {
      const sources = daily.slice(0, day + 1).toReversed();
      expect(order(sources, day * 24 + 2)[0]).toBe(day - 2);
    }
  });

  it("ends its soak early on a person's word, and only that one does", () => {
    expect(order([second, first], 30, ["commit-6"])).toEqual([6, 5]);
    expect(order([second, first], 30, ["commit-5"])).toEqual([5, 6]);
  });

  it("is out once the source stepped back from its image", () => {
    const back = sourceRun(6, "202606.01.0", { from: 24, to: 26 });
    // What is left to promote of the step back is the digest of its strategy.
    expect(order([back, first], 200)).toEqual([6]);
    const planned = {
      ...back,
      run: { ...back.run, status: { ...back.run.status, state: "NotStarted" as const } },
    };
    expect(order([planned, first], 200)).toEqual([5]);
  });
});

it("only a run that came to a good end is a candidate", () => {
  const running = sourceRun(6, "202607.01.0", { from: 24 });
  expect(order([running, first], 100)).toEqual([5]);
  for (const state of ["Failed", "Stopped", "Running", "Pending", "NotStarted"] as const) {
    const run = { ...first.run, status: { ...first.run.status, state } };
    expect(order([{ ...first, run }], 100)).toEqual([]);
  }
});

it("the next run of the source is remembered, not the newest", () => {
  const [candidate] = orderCandidates(
    [third, second, first],
    (source) => planPromotion({ source, target, families: undefined }),
    { now: START + 75 * HOUR, soakMilliseconds: 72 * HOUR, expedited: new Set() },
  );
  expect(candidate?.movedOn).toEqual({ run: second.run.name, at: START + 24 * HOUR });
});
