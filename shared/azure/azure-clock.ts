import type { Clock } from "../core/clock.ts";

export interface AzureClock extends Clock {
  /** Takes note of the `Date` header of a response. */
  observe(date: string | undefined): void;
}

/**
 * Azure's time: the newest `Date` header seen, plus what a monotonic local clock counted since. Ages and
 * deadlines are compared with times that Azure wrote, and a runner's clock may be minutes off.
 * Before the first response it is the machine's time.
 */
export function createAzureClock(monotonicNow: () => number = () => performance.now()): AzureClock {
  let anchor: { readonly date: number; readonly seenAt: number } | undefined;
  let latest = 0;
  return {
    observe(date) {
      const parsed = date === undefined ? Number.NaN : Date.parse(date);
      // An older answer that was overtaken on its way must not turn the clock back.
      if (Number.isNaN(parsed) || (anchor !== undefined && parsed < anchor.date)) return;
      anchor = { date: parsed, seenAt: monotonicNow() };
    },
    now() {
      if (anchor === undefined) return Date.now();
      // Date headers have whole seconds: a fresh one can lie behind what was answered before.
      latest = Math.max(latest, anchor.date + (monotonicNow() - anchor.seenAt));
      return Math.floor(latest);
    },
  };
}
