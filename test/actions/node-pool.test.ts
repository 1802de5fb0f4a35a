import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { CLUSTERS, NEW, OLD, OPERATOR, operatorWithout, scenario } from "./quay.ts";
import { SUBJECT, SUBSCRIPTION, takeSnapshot, writesTo } from "./quay.ts";

let emulator: TestEmulator;
let job: Job;
let writes: () => Promise<readonly string[]>;
/** Of quay-1/app: on the old image, and on the new one. */
let outgoing: string;
let proven: string;

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
  job = await jobOf(OPERATOR);
  writes = writesTo(emulator);
  outgoing = await takeSnapshot(emulator, "outgoing-app", { kind: "outgoing" });
  await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
  await writes();
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

const jobOf = (clientId: string) =>
  createJob({ files: {}, azure: emulator, clientId, subject: SUBJECT });
const quay = (name: string, nodePool: string) => ({
  "cluster-id": `${CLUSTERS}/${name}`,
  "node-pool": nodePool,
  "poll-interval": "1s",
});
const app = quay("quay-1", "app");

test("to the newest node image: verified on the nodes, and no write the second time", async () => {
  const image = { operation: "upgrade-node-image", ...app, "max-surge": "1" };
  const upgraded = await job.run("node-pool", image);
  expect(upgraded).toMatchObject({
    exitCode: 0,
    outputs: {
      changed: "true",
      verdict: "pass",
      nodes: "2",
      quarantined: "0",
      "node-image-version": NEW,
      "provisioning-state": "Succeeded",
      "failure-reason": "",
    },
  });
  expect(upgraded.summary).toContain(`**pass**: 2 of 2 nodes on ${NEW}, Kubernetes 1.33.5.`);
  expect(await writes()).toEqual(["PUT agentPools", "POST agentPools/upgradeNodeImageVersion"]);
  const again = await job.run("node-pool", image);
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false", verdict: "pass" } });
  expect(await writes()).toEqual([]);
  proven = await takeSnapshot(emulator, "proven-app");
  await writes();
});

test("to a snapshot's image, the newest proven one by name of the environment", async () => {
  const image = {
    operation: "upgrade-node-image",
    "subscription-id": SUBSCRIPTION,
    "resource-group": "harbour",
    "cluster-name": "quay-2",
    "node-pool": "app",
    "poll-interval": "1s",
    snapshot: "newest-proven",
    environment: "dev",
  };
  const upgraded = await job.run("node-pool", image);
  expect(upgraded).toMatchObject({
    exitCode: 0,
    outputs: { changed: "true", "node-image-version": NEW, "snapshot-id": proven },
  });
  await writes();
  const again = await job.run("node-pool", image);
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
  expect(await writes()).toEqual([]);
});

test.each([
  ["an equal Kubernetes version", "upgrade", () => ({ "snapshot-id": outgoing }), /own Kubernetes/],
  ["an older image", "upgrade-node-image", () => ({ "snapshot-id": outgoing }), /is older/],
  ["an older version", "upgrade", () => ({ "kubernetes-version": "1.32.9" }), /is older/],
  ["one above the control plane's", "upgrade", () => ({ "kubernetes-version": "1.34.0" }), /newer/],
])("refuses %s, which Azure would ignore or refuse later", async (_, operation, inputs, why) => {
  const { exitCode, outputs, annotations } = await job.run("node-pool", {
    operation,
    ...app,
    ...inputs(),
  });
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "preflight-failed"]);
  expect(annotations.at(-1)?.message).toMatch(why);
  expect(await writes()).toEqual([]);
});

