import type { MaintenanceSchedule, MaintenanceWindow } from "../simulator/model.ts";
import { asList, asNumber, asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";

/**
 * The window of a maintenance configuration; undefined where it has none, or a schedule that came later
 * than this. Source: `MaintenanceWindow` of learn.microsoft.com/rest/api/aks/maintenance-configurations
 */
export function toMaintenanceWindow(configuration: JsonObject): MaintenanceWindow | undefined {
  const window = asObject(asObject(configuration["properties"])["maintenanceWindow"]);
  const schedule = toSchedule(asObject(window["schedule"]));
  const [durationHours, startTime] = [
    asNumber(window["durationHours"]),
    asText(window["startTime"]),
  ];
  if (schedule === undefined || durationHours === undefined || startTime === undefined) {
    return undefined;
  }
  return {
    schedule,
    durationHours,
    startTime,
    utcOffset: asText(window["utcOffset"]) ?? "+00:00",
    startDate: dateOf(window["startDate"]),
    notAllowedDates: asList(window["notAllowedDates"]).map(({ start, end }) => ({
      start: dateOf(start),
      end: dateOf(end),
    })),
  };
}

function toSchedule(from: JsonObject): MaintenanceSchedule | undefined {
  const of = (kind: string) => (from[kind] === undefined ? undefined : asObject(from[kind]));
  const number = (value: unknown) => asNumber(value) ?? 1;
  const [daily, weekly] = [of("daily"), of("weekly")];
  const [absolute, relative] = [of("absoluteMonthly"), of("relativeMonthly")];
  if (daily) return { kind: "daily", intervalDays: number(daily["intervalDays"]) };
  if (weekly) {
    const dayOfWeek = weekly["dayOfWeek"] as DayOfWeek;
    return { kind: "weekly", intervalWeeks: number(weekly["intervalWeeks"]), dayOfWeek };
  }
  if (absolute) {
    const intervalMonths = number(absolute["intervalMonths"]);
    return { kind: "absoluteMonthly", intervalMonths, dayOfMonth: number(absolute["dayOfMonth"]) };
  }
  if (!relative) return undefined;
  return {
    kind: "relativeMonthly",
    intervalMonths: number(relative["intervalMonths"]),
    weekIndex: relative["weekIndex"] as Relative["weekIndex"],
    dayOfWeek: relative["dayOfWeek"] as DayOfWeek,
  };
}

type Relative = Extract<MaintenanceSchedule, { kind: "relativeMonthly" }>;
type DayOfWeek = Relative["dayOfWeek"];

/** The SDKs send a date as a full timestamp. Without one, intervals count from the epoch. */
function dateOf(value: unknown): string {
  return (asText(value) ?? "1970-01-01").slice(0, 10);
}
