import { expect, test } from "vitest";
import { windowAt } from "../../shared/simulator/maintenance-window.ts";
import type { MaintenanceSchedule, MaintenanceWindow } from "../../shared/simulator/model.ts";

/** 1 July 2026 is a Wednesday. */
const at = (text: string): number => Date.parse(text);

function window(
  schedule: MaintenanceSchedule,
  change: Partial<MaintenanceWindow> = {},
): MaintenanceWindow {
  const base = { durationHours: 4, utcOffset: "+00:00", startDate: "2026-07-01" };
  return { schedule, ...base, startTime: "22:00", ...change };
}

const daily = { kind: "daily", intervalDays: 1 } as const;
const saturdays = { kind: "weekly", intervalWeeks: 2, dayOfWeek: "Saturday" } as const;

const OPENINGS = [
  ["a daily window later today", window(daily), "2026-07-01T08:00Z", "2026-07-01T22:00Z"],
  [
    "every third day",
    window({ kind: "daily", intervalDays: 3 }),
    "2026-07-02T08:00Z",
    "2026-07-04T22:00Z",
  ],
  ["every second week", window(saturdays), "2026-07-05T08:00Z", "2026-07-18T22:00Z"],
  [
    "not before its start date",
    window(daily, { startDate: "2026-08-10" }),
    "2026-07-01T08:00Z",
    "2026-08-10T22:00Z",
  ],
  [
    "an offset to the east",
    window(daily, { utcOffset: "+05:30" }),
    "2026-07-01T08:00Z",
    "2026-07-01T16:30Z",
  ],
  [
    "an offset to the west",
    window(daily, { utcOffset: "-08:00" }),
    "2026-07-01T08:00Z",
    "2026-07-02T06:00Z",
  ],
  [
    "the 15th of every second month",
    window({ kind: "absoluteMonthly", intervalMonths: 2, dayOfMonth: 15 }),
    "2026-07-17T00:00Z",
    "2026-09-15T22:00Z",
  ],
  [
    "the second Tuesday",
    window({
      kind: "relativeMonthly",
      intervalMonths: 1,
      weekIndex: "Second",
      dayOfWeek: "Tuesday",
    }),
    "2026-07-01T00:00Z",
    "2026-07-14T22:00Z",
  ],
  [
    "the last Friday",
    window({ kind: "relativeMonthly", intervalMonths: 1, weekIndex: "Last", dayOfWeek: "Friday" }),
    "2026-07-01T00:00Z",
    "2026-07-31T22:00Z",
  ],
  [
    "after dates that are not allowed",
    window(daily, { notAllowedDates: [{ start: "2026-07-01", end: "2026-07-03" }] }),
    "2026-07-01T08:00Z",
    "2026-07-04T22:00Z",
  ],
] as const;

test.each(OPENINGS)("opens: %s", (_, given, now, opensAt) => {
  expect(windowAt(given, at(now))).toEqual({ open: false, opensAt: at(opensAt) });
});

const EDGES = [
  ["2026-07-02T21:59Z", undefined],
  ["2026-07-02T22:00Z", "2026-07-03T02:00Z"],
  ["2026-07-03T01:59Z", "2026-07-03T02:00Z"],
  ["2026-07-03T02:00Z", undefined],
] as const;

test.each(EDGES)("a window over midnight at %s", (now, closesAt) => {
  const state = windowAt(window(daily), at(now));
  expect(state).toEqual(
    closesAt === undefined
      ? { open: false, opensAt: expect.any(Number) }
      : { open: true, closesAt: at(closesAt) },
  );
});

test("a window that never opens says so", () => {
  const never = { notAllowedDates: [{ start: "2026-01-01", end: "2029-01-01" }] };
  expect(windowAt(window(daily, never), at("2026-07-01T08:00Z"))).toEqual({
    open: false,
    opensAt: undefined,
  });
});