test("adds a pool from a snapshot, once, and deletes it, once", async () => {
  const pool = quay("quay-1", "green");
  const add = {
    operation: "add",
    ...pool,
    "snapshot-id": outgoing,
    count: "1",
    mode: "User",
    "node-labels": "tier=web\nzone=a b",
    "undrainable-node-behavior": "Cordon",
  };
  const family = await job.run("node-pool", { ...add, "vm-size": "Standard_E4s_v5" });
  expect(family.annotations.at(-1)?.message).toContain("another VM family");
  const added = await job.run("node-pool", add);
  expect(added).toMatchObject({
    exitCode: 0,
    outputs: { changed: "true", verdict: "pass", "node-image-version": OLD, nodes: "1" },
  });
  expect(await writes()).toEqual(["PUT agentPools"]);
  expect((await job.run("node-pool", add)).outputs).toMatchObject({ changed: "false" });
  const other = await job.run("node-pool", { ...add, count: "3" });
  expect([other.exitCode, other.outputs["failure-reason"]]).toEqual([1, "conflict"]);
  expect(await writes()).toEqual([]);

  const remove = { operation: "delete", ...pool };
  const removed = await job.run("node-pool", remove);
  expect(removed).toMatchObject({ exitCode: 0, outputs: { changed: "true", verdict: "pass" } });
  expect(await writes()).toEqual(["DELETE agentPools"]);
  const again = await job.run("node-pool", remove);
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
  const last = await job.run("node-pool", { operation: "delete", ...quay("quay-1", "system") });
  expect(last.annotations.at(-1)?.message).toContain("last System pool");
  expect(await writes()).toEqual([]);
});

test("a quarantined node fails the step, with its pod and budget; a second run sends nothing", async () => {
  const held = { operation: "upgrade-node-image", ...quay("quay-1", "held") };
  const { exitCode, outputs, summary, annotations } = await job.run("node-pool", held);
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "run-failed"]);
  expect(outputs).toMatchObject({ verdict: "fail", quarantined: "1", changed: "true" });
  expect(JSON.parse(outputs["blocked-nodes"] ?? "")).toMatchObject([
    {
      quarantined: true,
      pods: [{ namespace: "harbour", owner: "Deployment/ledger", budget: { name: "ledger" } }],
    },
  ]);
  expect(summary).toContain("ledger: minAvailable 1, 1 healthy, 0 may go");
  expect(annotations.map(({ message }) => message).join()).toContain("budget harbour/ledger");
  await writes();
  const again = await job.run("node-pool", held);
  expect(again).toMatchObject({ exitCode: 1, outputs: { changed: "false", quarantined: "1" } });
  expect(await writes()).toEqual([]);
});

test("nodes that cannot be seen: nothing is begun, unless nobody wants to see them", async () => {
  await writes();
  const blind = await jobOf(
    operatorWithout("Microsoft.ContainerService/managedClusters/nodes/read"),
  );
  const system = { operation: "upgrade-node-image", ...quay("quay-2", "system") };
  const { exitCode, outputs, annotations } = await blind.run("node-pool", system);
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "unreachable"]);
  expect(annotations.at(-1)?.message).toContain("managedClusters/nodes/read");
  expect(await writes()).toEqual([]);
  const trusting = await blind.run("node-pool", { ...system, verify: "none" });
  await blind.close();
  expect(trusting).toMatchObject({ exitCode: 0, outputs: { verdict: "none", changed: "true" } });
});

test("a step that SIGTERM ends says what goes on in Azure; run again, it sees that through", async () => {
  const add = { operation: "add", ...quay("quay-1", "late"), count: "1", "snapshot-id": proven };
  await writes();
  let heard = () => {};
  const accepted = new Promise<void>((done) => {
    heard = done;
  });
  const step = await job.start("node-pool", add, (line) => {
    if (line.includes("accepted")) heard();
  });
  await Promise.race([accepted, step.finished]);
  step.kill("SIGTERM");
  const { exitCode, outputs, annotations } = await step.finished;
  expect([exitCode, outputs["failure-reason"]]).toEqual([143, "cancelled"]);
  expect(annotations.at(-1)?.message).toMatch(
    /cancelled by SIGTERM: add of node pool late goes on in Azure; run the step again/,
  );
  expect(await writes()).toEqual(["PUT agentPools"]);
  const again = await job.run("node-pool", add);
  expect(again).toMatchObject({ exitCode: 0, outputs: { verdict: "pass", nodes: "1" } });
  expect(await writes()).toEqual([]);
});
