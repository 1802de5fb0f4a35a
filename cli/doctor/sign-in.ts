import type { Azure } from "../azure.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** Who Azure takes us for. */
export async function checkSignIn({ arm, credential }: Azure): Promise<readonly Diagnosis[]> {
  const token = await credential.getToken(`${arm.endpoint}/.default`);
  if (token === null) return [noToken()];
  return [{ topic: "sign-in", verdict: "ok", message: `signed in as ${whoIs(token.token)}` }];
}

function noToken(): Diagnosis {
  return {
    topic: "sign-in",
    verdict: "error",
    message: "no token for Azure",
    remedy: "az login, or set AZURE_CLIENT_ID and AZURE_TENANT_ID in a job with id-token: write",
  };
}

/** The claims are for people only; Azure judges the signature. */
function whoIs(token: string): string {
  const claims = readClaims(token);
  const { upn, appid, oid, tid } = claims;
  const name = upn ?? (appid === undefined ? "somebody" : `application ${appid}`);
  return `${name} (object ${oid ?? "unknown"}) of tenant ${tid ?? "unknown"}`;
}

function readClaims(token: string): Readonly<Record<string, string | undefined>> {
  try {
    const [, payload = ""] = token.split(".");
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    return {};
  }
}
