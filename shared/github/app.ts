import { MINUTE, SECOND } from "../core/duration.ts";
import { FleetwrightError } from "../core/errors.ts";
import type { GitHubClient, TokenSource } from "./client.ts";
import { attempt } from "./errors.ts";

/** Signs as the App: the private key stays where it is. */
export interface AppSigner {
  /** RS256 (RSASSA-PKCS1-v1_5 over SHA-256) of a text, base64url. */
  sign(text: string): Promise<string>;
}

export interface AppIdentity {
  /** Id of the App, or its client id. */
  readonly appId: string;
  readonly owner: string;
  readonly repo: string;
  readonly signer: AppSigner;
  /** The machine's time, milliseconds since the Unix epoch: GitHub compares with its own. */
  readonly now: () => number;
}

/** An App's installation on one repository. */
export interface Installation {
  readonly tokens: TokenSource;
  /** `fleetwright[bot]`: whose issues are ours. */
  login(): Promise<string>;
}

/**
 * Lifetime of an App's JWT: "no more than 10 minutes", issued a minute ago "to protect against clock drift".
 * Source: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
const JWT_LIFETIME_SECONDS = 9 * 60;
const CLOCK_DRIFT_SECONDS = 60;
/** An installation token lives for an hour; one that lives for less than this is renewed. */
const RENEW_BEFORE_MILLISECONDS = 5 * MINUTE;
/** The least that the functions need of their own repository (docs/deploy.md). */
export const APP_PERMISSIONS = {
  actions: "write",
  checks: "write",
  contents: "write",
  issues: "write",
  pull_requests: "write",
} as const;

interface Token {
  readonly token: string;
  readonly expiresAt: number;
}

/**
 * Tokens of the App's installation on one repository, restricted to this repository and these permissions.
 * `plain` has no identity of its own: the App speaks through it.
 */
export function createInstallation(plain: GitHubClient, identity: AppIdentity): Installation {
  let current: Promise<Token> | undefined;
  let login: Promise<string> | undefined;
  return {
    tokens: {
      async current() {
        const known = await current?.catch(() => undefined);
        if (!known || known.expiresAt - identity.now() < RENEW_BEFORE_MILLISECONDS) {
          current = installationToken(plain, identity);
        }
        return (await (current as Promise<Token>)).token;
      },
      forget: () => (current = undefined),
    },
    login: () => {
      login ??= readLogin(plain, identity).catch((error: unknown) => {
        login = undefined;
        throw error;
      });
      return login;
    },
  };
}

async function installationToken(plain: GitHubClient, identity: AppIdentity): Promise<Token> {
  const { owner, repo } = identity;
  const headers = await signedHeaders(identity);
  return attempt(
    `the installation of GitHub App ${identity.appId} on ${owner}/${repo}`,
    async () => {
      const installation = await plain.request("GET /repos/{owner}/{repo}/installation", {
        owner,
        repo,
        headers,
      });
      const { data } = await plain.request(
        "POST /app/installations/{installation_id}/access_tokens",
        {
          installation_id: installation.data.id,
          repositories: [repo],
          permissions: APP_PERMISSIONS,
          headers,
        },
      );
      return { token: data.token, expiresAt: Date.parse(data.expires_at) };
    },
  );
}

async function readLogin(plain: GitHubClient, identity: AppIdentity): Promise<string> {
  const headers = await signedHeaders(identity);
  const response = await attempt(`GitHub App ${identity.appId}`, () =>
    plain.request("GET /app", { headers }),
  );
  const slug = response.data?.slug;
  if (slug) return `${slug}[bot]`;
  throw new FleetwrightError("service-error", `GitHub names no slug of App ${identity.appId}`);
}

export async function signedHeaders({ appId, signer, now }: AppIdentity) {
  const issuedAt = Math.floor(now() / SECOND) - CLOCK_DRIFT_SECONDS;
  const claims = { iat: issuedAt, exp: issuedAt + JWT_LIFETIME_SECONDS, iss: appId };
  const unsigned = [{ alg: "RS256", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return { authorization: `Bearer ${unsigned}.${await signer.sign(unsigned)}` };
}
