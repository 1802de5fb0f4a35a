import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { files, OPERATOR, scenario, SUBJECT } from "./harbour.ts";
import { CLUSTER } from "./repair.ts";

let emulator: TestEmulator;
const jobs: Job[] = [];
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
});
afterAll(async () => {
  for (const job of jobs) await job.close();
  await emulator.close();
});

async function jobWith(env: Readonly<Record<string, string>>): Promise<Job> {
  const job = await createJob({
    files,
    azure: emulator,
    clientId: OPERATOR,
    subject: SUBJECT,
    // No Azure CLI on the way: the machine of this test may have one.
    env: { PATH: "/nowhere", ...env },
  });
  jobs.push(job);
  return job;
}

const callsSoFar = async () =>
  ((await emulator.control("GET", "/audit")) as { calls: { total: number } }).calls.total;

/** One step of each action that asks Azure. */
const ASKING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "blue-green": { operation: "status", "cluster-id": CLUSTER, "node-pool": "app" },
  "node-pool": { operation: "upgrade-node-image", "cluster-id": CLUSTER, "node-pool": "app" },
  quarantine: { operation: "list", "cluster-id": CLUSTER },
  snapshot: { operation: "find", environment: "dev" },
  strategy: { operation: "apply" },
  "update-run": { operation: "create", environment: "dev" },
};

const STRANGER = "99999999-0000-4000-8000-00000000dead";
const NO_IDENTITY_TOKEN = { ACTIONS_ID_TOKEN_REQUEST_URL: "", ACTIONS_ID_TOKEN_REQUEST_TOKEN: "" };

test("a fork's pull request, which gets no identity token, lints and sends nothing to Azure", async () => {
  const fork = await jobWith(NO_IDENTITY_TOKEN);
  const before = await callsSoFar();
  const lint = await fork.run("strategy", { operation: "lint" });
  expect(lint).toMatchObject({ exitCode: 0, outputs: { errors: "0" } });
  for (const [action, inputs] of Object.entries(ASKING)) {
    const { exitCode, outputs, annotations } = await fork.run(action, inputs);
    expect([action, exitCode]).toEqual([action, 1]);
    expect(["unauthorized", "unreachable"]).toContain(outputs["failure-reason"]);
    expect(annotations.at(-1)?.message).toMatch(/no identity token.*id-token: write.*azure\/login/);
  }
  expect(await callsSoFar()).toBe(before);
});

test("an identity token without a client id says what is missing", async () => {
  const job = await jobWith({ AZURE_CLIENT_ID: "" });
  const { outputs, annotations } = await job.run("strategy", { operation: "apply" });
  expect(outputs["failure-reason"]).toBe("unauthorized");
  expect(annotations.at(-1)?.message).toMatch(/client-id or tenant-id is missing/);
});

test("signing in takes no secret, and leaves no token behind", async () => {
  const job = await jobWith({ ACTIONS_STEP_DEBUG: "true", RUNNER_DEBUG: "1" });
  for (const [action, inputs] of Object.entries(ASKING)) {
    if (action === "node-pool") continue;
    const { outputs, summary, log, environment, state } = await job.run(action, inputs);
    const left = JSON.stringify({ outputs, summary, log, environment, state });
    expect(left).not.toMatch(/eyJ[\w-]{8,}\./);
  }
  expect((await readdir(job.workspace)).toSorted()).toEqual([
    "fleetwright.yaml",
    "releases",
    "strategies",
  ]);
});

test("without an identity token, the managed identity of a runner in Azure signs in", async () => {
  const runner = {
    ...NO_IDENTITY_TOKEN,
    IDENTITY_ENDPOINT: emulator.ready.msi,
    IDENTITY_HEADER: "any",
  };
  const job = await jobWith(runner);
  const find = await job.run("snapshot", { operation: "find", environment: "dev" });
  expect(find).toMatchObject({ exitCode: 0, outputs: { "failure-reason": "" } });
  const stranger = await jobWith({ ...runner, AZURE_CLIENT_ID: STRANGER });
  const refused = await stranger.run("strategy", { operation: "apply" });
  expect(refused.outputs["failure-reason"]).toBe("unauthorized");
  expect(refused.annotations.at(-1)?.message).toContain(`client id ${STRANGER}`);
});

test("without an identity token, whoever azure/login signed in to the Azure CLI acts", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-az-"));
  try {
    const endpoint = `${emulator.ready.msi}?api-version=2019-08-01&resource=${emulator.ready.arm}`;
    const issued = await fetch(endpoint, { headers: { "X-IDENTITY-HEADER": "any" } });
    const { access_token, expires_on } = (await issued.json()) as Record<string, string>;
    const answer = JSON.stringify({ accessToken: access_token, expires_on: Number(expires_on) });
    await writeFile(join(folder, "az"), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    const path = [folder, "/usr/bin", "/bin"].join(delimiter);
    const job = await jobWith({ ...NO_IDENTITY_TOKEN, PATH: path });
    const find = await job.run("snapshot", { operation: "find", environment: "dev" });
    expect(find).toMatchObject({ exitCode: 0, outputs: { "failure-reason": "" } });
  } finally {
    await rm(folder, { recursive: true });
  }
});
