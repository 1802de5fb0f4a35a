import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

let emulator: TestEmulator;
let subscription: string;

beforeAll(async () => {
  emulator = await startTestEmulator({ clock: "manual" });
  subscription = `/subscriptions/${emulator.ready.subscription}`;
});
afterAll(() => emulator.close());

function call(method: string, path: string, body?: object): Promise<WireAnswer> {
  const url = `${subscription}/${path}${path.includes("?") ? "&" : "?"}api-version=2024-07-01`;
  return emulator.call(url, { method, ...(body && { body }) });
}

interface Listed {
  readonly value: readonly Readonly<Record<string, unknown>>[];
}

async function list(path: string): Promise<Listed["value"]> {
  const { status, json } = await call("GET", path);
  expect(status).toBe(200);
  return (json as Listed).value;
}

describe("sizes of machines", () => {
  test("are listed for a region and as what a region offers", async () => {
    const sizes = await list("providers/Microsoft.Compute/locations/westeurope/vmSizes");
    expect(sizes).toContainEqual(
      expect.objectContaining({ name: "Standard_D4s_v5", numberOfCores: 4, memoryInMB: 16_384 }),
    );
    const filter = encodeURIComponent("location eq 'eastus'");
    const skus = await list(`providers/Microsoft.Compute/skus?$filter=${filter}`);
    expect(skus).toContainEqual(
      expect.objectContaining({
        name: "Standard_E8ds_v5",
        family: "standardEDSv5Family",
        locations: ["eastus"],
        capabilities: expect.arrayContaining([{ name: "vCPUs", value: "8" }]),
      }),
    );
    expect(new Set(skus.map(({ name }) => name)).size).toBe(skus.length);
    expect((await call("GET", "providers/Microsoft.Compute/virtualMachines")).status).toBe(404);
  });
});

describe("managed identities", () => {
  const IDENTITY =
    "resourceGroups/demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities/quay";
  const properties = {
    issuer: "https://token.actions.githubusercontent.com",
    subject: "repo:acme/harbour:environment:prod",
    audiences: ["api://AzureADTokenExchange"],
  };

  test("are made with ids that stay, tagged, listed with everything else, and deleted", async () => {
    const made = await call("PUT", IDENTITY, { location: "westeurope" });
    expect(made.status).toBe(201);
    const { properties: ids } = made.json as { properties: object };
    expect(ids).toMatchObject({ tenantId: emulator.ready.tenant, clientId: expect.any(String) });
    const tagged = await call("PATCH", IDENTITY, { tags: { owner: "quay" } });
    expect(tagged.json).toMatchObject({ tags: { owner: "quay" }, properties: ids });
    const resources = await list("resourceGroups/demo/resources");
    expect(resources.map(({ name }) => name)).toContain("quay");
    expect(await list("providers/Microsoft.ManagedIdentity/userAssignedIdentities")).toHaveLength(
      1,
    );
    expect((await call("DELETE", IDENTITY)).status).toBe(200);
    expect((await call("DELETE", IDENTITY)).status).toBe(204);
    expect((await call("GET", IDENTITY)).status).toBe(404);
  });

  test("have federated credentials, which go with them", async () => {
    const credential = `${IDENTITY}/federatedIdentityCredentials/github`;
    expect((await call("PUT", credential, { properties })).status).toBe(404);
    await call("PUT", IDENTITY, { location: "westeurope" });
    expect((await call("PUT", credential, { properties: {} })).status).toBe(400);
    expect((await call("PUT", credential, { properties })).status).toBe(201);
    expect((await call("GET", credential)).json).toMatchObject({ name: "github", properties });
    expect(await list(`${IDENTITY}/federatedIdentityCredentials`)).toHaveLength(1);
    expect(await list("providers/Microsoft.ManagedIdentity/userAssignedIdentities")).toHaveLength(
      1,
    );
    await call("DELETE", IDENTITY);
    await call("PUT", IDENTITY, { location: "westeurope" });
    expect(await list(`${IDENTITY}/federatedIdentityCredentials`)).toEqual([]);
  });
});
