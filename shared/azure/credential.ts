import type { TokenCredential } from "@azure/identity";
import { FleetwrightError } from "../core/errors.ts";
import { authorityHost, isPublicAuthority } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { createGitHubCredential } from "./github-credential.ts";

export interface CredentialOptions {
  /** Client id of the Entra application or managed identity; default AZURE_CLIENT_ID. */
  readonly clientId?: string | undefined;
  /** Default AZURE_TENANT_ID. */
  readonly tenantId?: string | undefined;
  /** Audience of the workflow's identity token; sovereign clouds use another one. */
  readonly audience?: string | undefined;
  /** Hears of the workflow's identity token before it is used. */
  onSecret?(secret: string): void;
}

const NO_IDENTITY_TOKEN = "GitHub gives it no identity token";

/**
 * Who we are, by where we run: a GitHub job exchanges its own identity token, a Functions app has a managed
 * identity, a person (or azure/login, in a job without one) is signed in to the Azure CLI. None of them needs a stored secret.
 * @azure/identity costs 60 ms of start-up and is loaded only for the last two.
 */
export function azureCredential(
  env: Environment,
  options: CredentialOptions = {},
): TokenCredential {
  const clientId = options.clientId || env["AZURE_CLIENT_ID"];
  const tenantId = options.tenantId || env["AZURE_TENANT_ID"];
  const requestUrl = env["ACTIONS_ID_TOKEN_REQUEST_URL"];
  const requestToken = env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  if (requestUrl && requestToken && clientId && tenantId) {
    return createGitHubCredential({
      requestUrl,
      requestToken,
      clientId,
      tenantId,
      authority: authorityHost(env),
      ...(options.audience ? { audience: options.audience } : {}),
      ...(options.onSecret && { onSecret: options.onSecret }),
    });
  }
  if (env["IDENTITY_ENDPOINT"]) return managedIdentity(clientId);
  if (env["GITHUB_ACTIONS"] === "true") {
    const given = requestUrl && requestToken;
    return signedInJob(given ? "client-id or tenant-id is missing" : NO_IDENTITY_TOKEN, tenantId);
  }
  return signedInPerson(authorityHost(env), tenantId);
}

function managedIdentity(clientId: string | undefined): TokenCredential {
  return lazyCredential(async () => {
    const { ManagedIdentityCredential } = await import("@azure/identity");
    return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
  });
}

/**
 * A job without an identity of its own may have signed in by azure/login. No more is tried: the other ways of
 * DefaultAzureCredential look around for seconds and end in a page of excuses.
 */
function signedInJob(why: string, tenantId: string | undefined): TokenCredential {
  const commandLine = lazyCredential(async () => {
    const { AzureCliCredential } = await import("@azure/identity");
    return new AzureCliCredential(tenantId ? { tenantId } : {});
  });
  return {
    async getToken(scopes, options) {
      try {
        return await commandLine.getToken(scopes, options);
      } catch (cause) {
        throw new FleetwrightError("unauthorized", `this job cannot sign in to Azure: ${why}`, {
          remedy:
            "give it the permission id-token: write, which a fork's pull request never gets, with client-id and tenant-id; or sign in by azure/login before",
          cause,
        });
      }
    },
  };
}

function signedInPerson(authority: string, tenantId: string | undefined): TokenCredential {
  return lazyCredential(async () => {
    const { DefaultAzureCredential } = await import("@azure/identity");
    return new DefaultAzureCredential({
      authorityHost: authority,
      // No environment variable switches this off, and a local or sovereign authority is unknown there.
      disableInstanceDiscovery: !isPublicAuthority(authority),
      ...(tenantId ? { tenantId } : {}),
    });
  });
}

function lazyCredential(load: () => Promise<TokenCredential>): TokenCredential {
  let loaded: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, options) {
      loaded ??= load();
      return (await loaded).getToken(scopes, options);
    },
  };
}
