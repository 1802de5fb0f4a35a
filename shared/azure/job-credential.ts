import type { TokenCredential } from "@azure/identity";
import { FleetwrightError } from "../core/errors.ts";
import { authorityHost } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { createGitHubCredential } from "./github-credential.ts";
import { createManagedIdentity } from "./managed-identity.ts";
import { lazyCredential } from "./token-cache.ts";

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
 * Who a GitHub job is to Azure: itself, or whoever azure/login signed in to the Azure CLI. No more is tried:
 * the other ways of DefaultAzureCredential look around for seconds and end in a page of excuses.
 */
export function jobCredential(env: Environment, options: CredentialOptions = {}): TokenCredential {
  return ownIdentity(env, options) ?? signedInJob(env, options);
}

/** A job exchanges its own identity token, an app or a runner in Azure has a managed identity. */
export function ownIdentity(
  env: Environment,
  options: CredentialOptions,
): TokenCredential | undefined {
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
  const endpoint = env["IDENTITY_ENDPOINT"];
  const header = env["IDENTITY_HEADER"];
  return endpoint && header ? createManagedIdentity({ endpoint, header, clientId }) : undefined;
}

function signedInJob(env: Environment, options: CredentialOptions): TokenCredential {
  const tenantId = options.tenantId || env["AZURE_TENANT_ID"];
  const given = env["ACTIONS_ID_TOKEN_REQUEST_URL"] && env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  const why = given ? "client-id or tenant-id is missing" : NO_IDENTITY_TOKEN;
  const commandLine = lazyCredential(async () => {
    const { AzureCliCredential } = await import("./azure-cli-credential.ts");
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
