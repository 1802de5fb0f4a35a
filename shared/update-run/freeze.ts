import { FleetwrightError } from "../core/errors.ts";
import type { Workspace } from "../declaration/documents.ts";

type Freeze = Workspace["spec"]["freezes"][number];

/** The first freeze that holds now. */
export function freezeAt(freezes: readonly Freeze[], now: number): Freeze | undefined {
  return freezes.find((candidate) => isFrozen(candidate, now));
}

/** Nothing is started in a freeze; what runs already is left alone. */
export function assertNotFrozen(freezes: readonly Freeze[], now: number): void {
  const freeze = freezeAt(freezes, now);
  if (freeze === undefined) return;
  throw new FleetwrightError(
    "frozen",
    `nothing is started during the freeze "${freeze.name}" (${freeze.from} to ${freeze.to}, ${freeze.timezone})`,
    { remedy: "wait for its end, or change spec.freezes of the Workspace" },
  );
}

/** Days are whole and inclusive in the freeze's own time zone; moments are exact. */
export function isFrozen({ from, to, timezone }: Freeze, now: number): boolean {
  const local = localTime(now, timezone);
  return local.slice(0, from.length) >= from && (isDay(to) ? day(local) <= to : local < to);
}

function isDay(text: string): boolean {
  return !text.includes("T");
}

function day(local: string): string {
  return local.slice(0, "2026-12-18".length);
}

/** `2026-12-18T09:30:00` on the clocks of a time zone: such texts sort as the times do. */
function localTime(now: number, timezone: string): string {
  // The Swedish locale writes ISO 8601.
  const text = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "medium",
  }).format(now);
  return text.replace(" ", "T");
}
