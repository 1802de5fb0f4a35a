import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { files, NEW, OPERATOR, release, scenario, SUBJECT } from "./harbour.ts";

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

/** Starts a step and returns as soon as its log says something. */
async function started(operation: string, said: RegExp) {
  let heard = () => {};
  const hears = new Promise<void>((done) => {
    heard = done;
  });
  const step = await job.start("update-run", { operation, ...follow }, (line) => {
    if (said.test(line)) heard();
  });
  await Promise.race([hears, step.finished]);
  return step;
}

/** Cancels it then. */
async function cancelled(operation: string, said: RegExp, signal: NodeJS.Signals) {
  const step = await started(operation, said);
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

test("a token that is refused in the middle of following is answered by a fresh one", async () => {
  // The run before is to have stopped.
  await emulator.control("POST", "/clock", { advance: "P1D" });
  await job.write({ "releases/dev.yaml": release(2, NEW) });
  const step = await started("run", /^update run dev-2-\S+ started/);
  await emulator.control("DELETE", "/tokens");
  await emulator.control("POST", "/clock", { advance: "P2D" });
  const { exitCode, outputs, log } = await step.finished;
  expect({ exitCode, state: outputs["state"] }).toEqual({ exitCode: 0, state: "Completed" });
  expect(log).toContain("rest / blue / quay-2: Completed");
});

test("one that is refused again ends the step", async () => {
  await emulator.control("POST", "/faults", {
    service: "arm",
    match: { method: "GET", path: "updateRuns/" },
    status: 401,
    count: 2,
  });
  const { exitCode, outputs } = await job.run("update-run", { operation: "follow", ...follow });
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "unauthorized"]);
  const again = await job.run("update-run", { operation: "follow", ...follow });
  expect(again).toMatchObject({ exitCode: 0, outputs: { state: "Completed" } });
});
