// The library registers its types through reflect-metadata and throws unless that is loaded first.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { DAY } from "../shared/core/duration.ts";

export interface ServerCertificate {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const VALID_DAYS = 30;

/**
 * A CA and a server certificate for the loopback interface. Both carry the key identifiers that strict
 * verifiers ask for (RFC 5280 §4.2.1; Python 3.13 checks them by default).
 */
export async function makeServerCertificate(): Promise<ServerCertificate> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const [caKeys, leafKeys] = await Promise.all([newKeys(), newKeys()]);
  const ca = await makeAuthority(caKeys);
  const leaf = await makeLeaf(ca, caKeys, leafKeys);
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", leafKeys.privateKey);
  return {
    caPem: `${ca.toString("pem")}\n`,
    certificatePem: `${leaf.toString("pem")}\n`,
    keyPem: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, [
    "sign",
    "verify",
  ]) as Promise<webcrypto.CryptoKeyPair>;
}

/** A day back, so that a client whose clock is a little slow accepts it. */
function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - DAY), notAfter: new Date(now + VALID_DAYS * DAY) };
}

async function makeAuthority(keys: webcrypto.CryptoKeyPair): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=fleetwright emulator CA",
    keys: keys as x509.X509CertificateCreateSelfSignedParams["keys"],
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as x509.PublicKeyType),
    ],
  });
}

async function makeLeaf(
  ca: x509.X509Certificate,
  caKeys: webcrypto.CryptoKeyPair,
  leafKeys: webcrypto.CryptoKeyPair,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    serialNumber: "02",
    subject: "CN=127.0.0.1",
    issuer: ca.subject,
    publicKey: leafKeys.publicKey as x509.PublicKeyType,
    signingKey: caKeys.privateKey as CryptoKeyOf<"signingKey">,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        { type: "dns", value: "localhost" },
      ]),
      await x509.SubjectKeyIdentifierExtension.create(leafKeys.publicKey as x509.PublicKeyType),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey as x509.PublicKeyType),
    ],
  });
}

type CryptoKeyOf<Key extends keyof x509.X509CertificateCreateWithKeyParams> =
  x509.X509CertificateCreateWithKeyParams[Key];
