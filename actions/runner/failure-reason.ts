import { FleetwrightError, withoutStop } from "../../shared/core/errors.ts";
import type { ErrorCode } from "../../shared/core/errors.ts";

/** The closed list behind the output `failure-reason`: workflows switch on it. */
export type FailureReason = ErrorCode | "internal-error" | "cancelled";

export function failureReason(error: Error): FailureReason {
  return error instanceof FleetwrightError ? error.code : "internal-error";
}

/** What a person reads: the sentence, then what to do. */
export function explain(error: Error): string {
  if (!(error instanceof FleetwrightError)) return `unexpected error: ${error.message}`;
  return error.remedy === undefined
    ? error.message
    : `${withoutStop(error.message)}: ${error.remedy}`;
}

/** Messages of the causes, outermost first; a circle of causes ends the list. */
export function causesOf(error: Error): readonly string[] {
  const seen = new Set<unknown>([error]);
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause);
    causes.push(cause.message);
  }
  return causes;
}
