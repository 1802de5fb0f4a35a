import { FleetwrightError } from "./errors.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** Parses `90s`, `30m`, `1h30m` or `7d` into milliseconds; throws `invalid-input`. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text) {
    throw new FleetwrightError("invalid-input", `not a duration: ${JSON.stringify(text)}`, {
      remedy: "write a number with a unit, such as 90s, 30m, 1h30m or 7d",
    });
  }
  return parts.reduce(
    (sum, [, amount = "0", unit = "s"]) => sum + Number(amount) * (UNITS[unit] ?? 0),
    0,
  );
}

/** Renders milliseconds with the two largest units that say something: `2 h 5 min`, `40 s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / SECOND);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const shown = parts.filter(([amount]) => amount > 0).slice(0, 2);
  return shown.length === 0 ? "0 s" : shown.map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}
