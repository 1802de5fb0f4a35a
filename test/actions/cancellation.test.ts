import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { files, OPERATOR, scenario, SUBJECT } from "./harbour.ts";

let emulator: TestEmulator;
let job: Job;
beforeAll(async () => {
  // Slow enough for a run to be still on its way when its step is cancelled.
  emulator = await startTestEmulator({ scenario, clock: 60 });
  job = await createJob({ files, azure: emulator, clientId: OPERATOR, subject: SUBJECT });
  await job.run("strategy", { operation: "apply" });
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

const follow = { environment: "dev", "poll-interval": "1s", "reviewed-plan": "off" };

/** Starts a step and cancels it as soon as its log says something. */
async function cancelled(operation: string, said: RegExp, signal: NodeJS.Signals) {
  let heard = () => {};
  const hears = new Promise<void>((done) => {
    heard = done;
  });
  const step = await job.start("update-run", { operation, ...follow }, (line) => {
    if (said.test(line)) heard();
  });
  await Promise.race([hears, step.finished]);
  step.kill(signal);
  return step.finished;
}

test("a cancelled step says what it leaves behind, and the run goes on", async () => {
  const { exitCode, outputs, annotations } = await cancelled("run", /quay-1: Running/, "SIGINT");
  expect([exitCode, outputs["failure-reason"]]).toEqual([130, "cancelled"]);
  expect(annotations.at(-1)?.message).toMatch(
    /cancelled by SIGINT: update run dev-1-[0-9a-f]{8} was Running and goes on in Azure; follow it again/,
  );
  const again = await cancelled("follow", /quay-1: Running/, "SIGTERM");
  expect(again.exitCode).toBe(143);

  const detached = await job.run("update-run", {
    operation: "follow",
    ...follow,
    "detach-after": "1s",
  });
  expect(detached).toMatchObject({ exitCode: 0, outputs: { detached: "true", state: "Running" } });
  expect(detached.annotations[0]).toMatchObject({ kind: "notice", title: "detached" });

  const stopped = await job.run("update-run", { operation: "stop", ...follow });
  expect(stopped).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  expect(["Stopping", "Stopped"]).toContain(stopped.outputs["state"]);
});
