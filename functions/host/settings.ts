import { FleetwrightError } from "../../shared/core/errors.ts";

/** What the app settings of the function app say. Names are those of docs/deploy.md. */
export interface Settings {
  readonly repository: { readonly owner: string; readonly name: string };
  /** Custom topic that carries `Fleetwright.NodeImageReleased`. */
  readonly topicEndpoint: string;
  /** Incoming webhook that is told what happens; undefined: nobody is. */
  readonly webhookUrl: string | undefined;
  readonly github: GitHubIdentity;
  /** Where clusters send their events; undefined: their event subscriptions are not ours to keep. */
  readonly eventDestination: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Who we are on GitHub: an App whose key signs in its vault, or, on one's own machine, a token. */
export type GitHubIdentity =
  | { readonly kind: "app"; readonly appId: string; readonly keyUrl: string }
  | { readonly kind: "token"; readonly token: string };

export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const [owner = "", name = ""] = required(env, "FLEETWRIGHT_REPOSITORY").split("/");
  if (owner === "" || name === "") {
    throw new FleetwrightError("invalid-input", "FLEETWRIGHT_REPOSITORY is not OWNER/NAME", {
      remedy: "set it to the repository that holds fleetwright.yaml, such as octo-org/harbour",
    });
  }
  return {
    repository: { owner, name },
    topicEndpoint: required(env, "FLEETWRIGHT_TOPIC_ENDPOINT"),
    webhookUrl: webhookUrl(env["FLEETWRIGHT_WEBHOOK_URL"]),
    github: githubIdentity(env),
    eventDestination: env["FLEETWRIGHT_EVENT_DESTINATION"] || undefined,
    env,
  };
}

function githubIdentity(env: Readonly<Record<string, string | undefined>>): GitHubIdentity {
  const appId = env["FLEETWRIGHT_GITHUB_APP_ID"];
  if (appId) {
    return { kind: "app", appId, keyUrl: required(env, "FLEETWRIGHT_GITHUB_APP_KEY") };
  }
  const token = env["FLEETWRIGHT_GITHUB_TOKEN"];
  if (token) return { kind: "token", token };
  throw new FleetwrightError("invalid-input", "nothing says who the functions are on GitHub", {
    remedy:
      "set FLEETWRIGHT_GITHUB_APP_ID and FLEETWRIGHT_GITHUB_APP_KEY, or FLEETWRIGHT_GITHUB_TOKEN (docs/deploy.md)",
  });
}

/** Plain http only on this machine; the address is a secret, and no message repeats it. */
function webhookUrl(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(text) && URL.canParse(text)) {
    return text;
  }
  throw new FleetwrightError("invalid-input", "FLEETWRIGHT_WEBHOOK_URL is not an https address", {
    remedy: "set it to the address of an incoming webhook, or remove the setting",
  });
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new FleetwrightError("invalid-input", `the app setting ${name} is missing`, {
    remedy: `add ${name} to the function app's settings (docs/deploy.md)`,
  });
}
