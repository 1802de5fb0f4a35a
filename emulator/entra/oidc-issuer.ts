import type { Service, WireReply, WireRequest } from "../service.ts";
import { makeSigningKey } from "./signing-key.ts";
import type { Claims } from "./signing-key.ts";

/** GitHub's id tokens live five minutes. Source: docs.github.com, OpenID Connect reference */
const ID_TOKEN_LIFETIME_SECONDS = 300;
/** A job may ask for id tokens as long as it runs: six hours on hosted runners. */
const REQUEST_TOKEN_LIFETIME_SECONDS = 6 * 3_600;
const REQUEST_AUDIENCE = "fleetwright:oidc-request";
const DEFAULT_AUDIENCE = "https://github.com/fleetwright";

export interface IdTokenRequest {
  readonly subject: string;
  readonly audience: string;
  readonly claims?: Claims;
}

/** The issuer of a workflow's identity, as token.actions.githubusercontent.com is. */
export interface OidcIssuer {
  issuer(): string;
  issueIdToken(request: IdTokenRequest): string;
  verify(token: string): Claims | undefined;
  /** What the runner hands to a job as ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN. */
  requestFor(subject: string, claims?: Claims): { requestUrl: string; requestToken: string };
  readonly service: Service;
}

export function createOidcIssuer(origin: () => string): OidcIssuer {
  const key = makeSigningKey();
  const issuer = (): string => `${origin()}/oidc`;

  function issue(subject: string, audience: string, seconds: number, claims: Claims): string {
    const now = Math.floor(Date.now() / 1_000);
    const times = { iat: now, nbf: now, exp: now + seconds };
    return key.sign({ ...claims, iss: issuer(), sub: subject, aud: audience, ...times });
  }

  function verify(token: string): Claims | undefined {
    const claims = key.verify(token);
    return claims && Number(claims["exp"]) * 1_000 > Date.now() ? claims : undefined;
  }

  function issueIdToken({ subject, audience, claims }: IdTokenRequest): string {
    return issue(subject, audience, ID_TOKEN_LIFETIME_SECONDS, claims ?? {});
  }

  function tokenReply(request: WireRequest): WireReply {
    const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const claims = bearer === undefined ? undefined : verify(bearer);
    if (claims?.["aud"] !== REQUEST_AUDIENCE) {
      return { status: 401, body: { message: "the request token is missing or not valid" } };
    }
    const { sub, iss: _iss, aud: _aud, iat: _iat, nbf: _nbf, exp: _exp, ...rest } = claims;
    const audience = request.query.get("audience") ?? DEFAULT_AUDIENCE;
    const value = issueIdToken({ subject: String(sub), audience, claims: rest });
    return { status: 200, body: { value, count: value.length } };
  }

  const discovery = (): object => ({
    issuer: issuer(),
    jwks_uri: `${issuer()}/.well-known/jwks`,
    subject_types_supported: ["public"],
    response_types_supported: ["id_token"],
    id_token_signing_alg_values_supported: [key.jwk.alg],
    scopes_supported: ["openid"],
  });

  return {
    issuer,
    issueIdToken,
    verify,
    requestFor(subject, claims = {}) {
      const seconds = REQUEST_TOKEN_LIFETIME_SECONDS;
      return {
        // The runner's client appends `&audience=`: the URL must have a query already.
        requestUrl: `${issuer()}/token?api-version=2.0`,
        requestToken: issue(subject, REQUEST_AUDIENCE, seconds, claims),
      };
    },
    service: {
      handle(request) {
        switch (request.path.toLowerCase()) {
          case "/oidc/token":
            return tokenReply(request);
          case "/oidc/.well-known/openid-configuration":
            return { status: 200, body: discovery() };
          case "/oidc/.well-known/jwks":
            return { status: 200, body: { keys: [key.jwk] } };
          default:
            return undefined;
        }
      },
    },
  };
}
