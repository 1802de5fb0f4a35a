import { constants, verify, X509Certificate } from "node:crypto";
import type { Claims } from "./signing-key.ts";

/** How clients sign their assertions: MSAL for Node takes PS256 on Entra and RS256 on ADFS. */
const PADDINGS: Readonly<Record<string, number>> = {
  RS256: constants.RSA_PKCS1_PADDING,
  PS256: constants.RSA_PKCS1_PSS_PADDING,
};

/**
 * An assertion that an application signed for itself with the key of a registered certificate.
 * Source: https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export interface CertificateAssertion {
  readonly clientId: string;
  /** Addresses at which a token may be asked for begin like this. */
  readonly origin: string;
  readonly now: number;
}

export function isSignedBy(
  certificate: string,
  assertion: string,
  { clientId, origin, now }: CertificateAssertion,
): boolean {
  const claims = verified(new X509Certificate(certificate), assertion);
  if (!claims || claims["sub"] !== claims["iss"]) return false;
  return (
    String(claims["iss"]).toLowerCase() === clientId.toLowerCase() &&
    String(claims["aud"]).startsWith(`${origin}/`) &&
    Number(claims["exp"]) * 1_000 > now
  );
}

function verified(certificate: X509Certificate, assertion: string): Claims | undefined {
  const [header = "", payload = "", signature = ""] = assertion.split(".");
  const padding = PADDINGS[String(parse(header)?.["alg"])];
  if (padding === undefined || certificate.publicKey.asymmetricKeyType !== "rsa") return undefined;
  const isSigned = verify(
    "sha256",
    Buffer.from(`${header}.${payload}`),
    { key: certificate.publicKey, padding },
    Buffer.from(signature, "base64url"),
  );
  return isSigned ? parse(payload) : undefined;
}

function parse(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** Is this text the PEM of a certificate with an RSA key, as Entra takes them? */
export function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).publicKey.asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}
