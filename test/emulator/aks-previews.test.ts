import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const QUAY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/managedClusters/quay`;
const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const NEW = `${FAMILY}-202606.26.0`;
const PREVIEW = "2026-03-02-preview";
const STABLE = "2026-04-01";

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  throttling: false,
  images: [{ region: "westeurope", version: OLD }],
  clusters: [
    {
      name: "quay",
      resourceGroup: "harbour",
      location: "westeurope",
      kubernetesVersion: "1.33.5",
      pools: [
        { name: "system", count: 1, nodeImageVersion: OLD },
        { name: "apps", count: 4, kubernetesVersion: "1.33.3", nodeImageVersion: OLD },
      ],
    },
  ],
};

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
});
afterAll(() => emulator.close());

function call(
  method: string,
  path: string,
  properties?: object,
  version = PREVIEW,
): Promise<WireAnswer> {
  const body = properties === undefined ? {} : { body: { properties } };
  return emulator.call(`${QUAY}${path}?api-version=${version}`, { method, ...body });
}

const pool = (properties?: object, version?: string): Promise<WireAnswer> =>
  call(properties === undefined ? "GET" : "PUT", "/agentPools/apps", properties, version);

function advance(duration: string): Promise<unknown> {
  return emulator.control("POST", "/clock", { advance: duration });
}

/** Images of the nodes, by the machines that ARM lists. */
async function images(): Promise<readonly string[]> {
  const { json } = await call("GET", "/agentPools/apps/machines");
  const { value } = json as { value: { properties: { nodeImageVersion: string } }[] };
  return value.map(({ properties }) => properties.nodeImageVersion).toSorted();
}

const SETTINGS = {
  drainBatchSize: "50%",
  drainTimeoutInMinutes: 5,
  batchSoakDurationInMinutes: 5,
  finalSoakDurationInMinutes: 600,
};
const BLUE_GREEN = { upgradeStrategy: "BlueGreen", upgradeSettingsBlueGreen: SETTINGS };
const ONLY_OF_PREVIEWS = /upgradeStrategy|upgradeSettingsBlueGreen|maxBlockedNodes/;

test("a stable api-version neither takes nor shows what is a preview", async () => {
  const more = { upgradeSettings: { maxSurge: "1", maxBlockedNodes: "2" } };
  const put = await pool({ ...BLUE_GREEN, ...more }, STABLE);
  expect([put.status, put.text]).toEqual([200, expect.not.stringMatching(ONLY_OF_PREVIEWS)]);
  await advance("PT1M");
  const seen = (await pool()).json;
  expect(seen).toMatchObject({
    properties: { upgradeStrategy: "Rolling", upgradeSettings: { maxSurge: "1" } },
  });
  expect(JSON.stringify(seen)).not.toMatch(/BlueGreen|maxBlockedNodes/);

  await pool({ ...BLUE_GREEN, ...more });
  await advance("PT1M");
  const shown = { ...BLUE_GREEN, upgradeSettings: { maxBlockedNodes: "2" } };
  expect((await pool()).json).toMatchObject({ properties: shown });
  expect((await call("GET", "")).json).toMatchObject({
    properties: { agentPoolProfiles: [{ upgradeStrategy: "Rolling" }, shown] },
  });
  for (const path of ["", "/agentPools/apps", "/agentPools"]) {
    const { text } = await call("GET", path, undefined, STABLE);
    expect(text).not.toMatch(ONLY_OF_PREVIEWS);
  }
  // A caller that does not know them leaves them as they are.
  await pool({ nodeLabels: { tier: "apps" } }, STABLE);
  await advance("PT1M");
  expect((await pool()).json).toMatchObject({ properties: shown });
});

test.each([
  [{ upgradeStrategy: "Canary" }, "is not one of Rolling, BlueGreen"],
  [{ upgradeSettingsBlueGreen: { drainBatchSize: "0%" } }, "must be a non-zero number"],
  [{ upgradeSettingsBlueGreen: { finalSoakDurationInMinutes: 10_081 } }, "from 0 to 10080"],
  [{ upgradeSettings: { maxSurge: "3", maxBlockedNodes: "1" } }, "cannot be less than maxSurge"],
])("%j is refused", async (properties, message) => {
  const { status, text } = await pool(properties);
  expect([status, text]).toEqual([400, expect.stringContaining(message)]);
});

test("a blue-green upgrade over ARM: green beside blue, abort in the final soak, roll back, and again to its end", async () => {
  await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
  await pool({ ...BLUE_GREEN, orchestratorVersion: "1.33.5" });
  await advance("PT10M");
  expect(await images()).toEqual([OLD, OLD, OLD, OLD, NEW, NEW, NEW, NEW]);
  await advance("PT2H");
  const soaking = { orchestratorVersion: "1.33.5", nodeImageVersion: NEW };
  expect((await pool()).json).toMatchObject({
    properties: { ...soaking, provisioningState: "Upgrading" },
  });
  const back = { orchestratorVersion: "1.33.3", nodeImageVersion: OLD };
  const profile = await call("GET", "/agentPools/apps/upgradeProfiles/default");
  expect(profile.json).toMatchObject({ properties: { recentlyUsedVersions: [back] } });
  expect((await pool(back)).status).toBe(409);
  expect((await call("POST", "/agentPools/apps/abort")).status).toBe(202);
  expect((await pool({ orchestratorVersion: "1.33.3" })).status).toBe(409);

  expect((await pool(back)).status).toBe(200);
  await advance("PT1H");
  expect(await images()).toEqual([OLD, OLD, OLD, OLD]);
  expect((await pool()).json).toMatchObject({
    properties: { ...back, provisioningState: "Succeeded" },
  });

  await pool({ ...BLUE_GREEN, orchestratorVersion: "1.33.5" });
  await advance("P1D");
  expect(await images()).toEqual([NEW, NEW, NEW, NEW]);
});
