import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";

import { hasStatus } from "./errors.ts";
import { fetchFor } from "../http/fetch.ts";

/** What the process environment says about the GitHub it talks to. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Tokens that do not last: those of an App's installation. */
export interface TokenSource {
  current(): Promise<string>;
  /** The token was refused: the next one is a new one. */
  forget(): void;
}

export interface GitHubClientOptions {
  /** Token of the job or of a person; empty for none. */
  readonly token: string | TokenSource;
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

type EndpointDefaults = Parameters<GitHubClient["request"]["endpoint"]["parse"]>[0];
type Send = (options: EndpointDefaults) => Promise<unknown>;

/** Octokit's own seam: the hook of a strategy is the innermost, so that retries and throttling stand around it. */
function authentication(token: string | TokenSource): object {
  if (typeof token === "string") return token ? { auth: token } : {};
  const hook = async (request: Send, options: EndpointDefaults) => {
    const send = async () => {
      const headers = { ...options.headers, authorization: `token ${await token.current()}` };
      return request({ ...options, headers });
    };
    try {
      return await send();
    } catch (error) {
      // Withdrawn before its time: the App was installed anew, or its permissions were changed.
      if (!hasStatus(error, 401)) throw error;
      token.forget();
      return send();
    }
  };
  return { authStrategy: () => Object.assign(async () => ({ type: "installation" }), { hook }) };
}

/** The REST API of github.com, GitHub Enterprise (`GITHUB_API_URL`), or a local one. */
export function createGitHubClient(env: Environment, options: GitHubClientOptions): GitHubClient {
  const waitOnce = (retryAfter: number, _request: object, _client: object, retries: number) =>
    retries === 0 && retryAfter <= MAX_RETRY_AFTER_SECONDS;
  return new GitHub({
    // Two slashes in a row are another path to GitHub Enterprise.
    baseUrl: (env["GITHUB_API_URL"] || PUBLIC_API).replace(/\/+$/, ""),
    userAgent: "fleetwright",
    ...authentication(options.token),
    request: { fetch: options.fetch ?? fetchFor(env) },
    retry: { doNotRetry: NEVER_RETRIED, retries: MAX_RETRIES },
    throttle:
      options.throttle === false
        ? { enabled: false }
        : { onRateLimit: waitOnce, onSecondaryRateLimit: waitOnce },
  });
}
