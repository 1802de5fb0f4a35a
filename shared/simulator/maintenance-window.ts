import type {
  Instant,
  MaintenanceSchedule,
  MaintenanceWindow,
  ScheduledStart,
  WindowName,
} from "./model.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The longest schedule comes back every six months; dates that are not allowed may put it off once more. */
const MAX_DAYS_AHEAD = 400;
export const DAYS_OF_WEEK = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
] as const;
export const WEEK_INDEXES = ["First", "Second", "Third", "Fourth"] as const;
export const WINDOW_NAMES: readonly WindowName[] = [
  "aksManagedAutoUpgradeSchedule",
  "aksManagedNodeOSUpgradeSchedule",
];
const UTC_OFFSET = /^([+-])(\d{2}):(\d{2})$/;

export type WindowState =
  | { readonly open: true; readonly closesAt: Instant }
  | { readonly open: false; readonly opensAt: Instant | undefined };

/** Open now, or when it opens next. Source: learn.microsoft.com/azure/aks/planned-maintenance */
export function windowAt(window: MaintenanceWindow, now: Instant): WindowState {
  const offset = offsetMilliseconds(window.utcOffset);
  const start = timeOfDay(window.startTime) - offset;
  const duration = window.durationHours * HOUR;
  const today = Math.floor((now + offset) / DAY);
  // Windows last up to 24 hours: yesterday's may still be open.
  for (let day = today - 1; day <= today + MAX_DAYS_AHEAD; day++) {
    const opensAt = day * DAY + start;
    if (opensAt + duration <= now || !occursOn(window, day)) continue;
    return opensAt <= now ? { open: true, closesAt: opensAt + duration } : { open: false, opensAt };
  }
  return { open: false, opensAt: undefined };
}

/** When it is this day and time next; now, if it is. */
export function nextTimeOfWeek(
  { startDay, startTime, utcOffset }: ScheduledStart,
  now: Instant,
): Instant {
  const offset = offsetMilliseconds(utcOffset);
  const sinceMidnight = timeOfDay(startTime);
  const today = Math.floor((now + offset) / DAY);
  const away = (DAYS_OF_WEEK.indexOf(startDay) - dateOf(today).getUTCDay() + 7) % 7;
  const next = (today + away) * DAY + sinceMidnight - offset;
  return next >= now ? next : next + 7 * DAY;
}

function occursOn(
  { schedule, startDate, notAllowedDates }: MaintenanceWindow,
  day: number,
): boolean {
  const first = dayOf(startDate);
  if (day < first) return false;
  if (notAllowedDates?.some(({ start, end }) => day >= dayOf(start) && day <= dayOf(end))) {
    return false;
  }
  return matches(schedule, day, first);
}

function matches(schedule: MaintenanceSchedule, day: number, first: number): boolean {
  switch (schedule.kind) {
    case "daily":
      return (day - first) % schedule.intervalDays === 0;
    case "weekly": {
      const weeks = Math.floor((day - weekStart(first)) / 7);
      return weekdayOf(day) === schedule.dayOfWeek && weeks % schedule.intervalWeeks === 0;
    }
    case "absoluteMonthly":
      return (
        dateOf(day).getUTCDate() === schedule.dayOfMonth &&
        monthsBetween(first, day) % schedule.intervalMonths === 0
      );
    case "relativeMonthly":
      return (
        weekdayOf(day) === schedule.dayOfWeek &&
        isWeek(schedule.weekIndex, day) &&
        monthsBetween(first, day) % schedule.intervalMonths === 0
      );
  }
}

/** The first, … fourth or last such weekday of its month. */
function isWeek(
  index: Extract<MaintenanceSchedule, { kind: "relativeMonthly" }>["weekIndex"],
  day: number,
): boolean {
  if (index === "Last") return dateOf(day + 7).getUTCMonth() !== dateOf(day).getUTCMonth();
  return Math.floor((dateOf(day).getUTCDate() - 1) / 7) === WEEK_INDEXES.indexOf(index);
}

function monthsBetween(first: number, day: number): number {
  const [from, to] = [dateOf(first), dateOf(day)];
  return (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
}

function weekdayOf(day: number): (typeof DAYS_OF_WEEK)[number] | undefined {
  return DAYS_OF_WEEK[dateOf(day).getUTCDay()];
}

function weekStart(day: number): number {
  return day - dateOf(day).getUTCDay();
}

function dateOf(day: number): Date {
  return new Date(day * DAY);
}

function dayOf(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY);
}

function timeOfDay(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * HOUR + minutes * MINUTE;
}

function offsetMilliseconds(utcOffset: string): number {
  const [, sign, hours, minutes] = UTC_OFFSET.exec(utcOffset) ?? [];
  const size = Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE;
  return sign === "-" ? -size : size;
}
