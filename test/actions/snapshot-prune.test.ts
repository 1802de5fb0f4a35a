import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { CLUSTERS, files, OPERATOR, operatorWithout, scenario, SNAPSHOTS } from "./quay.ts";
import { FAMILY, SUBJECT, takeSnapshot, writesTo } from "./quay.ts";

let emulator: TestEmulator;
let job: Job;
let writes: () => Promise<readonly string[]>;

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 60 });
  job = await jobOf(OPERATOR);
  writes = writesTo(emulator);
  for (const name of ["first", "second", "third"]) {
    await takeSnapshot(emulator, name);
    await emulator.control("POST", "/clock", { advance: "PT24H" });
  }
  await takeSnapshot(emulator, "foreign", { environment: "prod" });
  // A pool refers to the oldest of them.
  await emulator.call(`${CLUSTERS}/quay-2/agentPools/green?api-version=2026-04-01`, {
    method: "PUT",
    body: { properties: { count: 1, creationData: { sourceResourceId: `${SNAPSHOTS}/first` } } },
  });
  await writes();
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

const jobOf = (clientId: string) =>
  createJob({ files, azure: emulator, clientId, subject: SUBJECT });
const dev = { environment: "dev" };
const ids = (text: string | undefined) =>
  (JSON.parse(text ?? "") as string[]).map((id) => id.split("/").at(-1));

test("finds the newest, or none", async () => {
  const found = await job.run("snapshot", { operation: "find", ...dev, "image-family": FAMILY });
  expect(found).toMatchObject({
    exitCode: 0,
    outputs: { found: "true", "snapshot-id": `${SNAPSHOTS}/third`, changed: "false" },
  });
  expect(ids(found.outputs["snapshot-ids"])).toEqual(["third", "second", "first"]);
  for (const wish of [
    { "image-family": "AKSWindows-2022-containerd" },
    { kind: "outgoing" },
    { "vm-size": "Standard_E4s_v5" },
    { "node-pools": "quay-1/system" },
  ]) {
    const none = await job.run("snapshot", { operation: "find", ...dev, ...wish });
    expect(none).toMatchObject({ exitCode: 0, outputs: { found: "false", "snapshot-id": "" } });
  }
});

test("prunes beyond the count, never what a node pool refers to, and nothing when it is dry", async () => {
  const prune = { operation: "prune", ...dev };
  const dry = await job.run("snapshot", { ...prune, "dry-run": "true" });
  expect(dry).toMatchObject({ exitCode: 0, outputs: { changed: "false", removed: "0" } });
  expect(ids(dry.outputs["snapshot-ids"])).toEqual(["second"]);
  const aged = await job.run("snapshot", {
    ...prune,
    "dry-run": "true",
    keep: "3",
    "max-age": "36h",
  });
  expect(ids(aged.outputs["snapshot-ids"])).toEqual(["second"]);
  expect(await writes()).toEqual([]);

  const lesser = await jobOf(operatorWithout("Microsoft.ContainerService/snapshots/delete"));
  const refused = await lesser.run("snapshot", prune);
  await lesser.close();
  expect(refused.outputs["failure-reason"]).toBe("unauthorized");
  expect(refused.annotations.at(-1)?.message).toContain("snapshots/delete");
  await writes();

  const pruned = await job.run("snapshot", prune);
  expect(pruned).toMatchObject({ exitCode: 0, outputs: { changed: "true", removed: "1" } });
  expect(JSON.parse(pruned.outputs["in-use"] ?? "")).toEqual([
    { id: `${SNAPSHOTS}/first`, pool: expect.stringMatching(/quay-2\/agentPools\/green$/) },
  ]);
  expect(pruned.log).toContain(`removed ${SNAPSHOTS}/second`);
  expect(await writes()).toEqual(["DELETE snapshots"]);
  const again = await job.run("snapshot", prune);
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false", removed: "0" } });
  expect(await writes()).toEqual([]);
});

test("inputs out of bounds are refused by name", async () => {
  for (const [name, value] of [
    ["keep", "0"],
    ["max-age", "5m"],
    ["kind", "golden"],
  ] as const) {
    const { outputs, annotations } = await job.run("snapshot", {
      operation: "prune",
      ...dev,
      [name]: value,
    });
    expect(outputs["failure-reason"]).toBe("invalid-input");
    expect(annotations.at(-1)?.message).toContain(name);
  }
});
