import type { AccessToken } from "@azure/identity";
import { SECOND } from "../core/duration.ts";
import { FleetwrightError } from "../core/errors.ts";
import { reach, SIGN_IN_TIMEOUT_MS } from "./identity-request.ts";
import { asNumber, asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { cachedTokens } from "./token-cache.ts";
import type { RenewableCredential } from "./token-cache.ts";

export interface GitHubCredentialOptions {
  /** `ACTIONS_ID_TOKEN_REQUEST_URL` and `…_TOKEN`: present in jobs with `id-token: write`. */
  readonly requestUrl: string;
  readonly requestToken: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly authority: string;
  readonly audience?: string;
  onSecret?(secret: string): void;
  readonly now?: () => number;
}

/** Source: https://learn.microsoft.com/entra/workload-id/workload-identity-federation */
const PUBLIC_AUDIENCE = "api://AzureADTokenExchange";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * Signs in to Azure as a GitHub job: the job's identity token is exchanged for an Entra token, two requests.
 * GitHub issues a fresh identity token for as long as the job runs, so that hours of following work too.
 */
export function createGitHubCredential(options: GitHubCredentialOptions): RenewableCredential {
  const now = options.now ?? Date.now;
  return cachedTokens((scope) => exchange(options, scope, now), now);
}

async function exchange(
  options: GitHubCredentialOptions,
  scope: string,
  now: () => number,
): Promise<AccessToken> {
  const assertion = await identityToken(options);
  options.onSecret?.(assertion);
  const path = `/${options.tenantId}/oauth2/v2.0/token`;
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: options.clientId,
    scope,
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion,
  });
  const response = await reach(options.authority, (client) =>
    client.pathUnchecked(path).post({
      contentType: "application/x-www-form-urlencoded",
      body: form.toString(),
      timeout: SIGN_IN_TIMEOUT_MS,
    }),
  );
  const body = asObject(response.body);
  const token = asText(body["access_token"]);
  if (response.status !== "200" || token === undefined) throw refused(options, assertion, body);
  const lifetimeSeconds = Number(body["expires_in"] ?? 0);
  return { token, expiresOnTimestamp: now() + lifetimeSeconds * SECOND };
}

async function identityToken(options: GitHubCredentialOptions): Promise<string> {
  const url = new URL(options.requestUrl);
  url.searchParams.set("audience", options.audience ?? PUBLIC_AUDIENCE);
  const response = await reach(url.origin, (client) =>
    client.pathUnchecked(url.href).get({
      headers: { authorization: `Bearer ${options.requestToken}` },
      timeout: SIGN_IN_TIMEOUT_MS,
    }),
  );
  const token = asText(asObject(response.body)["value"]);
  if (response.status === "200" && token !== undefined) return token;
  throw new FleetwrightError(
    "unauthorized",
    `GitHub issued no identity token for this job (status ${response.status})`,
    { remedy: "give the job the permission id-token: write" },
  );
}

/** Names the subject that the federated credential must carry: it is what people get wrong. */
function refused(
  options: GitHubCredentialOptions,
  assertion: string,
  body: JsonObject,
): FleetwrightError {
  const claims = decodeClaims(assertion);
  const numbers = Array.isArray(body["error_codes"]) ? body["error_codes"].map(asNumber) : [];
  const number = numbers[0] === undefined ? "" : `AADSTS${numbers[0]}`;
  const text = asText(body["error_description"])?.split(/\r?\n/)[0] ?? asText(body["error"]) ?? "";
  const said = text.includes(number) ? text : `${number}: ${text}`;
  return new FleetwrightError(
    "unauthorized",
    `Entra refused the sign-in of client ${options.clientId}: ${said}`,
    {
      subject: options.clientId,
      remedy: `the application needs a federated credential with issuer '${claims.issuer}', subject '${claims.subject}' and audience '${claims.audience}'`,
    },
  );
}

function decodeClaims(jwt: string): {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
} {
  const claims = parseJson(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8"));
  return {
    issuer: asText(claims["iss"]) ?? "?",
    subject: asText(claims["sub"]) ?? "?",
    audience: asText(claims["aud"]) ?? "?",
  };
}

function parseJson(text: string): JsonObject {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}
