import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { NEW, OPERATOR, scenario, SUBJECT, SUBSCRIPTION } from "./quay.ts";

/** Names of resource groups may hold letters of all the world. */
const GROUP = "Häfen-(港)_1.x";
const PROVIDER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.ContainerService`;

let emulator: TestEmulator;
let job: Job;
beforeAll(async () => {
  const clusters = scenario.clusters?.map((cluster) => ({ ...cluster, resourceGroup: GROUP }));
  emulator = await startTestEmulator({
    scenario: { ...scenario, ...(clusters && { clusters }) },
    clock: 5_000,
  });
  job = await createJob({ files: {}, azure: emulator, clientId: OPERATOR, subject: SUBJECT });
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

test("a resource group of any letters: pools are looked at, upgraded and added; what Azure cannot take is said", async () => {
  const where = {
    "subscription-id": SUBSCRIPTION,
    "resource-group": GROUP,
    "cluster-name": "quay-1",
    "poll-interval": "1s",
  };
  const app = { ...where, "node-pool": "app" };
  const status = await job.run("blue-green", { operation: "status", ...app });
  expect(status).toMatchObject({ exitCode: 0, outputs: { "blue-nodes": "2" } });

  await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
  const newest = await job.run("node-pool", { operation: "upgrade-node-image", ...app });
  expect(newest).toMatchObject({ exitCode: 0, outputs: { "node-image-version": NEW } });
  await emulator.aks.snapshots.createOrUpdate(GROUP, "proven", {
    location: "westeurope",
    creationData: { sourceResourceId: `${PROVIDER}/managedClusters/quay-1/agentPools/app` },
  });

  const snapshot = { "snapshot-id": `${PROVIDER}/snapshots/proven` };
  const system = { ...where, "node-pool": "system", ...snapshot };
  const refused = await job.run("node-pool", { operation: "upgrade-node-image", ...system });
  expect(refused.outputs["failure-reason"]).toBe("unsupported");
  expect(refused.annotations.at(-1)?.message).toMatch(/request header.*ASCII/);

  const labels = { "node-labels": "tier=front\nzone = of the pier \n", count: "1" };
  const added = await job.run("node-pool", {
    operation: "add",
    ...where,
    "node-pool": "green",
    ...snapshot,
    ...labels,
  });
  expect(added).toMatchObject({ exitCode: 0, outputs: { "node-image-version": NEW, nodes: "1" } });
});
