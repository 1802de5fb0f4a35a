import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { files, OPERATOR, scenario, SUBJECT } from "./harbour.ts";

let emulator: TestEmulator;
let job: Job;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
  job = await createJob({ files, azure: emulator, clientId: OPERATOR, subject: SUBJECT });
  await job.run("strategy", { operation: "apply" });
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

const updateRun = (operation: string) =>
  job.run("update-run", {
    operation,
    environment: "dev",
    "poll-interval": "1s",
    "reviewed-plan": "off",
    // The run is to fail over it.
    "preflight-rules": "cluster-stopped=warn",
  });

test("a failed run is resumed by the named call only", async () => {
  await emulator.aks.managedClusters.stop("harbour", "quay-2", emulator.polling);

  const failed = await updateRun("run");
  expect(failed).toMatchObject({
    exitCode: 1,
    outputs: { state: "Failed", changed: "true", "failure-reason": "run-failed" },
  });
  expect(JSON.parse(failed.outputs["failed-members"] ?? "")).toMatchObject([
    { name: "quay-2", stage: "rest", group: "blue", clusterId: expect.stringContaining("quay-2") },
  ]);
  expect(failed.annotations.at(-1)?.message).toMatch(/1 failed member, first quay-2: .*resume/);
  expect(failed.summary).toMatch(/\| rest \| blue \| quay-2 \| Failed \|/);

  expect(await updateRun("run")).toMatchObject({
    exitCode: 1,
    outputs: { changed: "false", "failure-reason": "run-failed" },
  });
  expect(await updateRun("start")).toMatchObject({
    exitCode: 1,
    outputs: { "failure-reason": "conflict" },
  });

  await emulator.aks.managedClusters.start("harbour", "quay-2", emulator.polling);
  const resumed = await updateRun("resume");
  expect(resumed).toMatchObject({ exitCode: 0, outputs: { state: "Completed", changed: "true" } });
  expect(resumed.log).toContain("rest / blue / quay-2: Completed");
});
