import type { AccessToken, TokenCredential } from "@azure/identity";
import { SECOND } from "../core/duration.ts";
import { FleetwrightError } from "../core/errors.ts";
import { reach, SIGN_IN_TIMEOUT_MS } from "./identity-request.ts";
import { asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { cachedTokens } from "./token-cache.ts";

export interface ManagedIdentityOptions {
  /** `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`, which the platform sets. */
  readonly endpoint: string;
  readonly header: string;
  /** Of a user-assigned identity; the system-assigned one when absent. */
  readonly clientId?: string | undefined;
}

const API_VERSION = "2019-08-01";

/**
 * The identity that a Functions app or a Container App (also as a self-hosted runner) has from its platform.
 * @azure/identity asks the same (a test compares), at the price of loading MSAL: 60 ms at each start of an action or a function.
 * Source: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function createManagedIdentity(options: ManagedIdentityOptions): TokenCredential {
  return cachedTokens((scope) => ask(options, scope.replace(/\/\.default$/, "")));
}

/** Seconds since 1970 as text or number; some hosts write a date, and some how long it lasts. An end that is not told is now. */
function endOf({ expires_on: on, expires_in: lasts }: JsonObject): number {
  const seconds = Number(on);
  if (Number.isFinite(seconds) && seconds > 0) return seconds * SECOND;
  const date = Date.parse(asText(on) ?? "");
  if (Number.isFinite(date)) return date;
  const rest = Number(lasts);
  return Date.now() + (Number.isFinite(rest) ? rest * SECOND : 0);
}

async function ask(options: ManagedIdentityOptions, resource: string): Promise<AccessToken> {
  const { endpoint, header, clientId } = options;
  const url = new URL(endpoint);
  url.searchParams.set("resource", resource);
  url.searchParams.set("api-version", API_VERSION);
  if (clientId) url.searchParams.set("client_id", clientId);
  const response = await reach(url.origin, (client) =>
    client.pathUnchecked(url.href).get({
      headers: { "x-identity-header": header },
      timeout: SIGN_IN_TIMEOUT_MS,
    }),
  );
  const body = asObject(response.body);
  const token = asText(body["access_token"]);
  if (response.status === "200" && token !== undefined) {
    return { token, expiresOnTimestamp: endOf(body) };
  }
  const said = asText(body["error_description"]) ?? asText(body["message"]);
  throw new FleetwrightError(
    "unauthorized",
    `the managed identity got no token (status ${response.status})${said ? `: ${said}` : ""}`,
    {
      remedy: clientId
        ? `assign the identity with client id ${clientId} to this app, or correct AZURE_CLIENT_ID`
        : "give this app a system-assigned identity, or name a user-assigned one in AZURE_CLIENT_ID",
    },
  );
}
