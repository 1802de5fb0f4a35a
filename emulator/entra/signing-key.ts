import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import type { JsonWebKey } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** Signs and verifies JSON Web Tokens with a key pair of its own (ES256: quick to make and to check). */
export interface SigningKey {
  sign(claims: Claims): string;
  /** The claims of a token that this key signed; undefined for any other text. */
  verify(token: string): Claims | undefined;
  /** Public half, for a JWKS document. */
  readonly jwk: JsonWebKey & { readonly kid: string; readonly use: string; readonly alg: string };
}

export function makeSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const exported = publicKey.export({ format: "jwk" });
  const kid = createHash("sha256").update(JSON.stringify(exported)).digest("base64url");
  const header = encode({ typ: "JWT", alg: "ES256", kid });
  return {
    jwk: { ...exported, kid, use: "sig", alg: "ES256" },
    sign(claims) {
      const signed = `${header}.${encode(claims)}`;
      const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
      return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
    },
    verify(token) {
      const [head, payload, signature, ...rest] = token.split(".");
      if (head !== header || !payload || !signature || rest.length > 0) return undefined;
      const key = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
      const signed = Buffer.from(`${head}.${payload}`);
      if (!verify("sha256", signed, key, Buffer.from(signature, "base64url"))) return undefined;
      return JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
