import { describe, expect, test } from "vitest";
import { isDue, nextCheckAt, seenOf, type Remainder } from "../../shared/update-run/due.ts";
import type { MemberRecord } from "../../shared/update-run/gate.ts";
import type { RunRecord } from "../../shared/update-run/ledger.ts";
import { member, stage, updateRun } from "./run-builder.ts";

const MINUTE = 60_000;
const NOW = Date.parse("2026-07-10T12:00:00Z");
const DONE = "2026-07-10T11:00:00Z";

const running = updateRun("Running", {
  stageStatuses: [
    stage("canary", "Running", [
      member("texel", "Completed", { completedTime: DONE }),
      member("cork", "Running"),
    ]),
    stage("rest", "NotStarted", [member("galway", "NotStarted")]),
  ],
});

const proved: MemberRecord = {
  outcome: "pass",
  reasons: [],
  nodesUpgraded: 3,
  at: DONE,
  completedTime: DONE,
  snapshotIds: ["snapshot"],
};

const { snapshotIds: _ids, ...uncaptured } = proved;

const nothingOpen: Remainder = {
  run: running,
  records: new Map([["texel", proved]]),
  captureProven: true,
  baselines: new Set(["galway"]),
  settled: true,
  gatesDue: undefined,
};

function minutesUntil(change: Partial<Remainder>): number {
  return (nextCheckAt({ ...nothingOpen, ...change }, NOW) - NOW) / MINUTE;
}

describe("the next look", () => {
  test("comes by itself only as a net, where everything that may happen shows in the run", () => {
    expect(minutesUntil({})).toBe(15);
  });

  test.each<[string, Partial<Remainder>]>([
    ["a member is not judged", { records: new Map() }],
    [
      "a member is judged as it was before it was upgraded again",
      { records: new Map([["texel", { ...proved, completedTime: "2026-07-09T11:00:00Z" }]]) },
    ],
    [
      "nodes are not proved",
      { records: new Map([["texel", { ...proved, outcome: "inconclusive" }]]) },
    ],
    [
      "nodes could not be seen",
      { records: new Map([["texel", { ...proved, outcome: "unknown" }]]) },
    ],
    ["a snapshot is missing", { records: new Map([["texel", uncaptured]]) }],
    ["a node is held, or a word is unsaid", { settled: false }],
    ["nobody knows yet how a member was before", { baselines: new Set() }],
    ["a gate waits for what the run does not show", { gatesDue: 0 }],
    ["the soak is over in a moment", { gatesDue: NOW + 5_000 }],
  ])("comes in a minute while %s", (_what, change) => {
    expect(minutesUntil(change)).toBe(1);
  });

  test("comes when the soak is over", () => {
    expect(minutesUntil({ gatesDue: NOW + 7 * MINUTE })).toBe(7);
    expect(minutesUntil({ gatesDue: NOW + 70 * MINUTE })).toBe(15);
  });
});

describe("a run is looked at", () => {
  const record: RunRecord = {
    commit: "c",
    environment: "dev",
    runId: running.id,
    nextCheckAt: "2026-07-10T12:10:00Z",
    seen: seenOf(running),
  };

  test("not before its time, as long as Azure says the same of it", () => {
    expect(isDue(record, running, NOW)).toBe(false);
    expect(isDue(record, structuredClone(running), NOW)).toBe(false);
  });

  test("at its time, and at once when anything in it changed", () => {
    expect(isDue(record, running, NOW + 10 * MINUTE)).toBe(true);
    const waited = updateRun("Running", {
      stageStatuses: running.stageStatuses.map((one) => ({ ...one, state: "Completed" as const })),
    });
    expect(isDue(record, waited, NOW)).toBe(true);
  });

  test("when nothing is known of it, or an earlier version wrote the row", () => {
    expect(isDue(undefined, running, NOW)).toBe(true);
    const { seen: _seen, ...early } = record;
    expect(isDue(early, running, NOW)).toBe(true);
    const { nextCheckAt: _next, ...timeless } = record;
    expect(isDue(timeless, running, NOW)).toBe(true);
  });

  test("never again once it is closed, unless a person starts it anew", () => {
    const closed = { ...record, closedAt: DONE };
    expect(isDue(closed, updateRun("Completed"), NOW + 100 * MINUTE)).toBe(false);
    expect(isDue(closed, running, NOW)).toBe(true);
  });
});
