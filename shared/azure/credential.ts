import type { TokenCredential } from "@azure/identity";
import { authorityHost, isPublicAuthority } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { jobCredential, ownIdentity } from "./job-credential.ts";
import type { CredentialOptions } from "./job-credential.ts";
import { lazyCredential } from "./token-cache.ts";

/**
 * Who we are, by where we run: a GitHub job exchanges its own identity token, a Functions app has a managed
 * identity, a person (or azure/login, in a job without one) is signed in to the Azure CLI. None of them needs a stored secret.
 * @azure/identity costs 60 ms of start-up and is loaded only for those who are signed in.
 */
export function azureCredential(
  env: Environment,
  options: CredentialOptions = {},
): TokenCredential {
  if (env["GITHUB_ACTIONS"] === "true") return jobCredential(env, options);
  return ownIdentity(env, options) ?? signedInPerson(env, options);
}

function signedInPerson(env: Environment, options: CredentialOptions): TokenCredential {
  const authority = authorityHost(env);
  const tenantId = options.tenantId || env["AZURE_TENANT_ID"];
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
