import type { ContainerServiceClient } from "@azure/arm-containerservice";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const QUAY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/managedClusters/quay`;
const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const NEW = `${FAMILY}-202606.26.0`;

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  kubernetesVersions: ["1.32.9", "1.33.5", "1.34.1"],
  images: [{ region: "westeurope", version: OLD }],
  clusters: [
    {
      name: "quay",
      resourceGroup: "harbour",
      location: "westeurope",
      kubernetesVersion: "1.33.5",
      pools: [
        { name: "system", count: 1 },
        { name: "apps", count: 2 },
        { name: "jobs", count: 1, kubernetesVersion: "1.32.9" },
      ],
    },
  ],
};

let emulator: TestEmulator;
let aks: ContainerServiceClient;
beforeEach(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  aks = emulator.aks;
});
afterEach(() => emulator.close());

function call(path: string, options: object = {}): Promise<WireAnswer> {
  return emulator.call(`${path}?api-version=2026-04-01`, options);
}

function advance(duration: string): Promise<unknown> {
  return emulator.control("POST", "/clock", { advance: duration });
}

const NODE_OS = "aksManagedNodeOSUpgradeSchedule";
const nightly = {
  maintenanceWindow: {
    schedule: { daily: { intervalDays: 1 } },
    durationHours: 4,
    utcOffset: "+02:00",
    startTime: "02:00",
  },
};

test("a maintenance configuration is kept, listed and deleted by the SDK", async () => {
  const configurations = aks.maintenanceConfigurations;
  const put = await configurations.createOrUpdate("harbour", "quay", NODE_OS, nightly);
  expect(put).toMatchObject({ name: NODE_OS, ...nightly });
  expect(await configurations.get("harbour", "quay", NODE_OS.toUpperCase())).toEqual(put);
  const names: unknown[] = [];
  for await (const one of configurations.listByManagedCluster("harbour", "quay")) {
    names.push(one.name);
  }
  expect(names).toEqual([NODE_OS]);
  await configurations.delete("harbour", "quay", NODE_OS);
  await configurations.delete("harbour", "quay", NODE_OS);
  await expect(configurations.get("harbour", "quay", NODE_OS)).rejects.toMatchObject({
    statusCode: 404,
  });
});

const window = (change: object): object => ({
  maintenanceWindow: { ...nightly.maintenanceWindow, ...change },
});
const REFUSED = [
  { name: "another name", configuration: "mine", properties: nightly },
  {
    name: "a window of three hours",
    configuration: NODE_OS,
    properties: window({ durationHours: 3 }),
  },
  { name: "no schedule", configuration: NODE_OS, properties: window({ schedule: {} }) },
  {
    name: "two schedules",
    configuration: NODE_OS,
    properties: window({
      schedule: { daily: { intervalDays: 1 }, weekly: { intervalWeeks: 1, dayOfWeek: "Monday" } },
    }),
  },
  { name: "a start at noon", configuration: NODE_OS, properties: window({ startTime: "noon" }) },
  {
    name: "the fifth Monday",
    configuration: NODE_OS,
    properties: window({
      schedule: { relativeMonthly: { intervalMonths: 1, weekIndex: "Fifth", dayOfWeek: "Monday" } },
    }),
  },
];

test.each(REFUSED)("refused: $name", async ({ configuration, properties }) => {
  const path = `${QUAY}/maintenanceConfigurations/${configuration}`;
  const answer = await call(path, { method: "PUT", body: { properties } });
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({ error: { code: "InvalidParameter" } });
});

/** The virtual day begins at 08:00 UTC; the window opens at midnight UTC. */
test("AKS's own upgrade waits for the window, and a cluster created without a channel has one", async () => {
  const channels = { autoUpgradeProfile: { nodeOSUpgradeChannel: "NodeImage" } };
  await call(`${QUAY}/maintenanceConfigurations/${NODE_OS}`, {
    method: "PUT",
    body: { properties: nightly },
  });
  await call(QUAY, { method: "PUT", body: { location: "westeurope", properties: channels } });
  await advance("PT1H");
  await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
  await advance("PT14H");
  expect((await aks.agentPools.get("harbour", "quay", "apps")).nodeImageVersion).toBe(OLD);
  await advance("PT12H");
  expect((await aks.agentPools.get("harbour", "quay", "apps")).nodeImageVersion).toBe(NEW);

  const body = { location: "westeurope", properties: { agentPoolProfiles: [{ name: "a" }] } };
  const jetty = QUAY.replace("quay", "jetty");
  await call(jetty, { method: "PUT", body });
  await advance("PT2H");
  await emulator.control("POST", "/images", {
    region: "westeurope",
    version: `${FAMILY}-202606.30.0`,
  });
  await advance("P2D");
  const moved = await aks.agentPools.get("harbour", "jetty", "a");
  expect(moved.nodeImageVersion).toBe(`${FAMILY}-202606.30.0`);
});

test("a channel that is none of Azure's is refused", async () => {
  const properties = { autoUpgradeProfile: { upgradeChannel: "yesterday" } };
  const answer = await call(QUAY, { method: "PUT", body: { location: "westeurope", properties } });
  expect(answer.status).toBe(400);
});

test("a PUT of a cluster changes several pools and adds one, as one operation that can be followed", async () => {
  const before = await aks.managedClusters.get("harbour", "quay");
  const [system, apps, jobs] = before.agentPoolProfiles ?? [];
  const body = {
    location: "westeurope",
    properties: {
      agentPoolProfiles: [
        system,
        { ...apps, count: 4 },
        { ...jobs, orchestratorVersion: "1.33.5" },
        { name: "extra", count: 1, tags: { a: "1" } },
      ],
    },
  };
  const put = await call(QUAY, { method: "PUT", body });
  expect(put.status).toBe(200);
  expect(put.json).toMatchObject({ properties: { provisioningState: "Upgrading" } });
  const operation = String(put.headers["azure-asyncoperation"]).replace(emulator.ready.arm, "");
  expect((await emulator.call(operation)).json).toMatchObject({ status: "InProgress" });
  await advance("PT12H");
  expect((await emulator.call(operation)).json).toMatchObject({ status: "Succeeded" });
  const after = await aks.managedClusters.get("harbour", "quay");
  expect(after).toMatchObject({
    provisioningState: "Succeeded",
    agentPoolProfiles: [
      { name: "system", count: 1 },
      { name: "apps", count: 4 },
      { name: "jobs", orchestratorVersion: "1.33.5" },
      { name: "extra", tags: { a: "1" }, mode: "User" },
    ],
  });
});

test("an upgrade of the cluster takes along exactly the pools that ask for it", async () => {
  const before = await aks.managedClusters.get("harbour", "quay");
  const profiles = (before.agentPoolProfiles ?? []).map((profile) =>
    profile.name === "apps" ? { ...profile, orchestratorVersion: "1.34.1" } : profile,
  );
  const properties = { kubernetesVersion: "1.34.1", agentPoolProfiles: profiles };
  await emulator.control("POST", "/images", {
    region: "westeurope",
    version: "AKSUbuntu-2404gen2containerd-202606.26.0",
  });
  await call(QUAY, { method: "PUT", body: { location: "westeurope", properties } });
  await advance("PT12H");
  const after = await aks.managedClusters.get("harbour", "quay");
  expect(after.kubernetesVersion).toBe("1.34.1");
  expect(after.agentPoolProfiles?.map((one) => one.orchestratorVersion)).toEqual([
    "1.33.5",
    "1.34.1",
    "1.32.9",
  ]);
});

test("a field that only another api-version knows survives a PUT without it; null takes it away", async () => {
  const pool = `${QUAY}/agentPools/apps`;
  const put = async (properties: object): Promise<unknown> => {
    const answer = await call(pool, { method: "PUT", body: { properties } });
    await advance("PT1H");
    return answer.json;
  };
  await put({ count: 2, artifactStreamingProfile: { enabled: true }, tags: { a: "1" } });
  expect(await put({ count: 3 })).toMatchObject({
    properties: { count: 3, artifactStreamingProfile: { enabled: true }, tags: { a: "1" } },
  });
  await put({ count: 3, enableAutoScaling: true, minCount: 1, maxCount: 5 });
  expect(await put({ count: 3, enableAutoScaling: false })).not.toHaveProperty(
    "properties.minCount",
  );
  expect(await put({ count: 3, tags: null })).not.toHaveProperty("properties.tags");
});

const FORCED = [
  { name: "without an override", override: {}, forced: false },
  { name: "with one that has no end", override: { forceUpgrade: true }, forced: false },
  {
    name: "with one that is over",
    override: { forceUpgrade: true, until: "2026-07-01T07:00:00Z" },
    forced: false,
  },
  {
    name: "with one in force",
    override: { forceUpgrade: true, until: "2026-07-03T08:00:00Z" },
    forced: true,
  },
];

test.each(FORCED)("a budget without room, $name: forced $forced", async ({ override, forced }) => {
  const { clusters: [quay] = [], ...rest } = scenario;
  if (!quay) throw new Error("the scenario has no cluster");
  await emulator.close();
  const blocked = {
    ...quay,
    workloads: [{ name: "web" }],
    budgets: [{ name: "web", selector: { app: "web" }, maxUnavailable: 0 }],
  };
  for (const checkUnsatisfiableBudgets of [true, false]) {
    const rules = { checkUnsatisfiableBudgets };
    emulator = await startTestEmulator({
      scenario: { ...rest, rules, clusters: [blocked] },
      clock: "manual",
    });
    const properties = { upgradeSettings: { overrideSettings: override } };
    await call(QUAY, { method: "PUT", body: { location: "westeurope", properties } });
    await advance("PT1H");
    await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
    const upgraded: string[] = [];
    for (const name of ["system", "apps", "jobs"]) {
      const path = `${QUAY}/agentPools/${name}`;
      const answer = await call(`${path}/upgradeNodeImageVersion`, { method: "POST" });
      await advance("PT6H");
      const { properties: pool } = (await call(path)).json as {
        properties: { provisioningState: string };
      };
      upgraded.push(`${answer.status} ${pool.provisioningState}`);
    }
    const allWell = upgraded.every((one) => one === "202 Succeeded");
    expect(allWell).toBe(forced);
    if (!forced) {
      const state = checkUnsatisfiableBudgets ? "400 Succeeded" : "202 Failed";
      expect(upgraded).toContain(state);
    }
    if (checkUnsatisfiableBudgets) await emulator.close();
  }
});

test("machines and versions for new pools are listed; commands are refused in words", async () => {
  const machines: string[] = [];
  for await (const machine of aks.machines.list("harbour", "quay", "apps")) {
    machines.push(machine.name ?? "");
  }
  expect(machines).toHaveLength(2);
  const one = await aks.machines.get("harbour", "quay", "apps", machines[0] ?? "");
  expect(one.properties?.resourceId).toContain("/virtualMachineScaleSets/");
  const { agentPoolVersions } = await aks.agentPools.getAvailableAgentPoolVersions(
    "harbour",
    "quay",
  );
  expect(agentPoolVersions).toEqual([
    { kubernetesVersion: "1.32.9" },
    { kubernetesVersion: "1.33.5", default: true },
  ]);
  const command = await call(`${QUAY}/runCommand`, { method: "POST", body: { command: "ls" } });
  expect(command.json).toMatchObject({ error: { code: "RunCommandNotSupported" } });
});

test("a deleted cluster leaves its namesake neither windows nor pools", async () => {
  const path = `${QUAY}/maintenanceConfigurations/${NODE_OS}`;
  await call(path, { method: "PUT", body: { properties: nightly } });
  await call(`${QUAY}/agentPools/a`, {
    method: "PUT",
    body: { properties: { count: 1, tags: { a: "1" } } },
  });
  await advance("PT1H");
  await call(QUAY, { method: "DELETE" });
  await advance("PT2H");
  const body = { location: "westeurope", properties: { agentPoolProfiles: [{ name: "a" }] } };
  expect((await call(QUAY, { method: "PUT", body })).json).not.toHaveProperty(
    "properties.agentPoolProfiles.0.tags",
  );
  expect((await call(path)).status).toBe(404);
});

test("more clusters than fit a page are listed over nextLink", async () => {
  const { clusters: [quay] = [], ...rest } = scenario;
  if (!quay) throw new Error("the scenario has no cluster");
  await emulator.close();
  const clusters = Array.from({ length: 230 }, (_, index) => ({ ...quay, name: `quay-${index}` }));
  emulator = await startTestEmulator({ scenario: { ...rest, clusters }, clock: "manual" });
  const names = new Set<string>();
  let pages = 0;
  for await (const page of emulator.aks.managedClusters.list().byPage()) {
    pages += 1;
    for (const { name } of page) names.add(name ?? "");
  }
  expect([names.size, pages]).toEqual([230, 3]);
});
