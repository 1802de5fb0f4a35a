import { GitHubError } from "./errors.ts";

/** "body is too long (maximum is 65536 characters)" of issues, comments and pull requests. */
export const MAX_BODY_CHARACTERS = 65_536;
/** Title of an issue or a pull request. */
export const MAX_TITLE_CHARACTERS = 256;
/** Checks API: `output.summary` and `output.text`. */
export const MAX_CHECK_OUTPUT_CHARACTERS = 65_535;
/** Checks API: annotations of one request. */
export const MAX_ANNOTATIONS_PER_REQUEST = 50;
/** Labels of one issue or pull request. */
export const MAX_LABELS_PER_ISSUE = 100;
export const MAX_ASSIGNEES_PER_ISSUE = 10;
/** workflow_dispatch: count of inputs, and characters of all of them. */
export const MAX_WORKFLOW_INPUTS = 25;
export const MAX_WORKFLOW_INPUT_CHARACTERS = 65_535;
/** repository_dispatch: type, top-level keys and bytes of the payload. */
export const MAX_EVENT_TYPE_CHARACTERS = 100;
export const MAX_DISPATCH_KEYS = 10;
export const MAX_DISPATCH_BYTES = 65_535;
/** Description of a commit status or deployment status. */
export const MAX_STATUS_DESCRIPTION_CHARACTERS = 140;
/** Statuses per commit and context. */
export const MAX_STATUSES_PER_CONTEXT = 1_000;
/** Contents API: above this a file has no inline content. */
export const MAX_INLINE_CONTENT_BYTES = 1_048_576;
export const MAX_DIRECTORY_ENTRIES = 1_000;
/** Git trees API: one recursive listing. */
export const MAX_TREE_ENTRIES = 100_000;
/** Compare and pull request files. */
export const MAX_COMPARED_FILES = 300;
/** Search answers at most the first thousand. */
export const MAX_SEARCH_RESULTS = 1_000;

const documentation =
  "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";
const minute = 60_000;
const hour = 60 * minute;

export interface RateLimits {
  /** Requests per token and hour. */
  primaryPerHour: number;
  /** Secondary limits are off unless asked for: they would slow every other rehearsal down. */
  secondary: { contentPerMinute: number; contentPerHour: number } | undefined;
  /** Virtual milliseconds per real one: waits are told in the caller's seconds. */
  readonly factor: () => number;
  readonly windows: Map<string, Window>;
  readonly contentCreatedAt: Map<string, number[]>;
}

interface Window {
  readonly startedAt: number;
  used: number;
}

export function createRateLimits(factor: () => number): RateLimits {
  return {
    primaryPerHour: 5_000,
    secondary: undefined,
    factor,
    windows: new Map(),
    contentCreatedAt: new Map(),
  };
}

export interface RateState {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** Real Unix seconds: Octokit compares it with the clock of its own machine. */
  readonly reset: number;
}

/** Where a caller stands; counts nothing. */
export function rateState(limits: RateLimits, caller: string, now: number): RateState {
  const window = currentWindow(limits, caller, now);
  const left = callerSeconds(limits, window.startedAt + hour - now);
  return {
    limit: limits.primaryPerHour,
    used: window.used,
    remaining: Math.max(0, limits.primaryPerHour - window.used),
    reset: Math.floor(Date.now() / 1_000) + left,
  };
}

/** Counts a request; throws what GitHub answers when the hour is used up. */
export function countRequest(limits: RateLimits, caller: string, now: number): void {
  const window = currentWindow(limits, caller, now);
  if (window.used >= limits.primaryPerHour) {
    throw new GitHubError(403, `API rate limit exceeded for ${caller}.`, {
      documentationUrl: documentation,
    });
  }
  window.used += 1;
}

/** Counts a request that creates content; throws the secondary limit's answer. */
export function countContent(limits: RateLimits, caller: string, now: number): void {
  const { secondary } = limits;
  if (secondary === undefined) return;
  const recent = (limits.contentCreatedAt.get(caller) ?? []).filter((at) => at > now - hour);
  const lastMinute = recent.filter((at) => at > now - minute).length;
  if (recent.length >= secondary.contentPerHour || lastMinute >= secondary.contentPerMinute) {
    throw secondaryLimit(limits);
  }
  limits.contentCreatedAt.set(caller, [...recent, now]);
}

function secondaryLimit(limits: RateLimits): GitHubError {
  return new GitHubError(
    403,
    "You have exceeded a secondary rate limit and have been temporarily blocked from content " +
      "creation. Please retry your request again later.",
    {
      headers: { "retry-after": String(callerSeconds(limits, minute)) },
      documentationUrl: `${documentation}#about-secondary-rate-limits`,
    },
  );
}

function currentWindow(limits: RateLimits, caller: string, now: number): Window {
  const known = limits.windows.get(caller);
  if (known !== undefined && now < known.startedAt + hour) return known;
  const fresh = { startedAt: now, used: 0 };
  limits.windows.set(caller, fresh);
  return fresh;
}

/** Never 0: clients treat that as "do not wait". */
function callerSeconds(limits: RateLimits, virtualMilliseconds: number): number {
  const factor = Math.max(1, limits.factor());
  return Math.max(1, Math.ceil(virtualMilliseconds / factor / 1_000));
}
