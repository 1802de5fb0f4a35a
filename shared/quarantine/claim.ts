import { MINUTE } from "../core/duration.ts";

/** Kept in the row of an issue by whoever writes it. Milliseconds since the Unix epoch, by the machines' own clocks. */
export interface Claim {
  /** Somebody writes the issue until then at the latest. */
  readonly claimedUntil?: number;
  /** Until then whoever let the claim before this one expire may wake up, and write what it had in mind. */
  readonly doubtUntil?: number;
}

/** A handler is ended after 30 s by Event Grid's time limit; a claim that outlives it by far was left by a crash. */
const CLAIM_MILLISECONDS = 2 * MINUTE;

/** An invocation that stalls is ended after this at the latest: the default of functionTimeout. */
const STALL_MILLISECONDS = 30 * MINUTE;

export function isClaimed({ claimedUntil = 0 }: Claim, now: number): boolean {
  return claimedUntil > now;
}

export function claimFrom(now: number): number {
  return now + CLAIM_MILLISECONDS;
}

/** Somebody let a claim expire just now, or did so not long ago. */
export function doubtAfter(known: Claim | undefined, now: number): Pick<Claim, "doubtUntil"> {
  if (known?.claimedUntil !== undefined) return { doubtUntil: now + STALL_MILLISECONDS };
  const { doubtUntil } = known ?? {};
  return doubtUntil !== undefined && doubtUntil > now ? { doubtUntil } : {};
}
