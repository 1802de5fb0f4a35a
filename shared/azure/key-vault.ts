import { createHash } from "node:crypto";
import { getClient, type Client } from "@azure-rest/core-client";
import type { TokenCredential } from "@azure/identity";
import { SECOND } from "../core/duration.ts";
import { FleetwrightError } from "../core/errors.ts";
import { toFleetwrightError } from "./errors.ts";
import { asObject, asText } from "./json.ts";
import { useProxy } from "./proxy-policy.ts";

export interface KeyVaultKey {
  /** `https://<vault>.vault.azure.net/keys/<name>`, with a version or without (then the newest). */
  readonly url: string;
  readonly credential: TokenCredential;
  /** PEM of the authority to trust instead of the machine's. */
  readonly ca?: string;
  /** Audience of tokens for vaults; another one in sovereign clouds. */
  readonly audience?: string;
}

const PUBLIC_AUDIENCE = "https://vault.azure.net";
/** Source: https://learn.microsoft.com/rest/api/keyvault/keys/sign */
const API_VERSION = "7.4";
const REQUEST_TIMEOUT_MILLISECONDS = 20 * SECOND;
/** A handler has 30 s, and the sweep comes every minute. */
const MAX_RETRIES = 1;
const KEY_URL = /^https:\/\/[^/?#]+(\/[^?#]*)?\/keys\/[0-9a-zA-Z-]+(\/[0-9a-f]+)?$/;

/** Signs with a key that never leaves its vault: only the digest of the text goes there. */
export function createKeyVaultSigner(key: KeyVaultKey): { sign(text: string): Promise<string> } {
  if (!KEY_URL.test(key.url)) {
    throw new FleetwrightError(
      "invalid-input",
      `${key.url} is not the address of a key in a vault`,
      {
        remedy: "write https://<vault>.vault.azure.net/keys/<name>",
      },
    );
  }
  const client = connect(key);
  let versioned: Promise<string> | undefined;
  return {
    async sign(text) {
      versioned ??= versionOf(client, key.url).catch((error: unknown) => {
        versioned = undefined;
        throw error;
      });
      const value = createHash("sha256").update(text).digest("base64url");
      const body = { alg: "RS256", value };
      return attempt(key.url, "keys/sign/action", async () => {
        const url = `${await versioned}/sign?api-version=${API_VERSION}`;
        const response = await client.pathUnchecked(url).post({ body });
        if (response.status !== "200")
          throw toFleetwrightError(response, context(key.url, "keys/sign/action"));
        return asText(asObject(response.body)["value"]) ?? "";
      });
    },
  };
}

/** A key is signed with by its version; without one in the address the vault says which is the newest. */
async function versionOf(client: Client, url: string): Promise<string> {
  if (/\/keys\/[^/]+\/[^/]+$/.test(url)) return url;
  return attempt(url, "keys/read", async () => {
    const response = await client.pathUnchecked(`${url}?api-version=${API_VERSION}`).get();
    if (response.status !== "200") throw toFleetwrightError(response, context(url, "keys/read"));
    return asText(asObject(asObject(response.body)["key"])["kid"]) ?? url;
  });
}

function connect({ url, credential, ca, audience = PUBLIC_AUDIENCE }: KeyVaultKey): Client {
  const { origin } = new URL(url);
  const client = getClient(origin, credential, {
    credentials: { scopes: [`${audience}/.default`] },
    userAgentOptions: { userAgentPrefix: "fleetwright" },
    retryOptions: { maxRetries: MAX_RETRIES },
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  });
  client.pipeline.addPolicy({
    name: "fleetwrightTimeoutPolicy",
    sendRequest(request, next) {
      request.timeout ||= REQUEST_TIMEOUT_MILLISECONDS;
      return next(request);
    },
  });
  useProxy(client);
  return client;
}

function context(id: string, action: string) {
  return { id, action: `Microsoft.KeyVault/vaults/${action}`, role: "Key Vault Crypto User" };
}

async function attempt<T>(id: string, action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toFleetwrightError(error, context(id, action));
  }
}
