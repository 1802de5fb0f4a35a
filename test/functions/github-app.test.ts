import { afterAll, beforeAll, expect, test } from "vitest";
import { readSettings } from "../../functions/host/settings.ts";
import { createKeyVaultSigner } from "../../shared/azure/key-vault.ts";
import { isError } from "../../shared/core/errors.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { startLocalApp, type LocalApp } from "./local-app.ts";

/** A GitHub App whose private key signs inside a vault: nothing of the functions ever holds it. */
const PERMISSIONS = {
  actions: "write",
  checks: "write",
  contents: "write",
  issues: "write",
  pull_requests: "write",
} as const;
const STRANGER = "99999999-0000-0000-0000-000000000009";

let local: LocalApp;
let keyUrl: string;

async function makeApp(azure: TestEmulator): Promise<Readonly<Record<string, string>>> {
  const key = { vault: "kv-harbour", name: "github-app" };
  const made = (await azure.control("POST", "/keyvault/keys", key)) as {
    key: string;
    publicKey: string;
  };
  keyUrl = made.key;
  const { appId } = (await azure.control("POST", "/github/apps", {
    slug: "harbour-fleetwright",
    publicKey: made.publicKey,
    permissions: PERMISSIONS,
  })) as { appId: number };
  return {
    FLEETWRIGHT_GITHUB_TOKEN: "",
    FLEETWRIGHT_GITHUB_APP_ID: String(appId),
    FLEETWRIGHT_GITHUB_APP_KEY: made.key,
  };
}

beforeAll(async () => {
  local = await startLocalApp({
    scenario: { principals: [{ name: "stranger", clientId: STRANGER }] },
    files: { "README.md": "# Harbour\n" },
    settings: makeApp,
  });
}, 60_000);
afterAll(() => local?.close());

const callsOf = async (service: string) => {
  const { calls } = (await local.azure.control("GET", "/audit")) as {
    calls: { byService: Record<string, { byOperation: Record<string, number> }> };
  };
  return calls.byService[service]?.byOperation ?? {};
};

test("reads and writes as the App's installation, and signs once for many calls", async () => {
  expect(await local.app.repository.head()).toMatch(/^[0-9a-f]{40}$/);
  const opened = await local.app.issues.open({ title: "t", body: "<!-- m -->", labels: [] });
  const issue = await local.github<{ user: { login: string } }>("GET", `/issues/${opened.number}`);
  expect(issue.user.login).toBe("harbour-fleetwright[bot]");
  await local.app.repository.head();
  expect(await callsOf("key-vault")).toEqual({ "GET keys": 1, "POST keys/sign": 1 });
});

test("takes an issue with its marker for its own only when the App wrote it", async () => {
  await local.github("POST", "/issues", {
    title: "quoted",
    body: "<!-- quoted -->",
    labels: ["fleetwright"],
  });
  expect(await local.app.issues.findByMarker("<!-- quoted -->")).toEqual([]);
  expect(await local.app.issues.findByMarker("<!-- m -->")).toHaveLength(1);
});

test("names the missing role of the vault when it may not sign", async () => {
  const signer = createKeyVaultSigner({
    url: keyUrl,
    credential: {
      getToken: async () => ({
        token: local.azure.token("stranger", "https://vault.azure.net"),
        expiresOnTimestamp: Date.now() + 3_000_000,
      }),
    },
    ca: local.azure.ca,
  });
  const refused = await signer.sign("x").catch((error: unknown) => error);
  expect(isError(refused, "unauthorized")).toBe(true);
  expect(String(refused)).toContain("Key Vault Crypto User");
});

test.each([
  ["neither App nor token", {}, /nothing says who the functions are on GitHub/],
  ["an App without its key", { FLEETWRIGHT_GITHUB_APP_ID: "7" }, /FLEETWRIGHT_GITHUB_APP_KEY/],
])("refuses settings with %s", (_case, settings, message) => {
  const env = {
    FLEETWRIGHT_REPOSITORY: "o/r",
    FLEETWRIGHT_TOPIC_ENDPOINT: "https://t",
    ...settings,
  };
  expect(() => readSettings(env)).toThrow(message);
});

test("refuses an address that is no key", () => {
  const credential = local.azure.credential();
  expect(() => createKeyVaultSigner({ url: "http://vault/keys/a", credential })).toThrow(
    /is not the address of a key in a vault/,
  );
});
