import type { Principal, Refusal, TokenAuthority, WireRequest } from "../service.ts";
import { isAllowed } from "./permissions.ts";
import type { Directory } from "./principals.ts";
import { makeSigningKey } from "./signing-key.ts";
import type { Claims, SigningKey } from "./signing-key.ts";

/** Entra's access tokens live 60 to 90 minutes; clients read `expires_in`. */
const TOKEN_LIFETIME_SECONDS = 3_600;
/** Verified tokens kept, so that a client's thousandth call costs no signature check. */
const MAX_VERIFIED_TOKENS = 1_000;

export interface EntraTokens extends TokenAuthority {
  readonly signingKey: SigningKey;
  /** All tokens issued so far are refused from now on, as after a revocation of sign-in sessions. */
  revoke(): void;
}

/** Issues and checks the tenant's access tokens. Tokens live in real time: clients compare with their own clock. */
export function createTokenAuthority(
  tenant: string,
  directory: Directory,
  realNow: () => number = Date.now,
): EntraTokens {
  const signingKey = makeSigningKey();
  const verified = new Map<string, Claims>();
  let issued = 0;
  let revoked = 0;
  const byObjectId = new Map(
    directory.identities.map(({ principal }) => [principal.objectId, principal]),
  );

  function claimsOf(token: string): Claims | undefined {
    const known = verified.get(token);
    if (known) return known;
    const claims = signingKey.verify(token);
    if (claims) remember(verified, token, claims);
    return claims;
  }

  return {
    signingKey,
    get principals() {
      return [...byObjectId.values()];
    },
    setGrants(objectId, grants) {
      for (const [key, principal] of byObjectId) {
        if (key.toLowerCase() === objectId.toLowerCase())
          byObjectId.set(key, { ...principal, grants });
      }
    },
    allows: isAllowed,
    revoke() {
      revoked = issued;
    },
    issue(principal, audience) {
      issued += 1;
      const issuedAt = Math.floor(realNow() / 1_000);
      const token = signingKey.sign({
        ...identityClaims(principal, tenant),
        aud: audience,
        // Entra's own name for a number that no other token has.
        uti: String(issued),
        iat: issuedAt,
        nbf: issuedAt,
        exp: issuedAt + TOKEN_LIFETIME_SECONDS,
      });
      return { token, expiresIn: TOKEN_LIFETIME_SECONDS };
    },
    authenticate(request, audiences) {
      const token = bearerToken(request);
      if (token === undefined) {
        return refuse(
          "AuthenticationFailed",
          "The 'Authorization' header is missing or not Bearer.",
        );
      }
      const claims = claimsOf(token);
      const principal = claims && byObjectId.get(String(claims["oid"]));
      if (!claims || !principal) {
        return refuse("InvalidAuthenticationToken", "The access token is invalid.");
      }
      if (Number(claims["uti"]) <= revoked) {
        return refuse("InvalidAuthenticationToken", "The access token has been revoked.");
      }
      return checkClaims(claims, audiences, realNow()) ?? principal;
    },
  };
}

/** Audiences are compared without case and without the slash or `/.default` that scopes carry. */
export function normalizeAudience(audience: string): string {
  return audience
    .replace(/\/?\.default$/, "")
    .replace(/\/+$/, "")
    .toLowerCase();
}

function checkClaims(
  claims: Claims,
  audiences: readonly string[],
  realNow: number,
): Refusal | undefined {
  if (Number(claims["exp"]) * 1_000 <= realNow) {
    return refuse("ExpiredAuthenticationToken", "The access token has expired.");
  }
  const audience = normalizeAudience(String(claims["aud"]));
  if (audiences.some((accepted) => normalizeAudience(accepted) === audience)) return undefined;
  return refuse(
    "InvalidAuthenticationTokenAudience",
    `The access token has been obtained for wrong audience or resource '${String(claims["aud"])}'. ` +
      `It should exactly match with one of the allowed audiences ${audiences.map((one) => `'${one}'`).join(",")}.`,
  );
}

function bearerToken(request: WireRequest): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
}

/** The form that consumers of Entra's v1 tokens expect; Azurite checks the issuer, too. */
function identityClaims(principal: Principal, tenant: string): Claims {
  return {
    iss: `https://sts.windows.net/${tenant}/`,
    idp: `https://sts.windows.net/${tenant}/`,
    idtyp: "app",
    appid: principal.clientId,
    appidacr: "2",
    oid: principal.objectId,
    sub: principal.objectId,
    tid: tenant,
    ver: "1.0",
  };
}

function remember(verified: Map<string, Claims>, token: string, claims: Claims): void {
  const [oldest] = verified.keys();
  if (verified.size >= MAX_VERIFIED_TOKENS && oldest !== undefined) verified.delete(oldest);
  verified.set(token, claims);
}

function refuse(code: string, refused: string): Refusal {
  return { refused, code };
}
