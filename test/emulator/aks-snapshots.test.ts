import type { AgentPool, ContainerServiceClient } from "@azure/arm-containerservice";
import { afterEach, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const PROVIDER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
const QUAY = `${PROVIDER}/managedClusters/quay`;
const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const NEW = `${FAMILY}-202606.26.0`;
const NEWEST = `${FAMILY}-202606.30.0`;

function scenario(change: Partial<Scenario> = {}, kubernetesVersion = "1.33.5"): Scenario {
  const pool = { count: 1, kubernetesVersion: kubernetesVersion < "1.32" ? "1.30.1" : "1.32.9" };
  return {
    subscription: SUBSCRIPTION,
    kubernetesVersions: ["1.32.9", "1.33.5"],
    images: [{ region: "westeurope", version: OLD }],
    clusters: [
      {
        name: "quay",
        resourceGroup: "harbour",
        location: "westeurope",
        kubernetesVersion,
        pools: [
          { ...pool, name: "system", kubernetesVersion },
          { ...pool, name: "old" },
          { ...pool, name: "older", upgradeSettings: { maxSurge: "1" } },
        ],
      },
    ],
    ...change,
  };
}

let emulator: TestEmulator;
let aks: ContainerServiceClient;
afterEach(() => emulator.close());

async function start(made: Scenario = scenario()): Promise<void> {
  emulator = await startTestEmulator({ scenario: made, clock: "manual" });
  aks = emulator.aks;
}

function call(path: string, options: object = {}): Promise<WireAnswer> {
  return emulator.call(`${path}?api-version=2026-04-01`, options);
}

function advance(duration: string): Promise<unknown> {
  return emulator.control("POST", "/clock", { advance: duration });
}

function release(version: string): Promise<unknown> {
  return emulator.control("POST", "/images", { region: "westeurope", version });
}

function take(name: string, pool: string): Promise<WireAnswer> {
  const creationData = { sourceResourceId: `${QUAY}/agentPools/${pool}` };
  const body = { location: "westeurope", properties: { snapshotType: "NodePool", creationData } };
  return call(`${PROVIDER}/snapshots/${name}`, { method: "PUT", body });
}

const from = (snapshot: string): object => ({
  creationData: { sourceResourceId: `${PROVIDER}/snapshots/${snapshot}` },
});

async function putPool(name: string, properties: object): Promise<WireAnswer> {
  const answer = await call(`${QUAY}/agentPools/${name}`, { method: "PUT", body: { properties } });
  await advance("PT12H");
  return answer;
}

/** The POST that changes the image alone; the snapshot is named by a header. */
async function upgradeImage(pool: string, snapshot?: string): Promise<WireAnswer> {
  const headers = snapshot ? { AKSSnapshotId: `${PROVIDER}/snapshots/${snapshot}` } : {};
  const path = `${QUAY}/agentPools/${pool}/upgradeNodeImageVersion`;
  const answer = await call(path, { method: "POST", headers });
  await advance("PT12H");
  return answer;
}

function pool(name: string): Promise<AgentPool> {
  return Promise.resolve(aks.agentPools.get("harbour", "quay", name));
}

test("PUT, PATCH and DELETE of a snapshot are synchronous: no header of an operation, no state", async () => {
  await start();
  const path = `${PROVIDER}/snapshots/before`;
  const tagged = { method: "PATCH", body: { tags: { a: "1" } } };
  const answers = [
    await take("before", "system"),
    await call(path, tagged),
    await call(path, { method: "DELETE" }),
    await call(path, { method: "DELETE" }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 204]);
  for (const { headers, text } of answers) {
    expect(headers).not.toHaveProperty("azure-asyncoperation");
    expect(headers).not.toHaveProperty("location");
    expect(text).not.toContain("provisioningState");
  }
});

test("callers cannot write what a snapshot copies; FIPS is copied, fields of the future are kept", async () => {
  await start();
  await putPool("fips", { count: 1, enableFIPS: true, orchestratorVersion: "1.33.5" });
  const creationData = { sourceResourceId: `${QUAY}/agentPools/fips` };
  const lies = { nodeImageVersion: NEWEST, vmSize: "Standard_E4s_v5", fromTheFuture: [1] };
  const put = await call(`${PROVIDER}/snapshots/s`, {
    method: "PUT",
    body: { location: "westeurope", properties: { creationData, ...lies } },
  });
  expect(put.json).toMatchObject({
    properties: {
      nodeImageVersion: OLD,
      vmSize: "Standard_D4ds_v5",
      enableFIPS: true,
      fromTheFuture: [1],
    },
  });
});

test("the header takes a pool to the snapshot's image; without it the pool goes to the newest and leaves the snapshot", async () => {
  await start();
  await release(NEW);
  await upgradeImage("old");
  await take("new", "old");
  await release(NEWEST);
  expect((await upgradeImage("older", "new")).status).toBe(202);
  expect(await pool("older")).toMatchObject({
    nodeImageVersion: NEW,
    creationData: { sourceResourceId: `${PROVIDER}/snapshots/new` },
    upgradeSettings: { maxSurge: "1" },
  });
  await upgradeImage("older");
  const after = await pool("older");
  expect(after.nodeImageVersion).toBe(NEWEST);
  expect(after.creationData).toBeUndefined();
});

test("a pool is upgraded to a snapshot with a newer Kubernetes version by a PUT", async () => {
  await start();
  await release(NEW);
  await upgradeImage("system");
  await take("new", "system");
  await release(NEWEST);
  const put = await putPool("old", { count: 1, orchestratorVersion: "1.33.5", ...from("new") });
  expect(put.status).toBe(200);
  expect(await pool("old")).toMatchObject({
    orchestratorVersion: "1.33.5",
    nodeImageVersion: NEW,
    creationData: { sourceResourceId: `${PROVIDER}/snapshots/new` },
  });
});

test("scaling keeps image and snapshot; a later upgrade without the snapshot drops it and goes to the newest", async () => {
  await start();
  await take("before", "old");
  await putPool("pinned", { count: 1, ...from("before") });
  await release(NEW);
  await putPool("pinned", { count: 3 });
  expect(await pool("pinned")).toMatchObject({
    count: 3,
    nodeImageVersion: OLD,
    orchestratorVersion: "1.32.9",
    creationData: { sourceResourceId: `${PROVIDER}/snapshots/before` },
  });
  await putPool("pinned", { count: 3, orchestratorVersion: "1.33.5" });
  const after = await pool("pinned");
  expect(after).toMatchObject({ nodeImageVersion: NEW, orchestratorVersion: "1.33.5" });
  expect(after.creationData).toBeUndefined();
});

test("a snapshot outlives its source cluster", async () => {
  await start();
  await take("before", "old");
  const jetty = `${PROVIDER}/managedClusters/jetty`;
  const properties = { kubernetesVersion: "1.33.5", agentPoolProfiles: [{ name: "a", count: 1 }] };
  await call(jetty, { method: "PUT", body: { location: "westeurope", properties } });
  await advance("PT2H");
  await call(QUAY, { method: "DELETE" });
  await advance("PT2H");
  expect((await call(QUAY)).status).toBe(404);
  const body = { properties: { count: 1, ...from("before") } };
  const answer = await call(`${jetty}/agentPools/late`, { method: "PUT", body });
  expect(answer.status).toBe(201);
  expect(answer.json).toMatchObject({
    properties: { nodeImageVersion: OLD, orchestratorVersion: "1.32.9" },
  });
});

const REFUSED_UPGRADES = [
  {
    name: "a Kubernetes version that only the image upgrade may keep",
    act: () => putPool("system", { count: 1, ...from("new") }),
    message: /use upgradeNodeImageVersion/,
  },
  {
    name: "a node image upgrade that would change the Kubernetes version",
    act: () => upgradeImage("old", "new"),
    message: /cannot change it/,
  },
  {
    name: "a version in the body that is not the snapshot's",
    act: () => putPool("old", { count: 1, orchestratorVersion: "1.32.9", ...from("new") }),
    message: /differs from the snapshot/,
  },
  {
    name: "an older image",
    act: () => upgradeImage("newest", "new"),
    message: /older than the node pool/,
  },
  {
    name: "another operating system",
    act: () => putPool("other", { count: 1, osSKU: "AzureLinux", ...from("new") }),
    message: /asks for Linux AzureLinux/,
  },
  {
    name: "a snapshot that is not there",
    act: () => upgradeImage("old", "none"),
    message: /was not found/,
  },
];

test.each(REFUSED_UPGRADES)("refused: $name", async ({ act, message }) => {
  await start();
  await release(NEW);
  await putPool("source", { count: 1, orchestratorVersion: "1.33.5" });
  await take("new", "source");
  await release(NEWEST);
  await putPool("newest", { count: 1, orchestratorVersion: "1.33.5" });
  const answer = await act();
  expect(answer.status).toBe(400);
  expect(answer.json).toEqual({
    error: { code: expect.any(String), message: expect.stringMatching(message) },
  });
});

test("an older snapshot is taken where the switch allows it", async () => {
  await start(scenario({ rules: { allowSnapshotDowngrade: true } }));
  await take("before", "system");
  await release(NEW);
  await upgradeImage("system");
  expect((await upgradeImage("system", "before")).status).toBe(202);
  expect((await pool("system")).nodeImageVersion).toBe(OLD);
});

test("a Kubernetes version out of support makes a snapshot useless, though it can be taken", async () => {
  await start(scenario({}, "1.30.1"));
  expect((await take("before", "system")).status).toBe(200);
  const answer = await putPool("late", { count: 1, ...from("before") });
  expect(answer.json).toMatchObject({
    error: { code: "InvalidParameter", message: expect.stringContaining("out of support") },
  });
});

test("pools of before 10 November 2021 have no snapshots, later ones do", async () => {
  await start(scenario({ start: "2021-11-01T00:00:00Z" }));
  await advance("P20D");
  const refused = await take("before", "system");
  expect(refused.status).toBe(400);
  expect(refused.text).toContain("2021-11-10");
  await putPool("fresh", { count: 1 });
  expect((await take("after", "fresh")).status).toBe(200);
});
