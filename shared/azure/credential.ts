import type { TokenCredential } from "@azure/identity";
import { FleetwrightError, toError } from "../core/errors.ts";
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
  const found = lazyCredential(async () => {
    const { DefaultAzureCredential } = await import("@azure/identity");
    return new DefaultAzureCredential({
      authorityHost: authority,
      // No environment variable switches this off, and a local or sovereign authority is unknown there.
      disableInstanceDiscovery: !isPublicAuthority(authority),
      ...(tenantId ? { tenantId } : {}),
    });
  });
  return {
    async getToken(scopes, options) {
      try {
        return await found.getToken(scopes, options);
      } catch (cause) {
        throw notSignedIn(cause);
      }
    },
  };
}

/** Every way to sign in that was tried has its excuse; only one that began and failed says something. */
function notSignedIn(cause: unknown): FleetwrightError {
  const { errors = [cause] } = cause as { readonly errors?: readonly unknown[] };
  const failed = errors.map(toError).find(({ name }) => !UNTRIED.has(name));
  const why = failed === undefined ? "" : `: ${failed.message.split("\n", 1)[0]}`;
  return new FleetwrightError("unauthorized", `nobody is signed in to Azure${why}`, {
    remedy: "run `az login`; a job needs id-token: write, AZURE_CLIENT_ID and AZURE_TENANT_ID",
    cause,
  });
}

/** Names of the errors of @azure/identity that tell of a way that is not there. */
const UNTRIED = new Set(["CredentialUnavailableError", "AggregateAuthenticationError"]);
