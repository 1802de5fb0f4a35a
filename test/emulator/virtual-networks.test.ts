import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { validateScenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers`;
const NETWORK = `${GROUP}/Microsoft.Network/virtualNetworks/harbour`;
const VERSION = "?api-version=2024-05-01";

const subnet = (name: string, addressPrefix: string, used = 0) => ({ name, addressPrefix, used });
const cluster = (name: string, pool: object, networkProfile = {}) => ({
  name,
  resourceGroup: "harbour",
  location: "westeurope",
  kubernetesVersion: "1.33.5",
  networkProfile,
  pools: [{ name: "system", count: 2, maxPods: 30, ...pool }],
});
const scenario = validateScenario(
  {
    subscription: SUBSCRIPTION,
    images: [{ region: "westeurope", version: "AKSUbuntu-2204gen2containerd-202606.16.0" }],
    virtualNetworks: [
      {
        name: "harbour",
        resourceGroup: "harbour",
        subnets: [
          subnet("flat", "10.1.0.0/24", 3),
          subnet("overlay", "10.2.0.0/29"),
          subnet("nodes", "10.3.0.0/26"),
          subnet("pods", "10.4.0.0/22"),
        ],
      },
    ],
    clusters: [
      cluster("quay-1", { vnetSubnetID: "harbour/flat" }),
      cluster(
        "quay-2",
        { vnetSubnetID: `${NETWORK}/subnets/overlay` },
        { networkPluginMode: "overlay" },
      ),
      cluster("quay-3", { vnetSubnetID: "harbour/nodes", podSubnetID: "harbour/pods" }),
    ],
  },
  "scenario.yaml",
);

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 3_600 });
});
afterAll(() => emulator.close());

test("usages count what nodes, their pods and others hold, less what Azure keeps", async () => {
  const { json } = await emulator.call(`${NETWORK}/usages${VERSION}`);
  const { value } = json as { value: { id: string; currentValue: number; limit: number }[] };
  expect(
    value.map(({ id, ...one }) => [id.split("/").at(-1), one.currentValue, one.limit]),
  ).toEqual([
    ["flat", 3 + 2 * 31, 251],
    ["overlay", 2, 3],
    ["nodes", 2, 59],
    ["pods", 2 * 16, 1_019],
  ]);
});

test("networks and subnets are read by name, and pools say where they are", async () => {
  const { json } = await emulator.call(`${NETWORK}/subnets/flat${VERSION}`);
  expect(json).toMatchObject({ name: "flat", properties: { addressPrefix: "10.1.0.0/24" } });
  const pool = await emulator.aks.agentPools.get("harbour", "quay-1", "system");
  expect(pool).toMatchObject({ vnetSubnetID: `${NETWORK}/subnets/flat`, maxPods: 30 });
  const overlay = await emulator.aks.managedClusters.get("harbour", "quay-2");
  expect(overlay.networkProfile).toMatchObject({
    networkPlugin: "azure",
    networkPluginMode: "overlay",
    loadBalancerSku: "standard",
  });
});

test("networks are made, changed and deleted, and nodes find their subnets in them", async () => {
  const yard = NETWORK.replace(/harbour$/, "yard");
  const call = (method: string, path: string, body?: object) =>
    emulator.call(`${path}${VERSION}`, { method, ...(body && { body }) });
  const range = (addressPrefix: string) => ({ properties: { addressPrefix } });
  const space = { addressPrefixes: ["10.9.0.0/16"] };
  const body = {
    location: "westeurope",
    tags: { owner: "yard" },
    properties: { addressSpace: space, subnets: [{ name: "one", ...range("10.9.1.0/24") }] },
  };
  expect((await call("PUT", yard, body)).status).toBe(201);
  expect((await call("PUT", `${yard}/subnets/two`, range("10.9.2.0/28"))).status).toBe(201);
  expect((await call("GET", yard)).json).toMatchObject({
    tags: { owner: "yard" },
    properties: { addressSpace: space, subnets: [{ name: "one" }, { name: "two" }] },
  });
  await emulator.aks.agentPools.createOrUpdate(
    "harbour",
    "quay-1",
    "yard",
    {
      count: 1,
      mode: "User",
      maxPods: 10,
      vmSize: "Standard_D4s_v5",
      vnetSubnetID: `${yard}/subnets/two`,
    },
    emulator.polling,
  );
  expect((await call("GET", `${yard}/usages`)).json).toMatchObject({
    value: [{ currentValue: 0 }, { currentValue: 11, limit: 11 }],
  });
  expect((await call("DELETE", yard)).status).toBe(400);
  expect((await call("DELETE", `${yard}/subnets/one`)).status).toBe(200);
  expect((await call("DELETE", `${yard}/subnets/one`)).status).toBe(204);
});

describe("what is not there is refused", () => {
  test.each([
    ["a network", "GET", NETWORK.replace(/harbour$/, "hafen"), 404, "ResourceNotFound"],
    ["a subnet", "GET", `${NETWORK}/subnets/nope`, 404, "ResourceNotFound"],
    ["another type", "GET", `${GROUP}/Microsoft.Network/loadBalancers`, 404, "InvalidResourceType"],
    ["a network without a place", "PUT", NETWORK, 400, "LocationRequired"],
    [
      "a subnet without a range",
      "PUT",
      `${NETWORK}/subnets/new`,
      400,
      "InvalidAddressPrefixFormat",
    ],
    [
      "the end of a subnet in use",
      "DELETE",
      `${NETWORK}/subnets/flat`,
      400,
      "InUseSubnetCannotBeDeleted",
    ],
    ["the end of a network in use", "DELETE", NETWORK, 400, "InUseSubnetCannotBeDeleted"],
    ["a method that none has", "POST", `${NETWORK}/subnets/flat`, 405, "MethodNotAllowed"],
  ])("%s", async (_, method, path, status, code) => {
    const answer = await emulator.call(`${path}${VERSION}`, {
      method,
      ...(method === "PUT" && { body: {} }),
    });
    expect([answer.status, (answer.json as { error: { code: string } }).error.code]).toEqual([
      status,
      code,
    ]);
  });

  test("a subnet that a pool names, and a range that is none, with file and field", () => {
    const broken = (change: object) => () => validateScenario(change, "scenario.yaml");
    expect(broken({ clusters: [cluster("quay-1", { vnetSubnetID: "harbour/nope" })] })).toThrow(
      "scenario.yaml: clusters[0].pools[0].vnetSubnetID: there is no subnet harbour/nope",
    );
    const networks = [{ ...scenario.virtualNetworks?.[0], subnets: [subnet("flat", "10.1.0.0")] }];
    expect(broken({ virtualNetworks: networks })).toThrow(
      /subnets\[0\]\.addressPrefix: write it as/,
    );
  });
});
