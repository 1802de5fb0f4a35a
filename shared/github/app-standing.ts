import { signedHeaders, type AppIdentity } from "./app.ts";
import type { GitHubClient } from "./client.ts";
import { attempt, unlessMissing } from "./errors.ts";

type Permissions = Readonly<Record<string, string | undefined>>;

/** What GitHub says of an App and of its installation on one repository. */
export interface AppStanding {
  readonly slug: string;
  /** The App's page. */
  readonly url: string;
  /** What the App asks for: `{contents: "write"}`. */
  readonly asked: Permissions;
  /** Webhook events that it asks for. */
  readonly events: readonly string[];
  /** Undefined: it is not installed on the repository. */
  readonly installation:
    | {
        /** What the repository's owner accepted. */
        readonly accepted: Permissions;
        readonly isSuspended: boolean;
        readonly url: string;
      }
    | undefined;
}

/** Asks as the App itself, by its signature; `plain` has no identity of its own. */
export async function readAppStanding(
  plain: GitHubClient,
  identity: AppIdentity,
): Promise<AppStanding> {
  const { appId, owner, repo } = identity;
  const headers = await signedHeaders(identity);
  const { data: app } = await attempt(`GitHub App ${appId}`, () =>
    plain.request("GET /app", { headers }),
  );
  const found = await unlessMissing(`the installation of GitHub App ${appId}`, () =>
    plain.request("GET /repos/{owner}/{repo}/installation", { owner, repo, headers }),
  );
  return {
    slug: app?.slug ?? appId,
    url: app?.html_url ?? "",
    asked: app?.permissions ?? {},
    events: app?.events ?? [],
    installation: found && {
      accepted: found.data.permissions as Permissions,
      isSuspended: Boolean(found.data.suspended_at),
      url: found.data.html_url,
    },
  };
}
