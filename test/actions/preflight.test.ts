import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { files, OPERATOR, scenario, SUBJECT } from "./harbour.ts";

/** One cluster whose pods have addresses of the subnet, and one with an overlay; both with hardly any left. */
const [first, second] = scenario.clusters ?? [];
const inSubnet = (cluster: typeof first, vnetSubnetID: string) => ({
  ...cluster!,
  pools: cluster!.pools.map((pool) =>
    pool.mode === "System" ? { ...pool, maxPods: 30, vnetSubnetID } : pool,
  ),
});
const narrow: Scenario = {
  ...scenario,
  virtualNetworks: [
    {
      name: "harbour",
      resourceGroup: "harbour",
      subnets: [
        // Two nodes hold 62 of 251.
        { name: "flat", addressPrefix: "10.1.0.0/24", used: 251 - 62 - 30 },
        // Two nodes hold two of three.
        { name: "overlay", addressPrefix: "10.2.0.0/29" },
      ],
    },
  ],
  clusters: [
    {
      ...inSubnet(first, "harbour/overlay"),
      networkProfile: { networkPlugin: "azure", networkPluginMode: "overlay" },
    },
    inSubnet(second, "harbour/flat"),
  ],
};

let emulator: TestEmulator;
let job: Job;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario: narrow, clock: 600 });
  job = await createJob({ files, azure: emulator, clientId: OPERATOR, subject: SUBJECT });
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

const preflight = (inputs: Readonly<Record<string, string>> = {}) =>
  job.run("update-run", { operation: "preflight", environment: "dev", ...inputs });

test("addresses that surge nodes take are counted, with an overlay and without", async () => {
  const looked = await preflight();
  expect(looked).toMatchObject({ exitCode: 1, outputs: { "failure-reason": "preflight-failed" } });
  expect(looked.summary).toMatch(
    /\| block \| subnet-addresses \| quay-2: subnet harbour\/flat has 30 of 251 addresses free, the surge nodes of system \(1 × 31\) take 31 \|/,
  );
  const warned = await preflight({ "preflight-rules": "subnet-addresses=warn" });
  expect(warned).toMatchObject({ exitCode: 0, outputs: { verdict: "warn", unchecked: "[]" } });
});

test("members that were not looked at are named in log, summary and output", async () => {
  const sentence = "nodes, budgets and windows of quay-2: preflight-members ends before them";
  const looked = await preflight({
    "preflight-members": "1",
    "preflight-rules": "subnet-addresses=warn",
  });
  expect(JSON.parse(looked.outputs["unchecked"] ?? "")).toEqual([sentence]);
  expect(looked.log).toContain(`preflight not checked: ${sentence}`);
  expect(looked.summary).toContain(`Not checked: ${sentence}.`);
  const wrong = await preflight({ "preflight-members": "all" });
  expect(wrong.annotations.at(-1)?.message).toMatch(
    /preflight-members is "all".*whole number from 0 to 1000/,
  );
});
