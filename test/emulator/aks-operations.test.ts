import { afterEach, beforeEach, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const CLUSTER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/managedClusters/quay`;
const APPS = `${CLUSTER}/agentPools/apps`;
const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const NEW = `${FAMILY}-202606.26.0`;

/** A pool of three with a budget that forbids its only pod ever to go. */
const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  kubernetesVersions: ["1.32.9", "1.33.5"],
  images: [
    { region: "westeurope", version: OLD },
    { region: "westeurope", version: NEW },
  ],
  clusters: [
    {
      name: "quay",
      resourceGroup: "harbour",
      location: "westeurope",
      kubernetesVersion: "1.32.9",
      pools: [
        { name: "system", count: 1, nodeImageVersion: OLD },
        {
          name: "apps",
          mode: "User",
          count: 3,
          nodeImageVersion: OLD,
          upgradeSettings: { maxSurge: "1", drainTimeoutInMinutes: 5 },
          nodeLabels: { tier: "apps" },
        },
      ],
      workloads: [{ name: "web", replicas: 1, nodeSelector: { tier: "apps" } }],
      budgets: [{ name: "web", selector: { app: "web" }, maxUnavailable: 0 }],
    },
  ],
};

let emulator: TestEmulator;
beforeEach(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
});
afterEach(() => emulator.close());

function call(method: string, path: string, body?: object, query = ""): Promise<WireAnswer> {
  const options = body === undefined ? { method } : { method, body };
  return emulator.call(`${path}?api-version=2026-04-01${query}`, options);
}

const advance = (duration: string): Promise<unknown> =>
  emulator.control("POST", "/clock", { advance: duration });

async function properties(path: string): Promise<Record<string, unknown>> {
  return ((await call("GET", path)).json as { properties: Record<string, unknown> }).properties;
}

async function machines(): Promise<number> {
  const { value } = (await call("GET", `${APPS}/machines`)).json as { value: unknown[] };
  return value.length;
}

const upgradeImage = (): Promise<WireAnswer> => call("POST", `${APPS}/upgradeNodeImageVersion`);

/** Every operation of a pool, and how many machines the pool has an hour after its abort. */
const OF_POOL = [
  { what: "an upgrade", begin: upgradeImage, left: 4 },
  { what: "scaling up", begin: () => call("PUT", APPS, { properties: { count: 5 } }), left: 5 },
  { what: "scaling down", begin: () => call("PUT", APPS, { properties: { count: 1 } }), left: 3 },
  { what: "its deletion", begin: () => call("DELETE", APPS), left: 3 },
  { what: "a reconciliation", begin: () => call("PUT", APPS, { properties: {} }), left: 3 },
] as const;

test.each(OF_POOL)("$what of a pool is aborted and ends Canceled", async ({ begin, left }) => {
  const begun = await begin();
  expect(begun.status).toBeLessThan(300);
  await advance("PT1S");
  await emulator.aks.agentPools.abortLatestOperation("harbour", "quay", "apps", emulator.polling);
  expect(await properties(APPS)).toMatchObject({ provisioningState: "Canceled" });
  const followed = new URL(String(begun.headers["azure-asyncoperation"]));
  expect((await emulator.call(followed.pathname + followed.search)).json).toMatchObject({
    status: "Canceled",
    error: { code: "OperationPreempted" },
  });
  await advance("PT1H");
  expect(await properties(APPS)).toMatchObject({ provisioningState: "Canceled" });
  expect(await machines()).toBe(left);
  expect((await call("POST", `${APPS}/abort`)).status).toBe(409);

  await call("PUT", APPS, { properties: { count: 2 } });
  await advance("PT6H");
  expect(await machines()).toBe(2);
});

const upgradeCluster = (): Promise<WireAnswer> =>
  call("PUT", CLUSTER, {
    location: "westeurope",
    properties: {
      kubernetesVersion: "1.33.5",
      agentPoolProfiles: [{ name: "system", orchestratorVersion: "1.33.5" }],
    },
  });

test("an upgrade of a cluster is aborted before its control plane moved: nothing has changed, nothing goes on", async () => {
  await upgradeCluster();
  await advance("PT10S");
  await emulator.aks.managedClusters.abortLatestOperation("harbour", "quay", emulator.polling);
  await advance("PT6H");
  expect(await properties(CLUSTER)).toMatchObject({
    provisioningState: "Canceled",
    kubernetesVersion: "1.32.9",
  });
  await call("PUT", CLUSTER, { location: "westeurope", properties: {} });
  await advance("PT6H");
  expect(await properties(CLUSTER)).toMatchObject({
    provisioningState: "Succeeded",
    kubernetesVersion: "1.32.9",
    agentPoolProfiles: [{ orchestratorVersion: "1.32.9", provisioningState: "Succeeded" }, {}],
  });
});

test("an upgrade of a cluster that is aborted among its pools goes on with the next PUT", async () => {
  await upgradeCluster();
  const isUpgrading = async (): Promise<boolean> =>
    (await properties(CLUSTER))["kubernetesVersion"] === "1.33.5";
  for (let minutes = 0; minutes < 60 && !(await isUpgrading()); minutes++) await advance("PT1M");
  expect((await call("POST", `${CLUSTER}/abort`)).status).toBe(202);
  const versions = { agentPoolProfiles: [{ orchestratorVersion: "1.32.9" }, {}] };
  expect(await properties(CLUSTER)).toMatchObject({ provisioningState: "Canceled", ...versions });
  await call("PUT", CLUSTER, { location: "westeurope", properties: {} });
  await advance("PT6H");
  expect(await properties(CLUSTER)).toMatchObject({
    agentPoolProfiles: [{ orchestratorVersion: "1.33.5", provisioningState: "Succeeded" }, {}],
  });
  expect((await call("POST", `${CLUSTER}/abort`)).status).toBe(409);
});

test("stop, and the creation of a pool, are aborted", async () => {
  await call("POST", `${CLUSTER}/stop`);
  await call("POST", `${CLUSTER}/abort`);
  await advance("PT1H");
  expect(await properties(CLUSTER)).toMatchObject({
    provisioningState: "Canceled",
    powerState: { code: "Running" },
  });
  const extra = `${CLUSTER}/agentPools/extra`;
  await call("PUT", extra, { properties: { count: 2 } });
  await call("POST", `${extra}/abort`);
  await advance("PT1H");
  expect(await properties(extra)).toMatchObject({ provisioningState: "Canceled", count: 2 });
});

test("a pool whose budgets forbid its deletion is deleted when they are to be ignored", async () => {
  await call("DELETE", APPS);
  await advance("PT1H");
  expect(await properties(APPS)).toMatchObject({ provisioningState: "Failed" });
  expect(await machines()).toBe(1);
  await call("DELETE", APPS, undefined, "&ignore-pod-disruption-budget=true");
  await advance("PT1H");
  expect((await call("GET", APPS)).status).toBe(404);
});

test("a PUT that is refused forces nothing", async () => {
  await upgradeCluster();
  expect((await force("2027-01-01T00:00:00Z")).status).toBe(409);
  await call("POST", `${CLUSTER}/abort`);
  await upgradeImage();
  await advance("PT6H");
  expect(await properties(APPS)).toMatchObject({ provisioningState: "Failed" });
});

test("a pool is rolled back to what it ran before, once, and within seven days", async () => {
  const client = emulator.aks.agentPools;
  const recent = async (): Promise<unknown> =>
    (await client.getUpgradeProfile("harbour", "quay", "apps")).recentlyUsedVersions;
  const put = (nodeImageVersion: string): Promise<WireAnswer> =>
    call("PUT", APPS, { properties: { nodeImageVersion } });
  expect(await recent()).toEqual([]);
  expect((await put(NEW)).status).toBe(400);
  await force("2027-01-01T00:00:00Z");
  await advance("PT5M");
  await upgradeImage();
  await advance("PT6H");
  const before = { orchestratorVersion: "1.32.9", nodeImageVersion: OLD };
  expect(await recent()).toEqual([{ ...before, timestamp: expect.any(Date) }]);
  expect((await put(NEW)).status).toBe(200);
  await advance("PT5M");
  expect((await put(OLD)).json).toMatchObject({
    properties: { provisioningState: "UpgradingNodeImageVersion" },
  });
  await advance("PT6H");
  expect(await properties(APPS)).toMatchObject({
    provisioningState: "Succeeded",
    nodeImageVersion: OLD,
  });
  expect(await recent()).toEqual([]);
  expect((await put(NEW)).status).toBe(400);

  await upgradeImage();
  await advance("P8D");
  expect(await recent()).toEqual([]);
  expect((await put(OLD)).status).toBe(400);
});

test("a cluster keeps a system pool that runs, and system pools run Linux", async () => {
  const system = `${CLUSTER}/agentPools/system`;
  const refused = [
    await call("PUT", system, { properties: { mode: "User" } }),
    await call("PUT", system, { properties: { count: 0 } }),
    await call("PUT", system, { properties: { powerState: { code: "Stopped" } } }),
    await call("DELETE", system),
    await call("PUT", `${CLUSTER}/agentPools/win`, {
      properties: { mode: "System", osType: "Windows", count: 1 },
    }),
    await call("PUT", CLUSTER.replace("quay", "dock"), {
      location: "westeurope",
      properties: { agentPoolProfiles: [{ name: "np", mode: "User", count: 1 }] },
    }),
  ];
  expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
  await call("PUT", APPS, { properties: { mode: "System" } });
  await advance("PT1H");
  expect((await call("PUT", system, { properties: { mode: "User" } })).status).toBe(200);
});

test("PATCH changes tags alone: what it does not say stays, null takes them away", async () => {
  const patch = async (body: object): Promise<unknown> =>
    ((await call("PATCH", CLUSTER, body)).json as { tags?: unknown }).tags;
  expect(await patch({ tags: { tier: "gold" } })).toEqual({ tier: "gold" });
  expect(await patch({})).toEqual({ tier: "gold" });
  expect(await patch({ tags: null })).toBeUndefined();
});

test("a number that is a text is refused, not passed over", async () => {
  const upgradeSettings = { drainTimeoutInMinutes: "30" };
  for (const properties of [{ count: "5" }, { count: 2.5 }, { upgradeSettings }]) {
    const answer = await call("PUT", APPS, { properties });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("whole number")]);
  }
});

const force = (until: string): Promise<WireAnswer> =>
  call("PUT", CLUSTER, {
    location: "westeurope",
    properties: { upgradeSettings: { overrideSettings: { forceUpgrade: true, until } } },
  });

test("a forced upgrade stays forced when `until` passes while it is under way; one that begins later is not", async () => {
  await force("2026-07-01T08:10:00Z");
  await advance("PT5M");
  await upgradeImage();
  await advance("PT6H");
  expect(await properties(APPS)).toMatchObject({
    provisioningState: "Succeeded",
    nodeImageVersion: NEW,
  });
  await emulator.control("POST", "/images", {
    region: "westeurope",
    version: `${FAMILY}-202607.09.0`,
  });
  await upgradeImage();
  await advance("PT6H");
  expect(await properties(APPS)).toMatchObject({ provisioningState: "Failed" });
});
