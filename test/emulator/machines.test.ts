import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";

/** Regions run out of machines, and subscriptions out of vCPUs: what clients are told over the wire. */
const [GROUP, CLUSTER, POOL] = ["demo", "cluster-1", "nodepool1"];
const [REGION, SIZE] = ["westeurope", "Standard_D4ds_v5"];
const NEW_IMAGE = "AKSUbuntu-2204gen2containerd-202606.26.0";

const scenario: Scenario = {
  ...DEFAULT_SCENARIO,
  quotas: [{ region: REGION, name: "cores", limit: 20 }],
  capacities: [{ region: REGION, vmSize: SIZE, machines: 3 }],
};

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  const image = { region: REGION, version: NEW_IMAGE };
  await emulator.control("POST", "/images", image);
});
afterAll(() => emulator.close());

const pass = (time: string): Promise<unknown> =>
  emulator.control("POST", "/clock", { advance: time });

async function failureOf(path: string): Promise<unknown> {
  const before = await emulator.call(path, { method: "POST" });
  expect(before.status).toBe(202);
  await pass("PT1H");
  return (await emulator.call(operationPath(before.headers["azure-asyncoperation"]))).json;
}

function operationPath(url: string | string[] | undefined): string {
  const { pathname, search } = new URL(String(url));
  return `${pathname}${search}`;
}

test("the SDK is refused more vCPUs than there are, and told how many", async () => {
  const { agentPools } = emulator.aks;
  const more = { count: 4, vmSize: SIZE, mode: "User" };
  await expect(
    agentPools.createOrUpdate(GROUP, CLUSTER, "more", more, emulator.polling),
  ).rejects.toMatchObject({
    statusCode: 400,
    code: "ErrCode_InsufficientVCPUQuota",
    message: expect.stringContaining("left regional vcpu quota 8, requested quota 16"),
  });
});

test("an upgrade without a machine for its surge fails, and so does a run; then there is one", async () => {
  const { subscription } = emulator.ready;
  const provider = `/subscriptions/${subscription}/resourceGroups/${GROUP}/providers/Microsoft.ContainerService`;
  const pool = `${provider}/managedClusters/${CLUSTER}/agentPools/${POOL}`;
  const version = "?api-version=2026-04-01";
  expect(await failureOf(`${pool}/upgradeNodeImageVersion${version}`)).toMatchObject({
    status: "Failed",
    error: { code: "AllocationFailed", message: expect.stringContaining(SIZE) },
  });
  const run = `${provider}/fleets/fleet-1/updateRuns/run-1`;
  const managedClusterUpdate = {
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Latest" },
  };
  const body = { properties: { managedClusterUpdate } };
  await emulator.call(`${run}${version}`, { method: "PUT", body });
  await emulator.call(`${run}/start${version}`, { method: "POST" });
  await pass("PT1H");
  const stopped = await emulator.call(`${run}${version}`);
  expect(stopped.json).toMatchObject({ properties: { status: { status: { state: "Failed" } } } });
  expect(stopped.text).toContain("AllocationFailed");
  await emulator.control("POST", "/capacities", { region: REGION, vmSize: SIZE, machines: 4 });
  await emulator.call(`${run}/start${version}`, { method: "POST" });
  await pass("PT2H");
  expect((await emulator.call(`${run}${version}`)).json).toMatchObject({
    properties: { status: { status: { state: "Completed" } } },
  });
  expect((await emulator.call(`${pool}${version}`)).json).toMatchObject({
    properties: { nodeImageVersion: NEW_IMAGE, provisioningState: "Succeeded" },
  });
});
