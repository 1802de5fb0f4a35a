/** Every reason for which Fleetwright gives up. A closed list: callers switch on it, tests name it. */
export type ErrorCode =
  | "invalid-declaration"
  | "invalid-input"
  | "invalid-arm-id"
  | "not-found"
  | "unauthorized"
  | "throttled"
  | "conflict"
  | "service-error"
  | "unreachable"
  | "timed-out"
  | "preflight-failed"
  | "frozen"
  | "held"
  | "not-reviewed"
  | "plan-changed"
  | "run-failed"
  | "unsupported";

export interface ErrorDetails {
  /** What the reader can do about it: one sentence. */
  readonly remedy?: string;
  /** The ARM id, file or URL that the error is about. */
  readonly subject?: string;
  readonly cause?: unknown;
}

/** An error that a person is meant to read: what happened, to what, and what to do. */
export class FleetwrightError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly subject: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "FleetwrightError";
    this.code = code;
    this.remedy = details.remedy;
    this.subject = details.subject;
  }
}

/** Anything thrown, as an Error: `throw "text"` must fail a step just like `throw new Error("text")`. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export function isError(thrown: unknown, code: ErrorCode): thrown is FleetwrightError {
  return thrown instanceof FleetwrightError && thrown.code === code;
}

/** Azure ends its sentences with a full stop; a remedy goes on behind a colon. */
export function withoutStop(message: string): string {
  return message.replace(/[.\s]+$/, "");
}
