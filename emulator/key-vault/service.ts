import { generateKeyPairSync, privateEncrypt, constants, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isObject, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { ControlService, Environment, Service, WireReply, WireRequest } from "../service.ts";

const AUDIENCE = "https://vault.azure.net";
const KEY_PATH = /^\/keyvaults\/([\w-]+)\/keys\/([\w-]+)(?:\/([0-9a-f]+))?(\/sign)?\/?$/i;
/** DER of `DigestInfo` for SHA-256 up to the digest. Source: RFC 8017, section 9.2, note 1. */
const SHA256_PREFIX = Buffer.from("3031300d060960864801650304020105000420", "hex");
const MODULUS_BITS = 2_048;

interface StoredKey {
  readonly version: string;
  readonly privateKey: KeyObject;
}

export interface KeyVault {
  /** Data plane: `https://127.0.0.1:PORT/keyvaults/<vault>/keys/<name>`. */
  readonly service: Service;
  /** `POST /_emulator/keyvault/keys {vault, name}` makes a key and answers its address and public half. */
  readonly control: ControlService;
}

/** Keys that sign and never leave: what the product asks of Azure Key Vault. */
export function createKeyVault(environment: Environment): KeyVault {
  const keys = new Map<string, StoredKey>();
  const urlOf = (vault: string, name: string): string =>
    `${environment.origin()}/keyvaults/${vault}/keys/${name}`;
  return {
    service: {
      handle(request) {
        const [, vault, name, version, sign] = KEY_PATH.exec(request.path) ?? [];
        if (vault === undefined || name === undefined) return undefined;
        const action = sign ? "keys/sign/action" : "keys/read";
        const reply =
          refuse(environment, request, vault, action) ??
          answer(request, {
            key: keys.get(keyOf(vault, name)),
            url: urlOf(vault, name),
            version,
            sign,
          });
        record(environment, request, `${request.method} keys${sign ? "/sign" : ""}`, reply.status);
        return reply;
      },
    },
    control: {
      calls: ["POST /_emulator/keyvault/keys {vault, name}"],
      handle(request) {
        if (request.path !== "/_emulator/keyvault/keys" || request.method !== "POST")
          return undefined;
        const body = parse(request.body);
        const vault = textAt(body, "vault");
        const name = textAt(body, "name");
        if (!vault || !name) return failure(400, "BadParameter", "vault and name are required");
        const { privateKey, publicKey } = generateKeyPairSync("rsa", {
          modulusLength: MODULUS_BITS,
        });
        keys.set(keyOf(vault, name), { version: randomBytes(16).toString("hex"), privateKey });
        const pem = publicKey.export({ type: "spki", format: "pem" });
        return { status: 200, body: { key: urlOf(vault, name), publicKey: pem } };
      },
    },
  };
}

const keyOf = (vault: string, name: string): string => `${vault}/${name}`.toLowerCase();

/** Without a token the vault says where to get one; clients of Key Vault begin with such a request. */
function refuse(
  { tokens, tenant, subscription, origin }: Environment,
  request: WireRequest,
  vault: string,
  action: string,
): WireReply | undefined {
  const principal = tokens.authenticate(request, [AUDIENCE]);
  if ("refused" in principal) {
    const challenge = `Bearer authorization="${origin()}/${tenant}", resource="${AUDIENCE}"`;
    const reply = failure(401, "Unauthorized", principal.refused);
    return { ...reply, headers: { "WWW-Authenticate": challenge } };
  }
  const scope = `/subscriptions/${subscription}/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/${vault}`;
  if (tokens.allows(principal, `Microsoft.KeyVault/vaults/${action}`, scope)) return undefined;
  return failure(
    403,
    "Forbidden",
    `Caller is not authorized to perform action '${action}' on ${vault}.`,
  );
}

function answer(
  request: WireRequest,
  found: {
    readonly key: StoredKey | undefined;
    readonly url: string;
    readonly version: string | undefined;
    readonly sign: string | undefined;
  },
): WireReply {
  const { key, url, version, sign } = found;
  if (!key || (version !== undefined && version !== key.version)) {
    return failure(404, "KeyNotFound", `A key with ${url} was not found in this key vault.`);
  }
  const kid = `${url}/${key.version}`;
  if (!sign) {
    if (request.method !== "GET") return failure(405, "MethodNotAllowed", "GET is expected.");
    const { n, e } = key.privateKey.export({ format: "jwk" });
    return { status: 200, body: { key: { kid, kty: "RSA", key_ops: ["sign", "verify"], n, e } } };
  }
  const body = parse(request.body);
  const digest = Buffer.from(textAt(body, "value") ?? "", "base64url");
  if (request.method !== "POST" || textAt(body, "alg") !== "RS256" || digest.length !== 32) {
    return failure(
      400,
      "BadParameter",
      "alg RS256 and the 32 bytes of a SHA-256 digest are expected.",
    );
  }
  const padded = { key: key.privateKey, padding: constants.RSA_PKCS1_PADDING };
  const signature = privateEncrypt(padded, Buffer.concat([SHA256_PREFIX, digest]));
  return { status: 200, body: { kid, value: signature.toString("base64url") } };
}

function record(
  environment: Environment,
  request: WireRequest,
  operation: string,
  status: number,
): void {
  environment.audit.record({
    service: "key-vault",
    method: request.method,
    operation,
    path: request.path,
    status,
    principal: undefined,
    write: false,
  });
}

function parse(body: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(body.toString("utf8") || "{}");
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function failure(status: number, code: string, message: string): WireReply {
  return { status, body: { error: { code, message } } };
}
