import { DAY, HOUR, MINUTE, SECOND } from "../../shared/core/duration.ts";
import type { Instant } from "../../shared/simulator/model.ts";

const YEAR = 365 * DAY;

/** An age as kubectl writes it: `45s`, `3m20s`, `17m`, `5h12m`, `30h`, `4d6h`, `12d`, `2y40d`. */
export function formatAge(milliseconds: number): string {
  if (milliseconds < -SECOND) return "<invalid>";
  const age = Math.max(0, milliseconds);
  if (age < 2 * MINUTE) return `${Math.floor(age / SECOND)}s`;
  if (age < 10 * MINUTE) return pair(age, [MINUTE, "m"], [SECOND, "s"]);
  if (age < 3 * HOUR) return `${Math.floor(age / MINUTE)}m`;
  if (age < 8 * HOUR) return pair(age, [HOUR, "h"], [MINUTE, "m"]);
  if (age < 2 * DAY) return `${Math.floor(age / HOUR)}h`;
  if (age < 8 * DAY) return pair(age, [DAY, "d"], [HOUR, "h"]);
  if (age < 2 * YEAR) return `${Math.floor(age / DAY)}d`;
  if (age < 8 * YEAR) return pair(age, [YEAR, "y"], [DAY, "d"]);
  return `${Math.floor(age / YEAR)}y`;
}

type Unit = readonly [length: number, letter: string];

function pair(age: number, large: Unit, small: Unit): string {
  const rest = Math.floor((age % large[0]) / small[0]);
  return `${Math.floor(age / large[0])}${large[1]}${rest > 0 ? `${rest}${small[1]}` : ""}`;
}

export function ageOf(timestamp: string | undefined, now: Instant): string {
  return timestamp === undefined ? "<unknown>" : formatAge(now - Date.parse(timestamp));
}
