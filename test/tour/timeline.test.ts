import { expect, test } from "vitest";
import { timelineOf } from "../../cli/tour/lanes.ts";
import type { HistoryEntry, Report } from "../../cli/tour/report.ts";
import { renderTimeline } from "../../cli/tour/timeline.ts";

const run = (at: string, state: string): HistoryEntry => ({
  at: `2026-07-06T${at}:00Z`,
  kind: "run",
  scope: "run",
  name: "prod-2",
  state,
});
const member = (at: string, state: string): HistoryEntry => ({
  ...run(at, state),
  scope: "member",
  name: "texel",
});

const HISTORY = [
  run("12:00", "Running"),
  member("12:00", "Running"),
  run("12:10", "Pending"),
  run("12:20", "Running"),
  member("13:00", "Failed"),
  run("13:00", "Failed"),
  run("14:30", "Running"),
  run("15:06", "Completed"),
];
const REPORT = {
  endedAt: "2026-07-06T20:00:00Z",
  runs: [
    {
      name: "prod-2",
      environment: "prod",
      state: "Completed",
      stages: [{ name: "stage1", gates: [], groups: [{ members: [{ name: "texel" }] }] }],
    },
  ],
} as unknown as Report;

test("the picture's axis ends with the run, not with the last bar", () => {
  const picture = renderTimeline(timelineOf(REPORT, HISTORY));
  expect(picture).toContain("2026-07-06 12:00 to 2026-07-06 15:06");
  expect(picture).toContain(">+3 h 06<");
  // The label of the third hour would stand on that of the end.
  expect([...picture.matchAll(/>\+(\d) h</g)].map(([, hour]) => hour)).toEqual(["0", "1", "2"]);
});

test("the picture shows when a run was resumed; of one that goes on it ends when it is taken", () => {
  expect(timelineOf(REPORT, HISTORY).resumed).toEqual([Date.parse("2026-07-06T14:30:00Z")]);
  const picture = renderTimeline(timelineOf(REPORT, HISTORY));
  expect(picture).toContain("resumed at 2026-07-06 14:30");
  expect(picture).toContain(">resumed</text>");
  const open = timelineOf(REPORT, HISTORY.slice(0, -1));
  expect(open.until).toBe(Date.parse(REPORT.endedAt));
});
