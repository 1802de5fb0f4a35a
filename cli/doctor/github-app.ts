import { createKeyVaultSigner } from "../../shared/azure/key-vault.ts";
import { isError } from "../../shared/core/errors.ts";
import { APP_PERMISSIONS, type AppIdentity } from "../../shared/github/app.ts";
import { readAppStanding, type AppStanding } from "../../shared/github/app-standing.ts";
import type { GitHubClient } from "../../shared/github/client.ts";
import type { Azure } from "../azure.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Role } from "./permissions.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Comes with every permission. */
const ALWAYS_GRANTED = "metadata";

/** The App that the functions are, as their settings name it; undefined: they are none. */
export function appIdentity(
  { credential }: Azure,
  env: Environment,
  repository: { readonly owner: string; readonly repo: string },
): AppIdentity | undefined {
  const [appId, url] = [env["FLEETWRIGHT_GITHUB_APP_ID"], env["FLEETWRIGHT_GITHUB_APP_KEY"]];
  if (!appId || !url) return undefined;
  const audience = env["AZURE_KEY_VAULT_AUDIENCE"];
  const signer = createKeyVaultSigner({ url, credential, ...(audience ? { audience } : {}) });
  return { appId, ...repository, signer, now: Date.now };
}

/** Whether its key signs, is the App's, and what the App may do in the repository. */
export async function checkApp(
  plain: GitHubClient,
  identity: AppIdentity,
  role: Role,
): Promise<readonly Diagnosis[]> {
  try {
    // The text is of no matter: no one is shown the signature.
    await identity.signer.sign("fleetwright doctor");
  } catch (error) {
    if (!isError(error, "unauthorized")) throw error;
    return [mayNotSign(error.message, role)];
  }
  try {
    return judgeApp(identity, await readAppStanding(plain, identity));
  } catch (error) {
    if (!isError(error, "unauthorized") && !isError(error, "not-found")) throw error;
    return [wrongKey(identity, error.message)];
  }
}

/** The functions must; whoever deployed the vault has by that no right to its keys. */
function mayNotSign(message: string, role: Role): Diagnosis {
  return {
    topic: "github",
    verdict: role === "reactor" ? "error" : "unknown",
    message: `this identity cannot ask GitHub as the App: ${message}`,
    remedy: "grant it 'Key Vault Crypto User' on the vault, or run the doctor as the functions",
  };
}

function wrongKey({ appId, owner, repo }: AppIdentity, message: string): Diagnosis {
  return {
    topic: "github",
    verdict: "error",
    message: `the vault signs, but GitHub does not take it for App ${appId}: ${message}`,
    remedy: `compare FLEETWRIGHT_GITHUB_APP_ID with the App's page, and import a private key of this App again (docs/deploy.md); then ask for ${owner}/${repo}`,
  };
}

/** Pure. */
export function judgeApp(
  { appId, owner, repo }: Pick<AppIdentity, "appId" | "owner" | "repo">,
  standing: AppStanding,
): readonly Diagnosis[] {
  const name = `GitHub App ${standing.slug} (${appId})`;
  const { installation } = standing;
  const found = [
    ...judgeAsked(name, standing),
    ...(installation
      ? judgeInstallation(name, standing, installation)
      : [
          error(
            `${name} is not installed on ${owner}/${repo}`,
            `install it there: ${standing.url}/installations/new`,
          ),
        ]),
  ];
  if (found.some(({ verdict }) => verdict === "error")) return found;
  return [
    {
      topic: "github",
      verdict: "ok",
      message: `${name} signs in its vault, and may do in ${owner}/${repo} what the functions do`,
    },
    ...found,
  ];
}

function judgeAsked(name: string, { asked, events, url }: AppStanding): readonly Diagnosis[] {
  const missing = missingIn(asked);
  const surplus = Object.entries(asked)
    .filter(([permission, access]) => permission !== ALWAYS_GRANTED && access !== undefined)
    .filter(([permission]) => !(permission in APP_PERMISSIONS))
    .map(([permission, access]) => `${permission}: ${access}`);
  return [
    ...(missing.length > 0
      ? [
          error(
            `${name} does not ask for ${missing.join(", ")}`,
            `add it under Permissions & events of ${url}, then accept it where the App is installed`,
          ),
        ]
      : []),
    ...(surplus.length > 0
      ? [
          warning(
            `${name} may do more than the functions need: ${surplus.join(", ")}`,
            "take it away: who has the key has all of it",
          ),
        ]
      : []),
    ...(events.length > 0
      ? [
          warning(
            `${name} subscribes to webhook events that nobody receives: ${events.join(", ")}`,
            "Fleetwright needs no webhook: clear the events, and Active under Webhook",
          ),
        ]
      : []),
  ];
}

function judgeInstallation(
  name: string,
  { asked }: AppStanding,
  { accepted, isSuspended, url }: NonNullable<AppStanding["installation"]>,
): readonly Diagnosis[] {
  const unasked = new Set(missingIn(asked));
  const pending = missingIn(accepted).filter((permission) => !unasked.has(permission));
  return [
    ...(isSuspended ? [error(`${name} is suspended`, `take it back into service: ${url}`)] : []),
    ...(pending.length > 0
      ? [
          error(
            `${name} asks for ${pending.join(", ")}, which nobody accepted for this installation`,
            `accept the new permissions: ${url}`,
          ),
        ]
      : []),
  ];
}

/** `checks: write`, for each that is not there. */
function missingIn(granted: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(APP_PERMISSIONS)
    .filter(([permission, access]) => granted[permission] !== access)
    .map(([permission, access]) => `${permission}: ${access}`);
}

function error(message: string, remedy: string): Diagnosis {
  return { topic: "github", verdict: "error", message, remedy };
}

function warning(message: string, remedy: string): Diagnosis {
  return { topic: "github", verdict: "warning", message, remedy };
}
