import type { Principal } from "../service.ts";
import { isSignedBy } from "./certificate-assertion.ts";
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
  const assertion = form.get("client_assertion") ?? "";
  const claims = oidc.verify(assertion);
  if (!claims) return rejectCertificate(assertion, identity, oidc);
  if (isFederated(identity, claims, oidc.issuer())) return undefined;
  return denial(
    401,
    "invalid_client",
    700213,
    "No matching federated identity record found for presented assertion subject " +
      `'${String(claims["sub"])}' and audience '${String(claims["aud"])}'.`,
  );
}

/** What the local issuer did not sign, the application signed itself. */
function rejectCertificate(
  assertion: string,
  { principal, certificate }: Identity,
  oidc: OidcIssuer,
): TokenDenial | undefined {
  if (certificate === undefined) {
    const description = "The assertion is expired or of an unknown issuer.";
    return denial(401, "invalid_client", 700211, description);
  }
  const { origin } = new URL(oidc.issuer());
  const about = { clientId: principal.clientId, origin, now: Date.now() };
  if (isSignedBy(certificate, assertion, about)) return undefined;
  const description =
    "The certificate used to sign the client assertion is not registered on the application, or the assertion is over or meant for another.";
  return denial(401, "invalid_client", 700027, description);
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
