import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { CLUSTERS, OLD, OPERATOR, operatorWithout, scenario } from "./quay.ts";
import { NEW, SUBJECT, takeSnapshot, writesTo } from "./quay.ts";

const BODY = `location: West Europe
identity: {type: SystemAssigned}
tags: {team: harbour}
properties:
  dnsPrefix: quay-3
  agentPoolProfiles:
    - {name: system, mode: System, count: 2, vmSize: Standard_D8ds_v5}
`;

let emulator: TestEmulator;
let job: Job;
let writes: () => Promise<readonly string[]>;
let proven: string;

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
  job = await jobOf(OPERATOR);
  writes = writesTo(emulator);
  proven = await takeSnapshot(emulator, "proven-app");
  await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
  await writes();
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

const jobOf = (clientId: string) =>
  createJob({
    files: { "clusters/quay-3.yaml": BODY },
    azure: emulator,
    clientId,
    subject: SUBJECT,
  });
const create = {
  operation: "create",
  "cluster-id": `${CLUSTERS}/quay-3`,
  definition: "clusters/quay-3.yaml",
  snapshot: "newest-proven",
  environment: "dev",
  "ssh-public-key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH ops@harbour",
  "poll-interval": "1s",
};

test("without the permission nothing is created, and it is named", async () => {
  const lesser = await jobOf(operatorWithout("Microsoft.ContainerService/managedClusters/write"));
  const { outputs, annotations } = await lesser.run("cluster", create);
  await lesser.close();
  await writes();
  expect(outputs["failure-reason"]).toBe("unauthorized");
  expect(annotations.at(-1)?.message).toContain("Microsoft.ContainerService/managedClusters/write");
});

test("a private key is refused and hidden", async () => {
  const secret = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";
  const { outputs, log } = await job.run("cluster", {
    ...create,
    "ssh-public-key": `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}`,
  });
  expect(outputs["failure-reason"]).toBe("invalid-input");
  expect(log).not.toContain(secret);
});

test("a cluster of what is proved, not of what is newest; the second time nothing is sent", async () => {
  const created = await job.run("cluster", create);
  expect(created).toMatchObject({
    exitCode: 0,
    outputs: {
      changed: "true",
      verdict: "pass",
      "cluster-id": expect.stringMatching(/managedClusters\/quay-3$/),
      "kubernetes-version": "1.33.5",
      "node-image-version": OLD,
      "snapshot-id": proven,
    },
  });
  expect(created.summary).toContain("2 × Standard_D8ds_v5");
  expect(await writes()).toHaveLength(1);
  const { json } = await emulator.call(`${CLUSTERS}/quay-3?api-version=2026-04-01`);
  expect(json).toMatchObject({
    properties: {
      autoUpgradeProfile: { upgradeChannel: "none", nodeOSUpgradeChannel: "None" },
      linuxProfile: { adminUsername: "azureuser" },
    },
  });
  const again = await job.run("cluster", create);
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false", verdict: "pass" } });
  expect(await writes()).toEqual([]);
});

test.each([
  [
    "a cluster that is another one",
    { "clusters/quay-3.yaml": BODY.replace("team: h", "team: x-h") },
    "conflict",
    /tags\.team/,
  ],
  [
    "another VM family",
    { "clusters/quay-3.yaml": BODY.replace("D8ds", "E8ds") },
    "not-found",
    /no proven snapshot/,
  ],
  [
    "no System pool",
    { "clusters/quay-3.yaml": BODY.replace("mode: System", "mode: User") },
    "invalid-input",
    /no System node pool/,
  ],
  ["a broken file", { "clusters/quay-3.yaml": "location: [" }, "invalid-input", /not sound/],
] as const)("refuses %s", async (_, files, reason, why) => {
  await job.write(files);
  const { exitCode, outputs, annotations } = await job.run("cluster", create);
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, reason]);
  expect(annotations.at(-1)?.message).toMatch(why);
  expect(await writes()).toEqual([]);
});
