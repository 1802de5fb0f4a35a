import { FleetwrightError, toError } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";

/** The parts of Octokit's RequestError that say what happened. */
interface Refusal extends Error {
  readonly status?: number;
  readonly response?: {
    readonly headers?: Readonly<Record<string, string | number | undefined>>;
    readonly data?: unknown;
  };
}

/** Runs a call to GitHub; whatever it throws names `subject`, such as `harbour/fleet pull request 7`. */
export async function attempt<T>(subject: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toGitHubError(error, subject);
  }
}

/** The answer, or undefined when GitHub says that there is no such thing. */
export async function unlessMissing<T>(
  subject: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw toGitHubError(error, subject);
  }
}

export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && (error as Refusal).status === status;
}

/** The one translation of everything that a call to GitHub can end with, other than success. */
function toGitHubError(thrown: unknown, subject: string): FleetwrightError {
  if (thrown instanceof FleetwrightError) return thrown;
  const error: Refusal = toError(thrown);
  const details = { subject, cause: error };
  const code = errorCode(error);
  switch (code) {
    case "unreachable":
      return new FleetwrightError(code, `cannot reach GitHub for ${subject}: ${root(error)}`, {
        ...details,
        remedy: "check GITHUB_API_URL, the network, and NODE_EXTRA_CA_CERTS",
      });
    case "unauthorized":
      return new FleetwrightError(code, `GitHub refuses ${subject}: ${error.message}`, {
        ...details,
        remedy: permissionRemedy(error),
      });
    case "throttled":
      return new FleetwrightError(code, `GitHub throttles ${subject}`, {
        ...details,
        remedy: "wait until the rate limit is reset; an App's token has a limit of its own",
      });
    case "not-found":
      return new FleetwrightError(code, `${subject} does not exist, or the token may not see it`, {
        ...details,
        remedy: "check the name, and install the App or grant the token access to the repository",
      });
    default:
      return new FleetwrightError(code, `GitHub refuses ${subject}: ${error.message}`, details);
  }
}

function errorCode(error: Refusal): ErrorCode {
  const { status } = error;
  if (status === undefined) return "service-error";
  // Octokit reports what went wrong on the road as a 500 with the real error as its cause.
  if (status >= 500) return error.response === undefined ? "unreachable" : "service-error";
  if (status === 429 || (status === 403 && isRateLimited(error))) return "throttled";
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 404) return "not-found";
  return status === 409 ? "conflict" : "invalid-input";
}

/** Source: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
function isRateLimited(error: Refusal): boolean {
  const headers = error.response?.headers ?? {};
  return headers["retry-after"] !== undefined || String(headers["x-ratelimit-remaining"]) === "0";
}

/** GitHub names the permissions that would have done, such as `issues=write; pull_requests=write`. */
function permissionRemedy(error: Refusal): string {
  const accepted = error.response?.headers?.["x-accepted-github-permissions"];
  return accepted === undefined
    ? "check that the token is valid and has the permissions contents, pull-requests, issues and checks"
    : `give the token the permission ${accepted}`;
}

/** The innermost cause: `fetch failed` alone says nothing. */
function root(error: Error): string {
  let inner = error;
  while (inner.cause instanceof Error) inner = inner.cause;
  return inner.message || String((inner as NodeJS.ErrnoException).code ?? inner.name);
}
