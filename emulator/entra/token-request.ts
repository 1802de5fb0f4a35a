import type { Principal } from "../service.ts";
import type { OidcIssuer } from "./oidc-issuer.ts";
import { findIdentity } from "./principals.ts";
import type { Directory, Identity } from "./principals.ts";
import type { Claims } from "./signing-key.ts";

const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export type TokenDecision =
  | { readonly granted: Principal; readonly audience: string }
  | { readonly denied: TokenDenial };

export interface TokenDenial {
  readonly status: number;
  readonly error: string;
  /** Number of an AADSTS code. */
  readonly code: number;
  readonly description: string;
}

/** Decides a client credentials request as the token endpoint of Entra does. */
export function decideTokenRequest(
  form: URLSearchParams,
  directory: Directory,
  oidc: OidcIssuer,
): TokenDecision {
  if (form.get("grant_type") !== "client_credentials") {
    return deny(
      400,
      "unsupported_grant_type",
      70003,
      "The app requested an unsupported grant type.",
    );
  }
  const audience = form.get("resource") ?? form.get("scope")?.split(" ")[0] ?? "";
  if (audience === "") {
    return deny(400, "invalid_request", 900144, "The request body must contain 'scope'.");
  }
  const clientId = form.get("client_id") ?? "";
  const identity = findIdentity(directory, clientId);
  if (!identity) {
    const description = `Application with identifier '${clientId}' was not found in the directory.`;
    return deny(400, "unauthorized_client", 700016, description);
  }
  const denial = form.has("client_assertion")
    ? rejectAssertion(form, identity, oidc)
    : rejectSecret(form, identity);
  return denial ? { denied: denial } : { granted: identity.principal, audience };
}

function rejectSecret(form: URLSearchParams, identity: Identity): TokenDenial | undefined {
  if (identity.secret !== undefined && form.get("client_secret") === identity.secret)
    return undefined;
  return denial(401, "invalid_client", 7000215, "Invalid client secret provided.");
}

function rejectAssertion(
  form: URLSearchParams,
  identity: Identity,
  oidc: OidcIssuer,
): TokenDenial | undefined {
  if (form.get("client_assertion_type") !== CLIENT_ASSERTION_TYPE) {
    return denial(400, "invalid_request", 50027, "The client assertion type is not supported.");
  }
  const claims = oidc.verify(form.get("client_assertion") ?? "");
  if (!claims) {
    return denial(
      401,
      "invalid_client",
      700211,
      "The assertion is expired or of an unknown issuer.",
    );
  }
  if (isFederated(identity, claims, oidc.issuer())) return undefined;
  return denial(
    401,
    "invalid_client",
    700213,
    "No matching federated identity record found for presented assertion subject " +
      `'${String(claims["sub"])}' and audience '${String(claims["aud"])}'.`,
  );
}

function isFederated(identity: Identity, claims: Claims, localIssuer: string): boolean {
  return identity.federated.some(
    ({ issuer, subject, audience }) =>
      (issuer ?? localIssuer) === claims["iss"] &&
      subject === claims["sub"] &&
      audience === claims["aud"],
  );
}

function deny(status: number, error: string, code: number, description: string): TokenDecision {
  return { denied: denial(status, error, code, description) };
}

function denial(status: number, error: string, code: number, description: string): TokenDenial {
  return { status, error, code, description };
}
