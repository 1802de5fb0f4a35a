import { HOUR, MINUTE, SECOND } from "../../shared/core/duration.ts";

/** What came of one attempt: a status, or why there is none. */
export type Outcome =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "failed"; readonly reason: "TimedOut" | "ConnectionFailed" };

export interface RetryPolicy {
  readonly maxDeliveryAttempts: number;
  readonly eventTimeToLiveInMinutes: number;
}

export type DeadLetterReason =
  | "MaxDeliveryAttemptsExceeded"
  | "TimeToLiveExceeded"
  | "UndeliverableDueToClientError";

export type NextStep =
  | { readonly kind: "done" }
  | { readonly kind: "retry"; readonly delayMilliseconds: number }
  | { readonly kind: "give-up"; readonly reason: DeadLetterReason };

/** Event Grid's schedule (azure-docs, event-grid/delivery-and-retry.md); the last step repeats. */
const RETRY_DELAYS = [
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
];
/** Answers after which waiting a little would not help (same page). */
const LEAST_DELAYS: ReadonlyMap<number, number> = new Map([
  [403, 5 * MINUTE],
  [404, 5 * MINUTE],
  [408, 2 * MINUTE],
  [503, 30 * SECOND],
]);
const DELIVERED = new Set([200, 201, 202, 203, 204]);
/** A webhook that answers so will not do better next time: these are never tried again. */
const NEVER_RETRIED = new Set([400, 401, 413]);
/** Event Grid adds some randomness to every step; how much is not documented. */
const JITTER = 0.1;

export interface AttemptMade {
  readonly outcome: Outcome;
  /** Attempts so far, this one included. */
  readonly attempts: number;
  readonly policy: RetryPolicy;
  /** In [0, 1). */
  readonly chance: number;
}

export function nextStep({ outcome, attempts, policy, chance }: AttemptMade): NextStep {
  const status = outcome.kind === "answered" ? outcome.status : undefined;
  if (status !== undefined && DELIVERED.has(status)) return { kind: "done" };
  if (status !== undefined && NEVER_RETRIED.has(status)) {
    return { kind: "give-up", reason: "UndeliverableDueToClientError" };
  }
  if (attempts >= policy.maxDeliveryAttempts) {
    return { kind: "give-up", reason: "MaxDeliveryAttemptsExceeded" };
  }
  const step = RETRY_DELAYS[Math.min(attempts, RETRY_DELAYS.length) - 1] ?? 0;
  const least = LEAST_DELAYS.get(status ?? 0) ?? 0;
  const delayMilliseconds = Math.round(Math.max(step, least) * (1 + JITTER * chance));
  return { kind: "retry", delayMilliseconds };
}

/** The word that a dead letter carries for its last outcome. */
export function outcomeName(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "NotAttempted";
  if (outcome.kind === "failed") return outcome.reason;
  return OUTCOME_NAMES.get(outcome.status) ?? (outcome.status >= 500 ? "Busy" : "GenericError");
}

const OUTCOME_NAMES: ReadonlyMap<number, string> = new Map([
  [400, "BadRequest"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [408, "TimedOut"],
  [413, "PayloadTooLarge"],
]);
