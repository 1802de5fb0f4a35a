import { createHmac, timingSafeEqual } from "node:crypto";
import type { Cluster } from "../../shared/simulator/model.ts";
import type { Environment, WireReply, WireRequest } from "../service.ts";
import { adminToken } from "./admin-token.ts";
import { parseObjectBody } from "./body.ts";
import { serviceAccountName } from "./caller.ts";
import { isJsonObject, objectKey, toTime } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { findResource } from "./registry.ts";
import { badRequest, invalid, methodNotAllowed, notFound } from "./status.ts";
import type { WriteRequest } from "./write.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";
const DEFAULT_LIFETIME_SECONDS = 3_600;
/** What the API server takes. Source: kubernetes.io, TokenRequest */
const MIN_LIFETIME_SECONDS = 600;
const MAX_LIFETIME_SECONDS = 2 ** 32;

/** `kubectl create token`: what a service account signs in with, for as long as was asked. */
export function serveTokenRequest(
  environment: Environment,
  write: WriteRequest,
  name: string,
): WireReply {
  const { request, journal, cluster, namespace = "default" } = write;
  if (request.method !== "POST") throw methodNotAllowed();
  const account = journal.get(objectKey(namespace, name));
  if (!account) throw notFound(journal.resource, name);
  const body = parseObjectBody(request);
  const spec = isJsonObject(body.spec) ? body.spec : {};
  const seconds = lifetime(name, spec.expirationSeconds);
  const audiences = audiencesOf(spec.audiences);
  // Real time, as of every token: clients compare with their own clock.
  const issuedAt = Math.floor(Date.now() / 1_000);
  const token = sign(environment, cluster, {
    iss: ISSUER,
    sub: serviceAccountName(namespace, name),
    aud: audiences,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + seconds,
    "kubernetes.io": { namespace, serviceaccount: { name, uid: account.metadata?.uid } },
  });
  return {
    status: 201,
    body: {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { name, namespace },
      spec: { ...spec, audiences, expirationSeconds: seconds },
      status: { token, expirationTimestamp: toTime((issuedAt + seconds) * 1_000) },
    },
  };
}

function lifetime(name: string, given: unknown): number {
  if (given === undefined || given === null) return DEFAULT_LIFETIME_SECONDS;
  const seconds = Number(given);
  if (seconds >= MIN_LIFETIME_SECONDS && seconds <= MAX_LIFETIME_SECONDS) return seconds;
  const message = `Invalid value: ${JSON.stringify(given)}: may not specify a duration less than 10 minutes or more than 2^32 seconds`;
  throw invalid("TokenRequest", name, [{ field: "spec.expirationSeconds", message }]);
}

function audiencesOf(given: unknown): readonly string[] {
  if (given === undefined || given === null) return [ISSUER];
  const isList = Array.isArray(given) && given.every((one) => typeof one === "string");
  if (!isList) throw badRequest("spec.audiences: Invalid value: not a list of texts");
  return given.length === 0 ? [ISSUER] : given;
}

/** The name of the service account whose token this is, if it is for this API, not over, and the account is there. */
export function serviceAccountOf(
  environment: Environment,
  cluster: Cluster,
  request: WireRequest,
): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const claims = token === undefined ? undefined : verify(environment, cluster, token);
  if (claims?.iss !== ISSUER || !Array.isArray(claims.aud)) return undefined;
  if (!claims.aud.includes(ISSUER) || Number(claims.exp) * 1_000 <= Date.now()) return undefined;
  const name = String(claims.sub);
  const [namespace, account = ""] = name.split(":").slice(-2);
  const accounts = findResource("", "v1", "serviceaccounts")?.sources(cluster);
  return accounts?.has(objectKey(namespace, account)) === true ? name : undefined;
}

type Claims = JsonObject;
type Signer = Pick<Environment, "tenant" | "caPem">;

function sign(environment: Signer, cluster: Cluster, claims: Claims): string {
  const text = [{ alg: "HS256", typ: "JWT" }, claims].map(encode).join(".");
  return `${text}.${signature(environment, cluster, text).toString("base64url")}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Nobody but the emulator knows the administrator's token, so that it can be the key too. */
function signature(environment: Signer, cluster: Cluster, text: string): Buffer {
  return createHmac("sha256", adminToken(environment, cluster.id)).update(text).digest();
}

function verify(environment: Signer, cluster: Cluster, token: string): Claims | undefined {
  const [header = "", claims = "", signed = "", ...more] = token.split(".");
  if (signed === "" || more.length > 0) return undefined;
  const given = Buffer.from(signed, "base64url");
  const expected = signature(environment, cluster, `${header}.${claims}`);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  // Signed by us, so that it is JSON.
  return JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as Claims;
}
