import { Cron } from "croner";
import { MINUTE } from "../../shared/core/duration.ts";
import { FunctionAppError } from "./function-app.ts";

/** An NCRONTAB expression: five or six fields, UTC. */
export interface Schedule {
  /** First occurrence after a time. */
  after(time: number): number | undefined;
  /** Occurrences less than a minute apart: the host keeps no status of such a schedule. */
  readonly isFrequent: boolean;
}

/** NCrontab knows numbers, names, `* , - /` and weekdays 0 to 6: no `L W # ?`, no 7 for Sunday. */
const FIELD = /^[0-9A-Za-z*,/-]+$/;

/** Throws FunctionAppError for what the Functions host would refuse. */
export function parseSchedule(expression: string, functionName: string): Schedule {
  const fields = expression.trim().split(/\s+/);
  const weekday = fields.at(-1) ?? "";
  const isWellFormed = (fields.length === 5 || fields.length === 6) && fields.every(isField);
  if (!isWellFormed || /(^|[,-])7/.test(weekday)) {
    throw new FunctionAppError(
      `the function ${functionName} has the schedule "${expression}", which is not an NCRONTAB expression`,
    );
  }
  const cron = parseCron(expression, functionName);
  const after = (time: number): number | undefined => cron.nextRun(new Date(time))?.getTime();
  return { after, isFrequent: shortestGap(after) < MINUTE };
}

function isField(field: string): boolean {
  return FIELD.test(field) && !/(?:^|[\d,-])(?:LW?|W)(?![A-Z])/i.test(field);
}

function parseCron(expression: string, functionName: string): Cron {
  try {
    // NCrontab wants day of month and day of week both to hold; cron's habit is either.
    return new Cron(expression, { timezone: "UTC", domAndDow: true, paused: true });
  } catch (error) {
    throw new FunctionAppError(
      `the function ${functionName} has the schedule "${expression}": ${String(error)}`,
      { cause: error },
    );
  }
}

/** Occurrences looked at to tell how often a schedule comes. */
const SAMPLES = 5;

function shortestGap(after: (time: number) => number | undefined): number {
  let shortest = Infinity;
  let previous = after(0);
  for (let i = 0; i < SAMPLES && previous !== undefined; i += 1) {
    const next = after(previous);
    if (next !== undefined) shortest = Math.min(shortest, next - previous);
    previous = next;
  }
  return shortest;
}
