import { DAYS_OF_WEEK, WEEK_INDEXES } from "../../shared/simulator/maintenance-window.ts";
import type { MaintenanceSchedule, MaintenanceWindow } from "../../shared/simulator/model.ts";
import { isObject, numberAt, objectAt, objectsAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";
import { oneOf } from "./body-fields.ts";

/** Ranges of the API reference of `MaintenanceWindow`. */
const HOURS = [4, 24] as const;
const DAYS = [1, 7] as const;
const WEEKS = [1, 4] as const;
const MONTHS = [1, 6] as const;
const DAYS_OF_MONTH = [1, 31] as const;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const UTC_OFFSET = /^[+-](0\d|1[0-4]):[0-5]\d$/;

/** The window of a maintenance configuration; `today` is where one without a start date begins. */
export function parseMaintenanceWindow(from: JsonObject, today: string): MaintenanceWindow {
  const notAllowedDates = objectsAt(from, "notAllowedDates").map((span) => ({
    start: matching(span, "start", DATE),
    end: matching(span, "end", DATE),
  }));
  return {
    schedule: parseSchedule(objectAt(from, "schedule")),
    durationHours: inRange(from, "durationHours", HOURS),
    utcOffset: matching(from, "utcOffset", UTC_OFFSET, "+00:00"),
    startDate: matching(from, "startDate", DATE, today),
    startTime: matching(from, "startTime", TIME),
    ...(notAllowedDates.length > 0 ? { notAllowedDates } : {}),
  };
}

function parseSchedule(from: JsonObject): MaintenanceSchedule {
  const given = ["daily", "weekly", "absoluteMonthly", "relativeMonthly"].filter((kind) =>
    isObject(from[kind]),
  );
  const [kind] = given;
  if (given.length !== 1) throw invalid("maintenanceWindow.schedule needs exactly one schedule.");
  const schedule = objectAt(from, kind ?? "");
  switch (kind) {
    case "daily":
      return { kind, intervalDays: inRange(schedule, "intervalDays", DAYS) };
    case "weekly": {
      const intervalWeeks = inRange(schedule, "intervalWeeks", WEEKS);
      return { kind, intervalWeeks, dayOfWeek: dayOfWeek(schedule) };
    }
    case "absoluteMonthly": {
      const intervalMonths = inRange(schedule, "intervalMonths", MONTHS);
      return { kind, intervalMonths, dayOfMonth: inRange(schedule, "dayOfMonth", DAYS_OF_MONTH) };
    }
    default: {
      const intervalMonths = inRange(schedule, "intervalMonths", MONTHS);
      const weekIndex = requiredOf(schedule, "weekIndex", [...WEEK_INDEXES, "Last"] as const);
      return { kind: "relativeMonthly", intervalMonths, weekIndex, dayOfWeek: dayOfWeek(schedule) };
    }
  }
}

function dayOfWeek(schedule: JsonObject): (typeof DAYS_OF_WEEK)[number] {
  return requiredOf(schedule, "dayOfWeek", DAYS_OF_WEEK);
}

function inRange(from: JsonObject, key: string, [low, high]: readonly [number, number]): number {
  const value = numberAt(from, key);
  if (value !== undefined && Number.isInteger(value) && value >= low && value <= high) return value;
  throw invalid(`${key} must be a whole number from ${low} to ${high}.`);
}

function matching(from: JsonObject, key: string, pattern: RegExp, fallback?: string): string {
  // SDKs send a date as a full timestamp.
  const given = textAt(from, key)?.replace(/T.*$/, "") ?? fallback;
  if (given !== undefined && pattern.test(given)) return given;
  throw invalid(`${key} '${given ?? ""}' must match ${pattern.source}.`);
}

function requiredOf<T extends string>(from: JsonObject, key: string, values: readonly T[]): T {
  const found = oneOf(from, key, values);
  if (found) return found;
  throw invalid(`${key} must be one of ${values.join(", ")}.`);
}
