import type { TokenCredential } from "@azure/identity";
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
}

/**
 * Who we are, by where we run: a GitHub job exchanges its own identity token, a Functions app has a managed
 * identity, a person is signed in to the Azure CLI. None of them needs a stored secret.
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
    });
  }
  if (env["IDENTITY_ENDPOINT"]) return managedIdentity(clientId);
  return signedInPerson(authorityHost(env), tenantId);
}

function managedIdentity(clientId: string | undefined): TokenCredential {
  return lazyCredential(async () => {
    const { ManagedIdentityCredential } = await import("@azure/identity");
    return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
  });
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
