import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { fetchFor } from "../http/fetch.ts";

/** What the process environment says about the GitHub it talks to. */
type Environment = Readonly<Record<string, string | undefined>>;

export interface GitHubClientOptions {
  /** Token of the job, of a person, or of an installation. */
  readonly token: string;
  /** Spaces writes out as GitHub asks for: 1 s, and 3 s for what notifies people. Default: true. */
  readonly throttle?: boolean;
  /** Instead of the global one, which knows no certificate authority of its own. */
  readonly fetch?: typeof fetch;
}

const PUBLIC_API = "https://api.github.com";
/** Two tries after the first one end within 5 s; an action or a handler has no more time for GitHub. */
const MAX_RETRIES = 2;
/** Statuses that a second try does not change. 409 is one of them for git references. */
const NEVER_RETRIED = [400, 401, 403, 404, 409, 410, 422, 451];
/** A longer wait is for the next sweep. */
const MAX_RETRY_AFTER_SECONDS = 60;

const GitHub = Octokit.plugin(paginateRest, retry, throttling);

export type GitHubClient = InstanceType<typeof GitHub>;

/** The REST API of github.com, GitHub Enterprise (`GITHUB_API_URL`), or a local one. */
export function createGitHubClient(env: Environment, options: GitHubClientOptions): GitHubClient {
  const waitOnce = (retryAfter: number, _request: object, _client: object, retries: number) =>
    retries === 0 && retryAfter <= MAX_RETRY_AFTER_SECONDS;
  return new GitHub({
    // Two slashes in a row are another path to GitHub Enterprise.
    baseUrl: (env["GITHUB_API_URL"] || PUBLIC_API).replace(/\/+$/, ""),
    userAgent: "fleetwright",
    ...(options.token ? { auth: options.token } : {}),
    request: { fetch: options.fetch ?? fetchFor(env) },
    retry: { doNotRetry: NEVER_RETRIED, retries: MAX_RETRIES },
    throttle:
      options.throttle === false
        ? { enabled: false }
        : { onRateLimit: waitOnce, onSecondaryRateLimit: waitOnce },
  });
}
