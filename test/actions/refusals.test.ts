import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job, JobOptions } from "../support/job.ts";
import {
  FAMILY,
  files,
  FLEET,
  OPERATOR,
  READER,
  release,
  scenario,
  SUBJECT,
  SUBSCRIPTION,
} from "./harbour.ts";

let emulator: TestEmulator;
const jobs: Job[] = [];

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
});
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.close();
});
afterAll(() => emulator.close());

async function job(options: Partial<JobOptions> = {}): Promise<Job> {
  const created = await createJob({
    files,
    azure: emulator,
    clientId: OPERATOR,
    subject: SUBJECT,
    ...options,
  });
  jobs.push(created);
  return created;
}

const callsSoFar = async () =>
  ((await emulator.control("GET", "/audit")) as { calls: { total: number } }).calls.total;

test("documents that are not sound reach Azure with no request at all", async () => {
  const broken = await job({
    files: { ...files, "releases/dev.yaml": files["releases/dev.yaml"].replace("canary", "cnary") },
  });
  const before = await callsSoFar();
  for (const [action, inputs] of [
    ["strategy", { operation: "apply" }],
    ["update-run", { operation: "run", environment: "dev", "reviewed-plan": "off" }],
    ["snapshot", { operation: "take", environment: "dev", kind: "outgoing" }],
  ] as const) {
    const { exitCode, annotations } = await broken.run(action, inputs);
    expect(exitCode).toBe(1);
    expect(annotations[0]).toMatchObject({ file: "releases/dev.yaml", title: "unknown-strategy" });
  }
  expect(await callsSoFar()).toBe(before);
});

test("a fleet that does not exist is named by its id", async () => {
  const elsewhere = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [
      path,
      text.replace("fleets/harbour", "fleets/hafen"),
    ]),
  );
  const missing = await job({ files: elsewhere });
  for (const [action, inputs] of [
    ["strategy", { operation: "apply" }],
    ["update-run", { operation: "run", environment: "dev", "reviewed-plan": "off" }],
    ["snapshot", { operation: "take", environment: "dev", kind: "outgoing" }],
  ] as const) {
    const { exitCode, outputs, annotations } = await missing.run(action, inputs);
    expect([exitCode, outputs["failure-reason"]]).toEqual([1, "not-found"]);
    expect(annotations.at(-1)?.message).toContain(FLEET.replace("fleets/harbour", "fleets/hafen"));
  }
});

test("a missing permission names action, scope and role; one snapshot write asks, not four", async () => {
  const reader = await job({ clientId: READER });
  expect((await reader.run("strategy", { operation: "lint", live: "true" })).exitCode).toBe(0);
  const apply = await reader.run("strategy", { operation: "apply" });
  expect([apply.exitCode, apply.outputs["failure-reason"]]).toEqual([1, "unauthorized"]);
  expect(apply.annotations.at(-1)?.message).toMatch(
    /Microsoft.ContainerService\/fleets\/updateStrategies\/write on \/subscriptions\/.*grant the role 'Fleetwright operator'/,
  );
  const take = await reader.run("snapshot", {
    operation: "take",
    environment: "dev",
    kind: "outgoing",
  });
  expect([take.exitCode, take.outputs["failure-reason"]]).toEqual([1, "unauthorized"]);
});

test("an identity that does not trust this workflow is told so", async () => {
  const stranger = await job({ subject: "repo:somebody/else:ref:refs/heads/main" });
  const { exitCode, outputs, log } = await stranger.run("strategy", { operation: "apply" });
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "unauthorized"]);
  expect(log).not.toMatch(/eyJ[\w-]+\.eyJ/);
});

test("a subscription other than the allowed one is refused before any request", async () => {
  const before = await callsSoFar();
  const { outputs } = await (
    await job()
  ).run("strategy", { operation: "apply", "subscription-id": SUBSCRIPTION.replace("1", "2") });
  expect(outputs["failure-reason"]).toBe("invalid-input");
  expect(await callsSoFar()).toBe(before);
});

test.each([
  ["429", 429, 4],
  ["503", 503, 2],
])("%s is retried within bounds and then succeeds", async (_, status, count) => {
  const faulty = await job();
  await emulator.control("POST", "/faults", {
    service: "arm",
    match: { path: "updateStrategies" },
    status,
    count,
    retryAfter: 1,
  });
  expect((await faulty.run("strategy", { operation: "apply" })).exitCode).toBe(0);
});

test("a throttle of hours is a clear failure", async () => {
  const faulty = await job();
  await emulator.control("POST", "/faults", {
    service: "arm",
    match: { path: "updateStrategies" },
    status: 429,
    count: 1,
    retryAfter: 7_200,
  });
  const { exitCode, outputs, annotations } = await faulty.run("strategy", { operation: "apply" });
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "throttled"]);
  expect(annotations.at(-1)?.message).toMatch(/throttles .*wait 7200 s/);
});

test("an endpoint that nobody listens on is named", async () => {
  const nowhere = await job({ env: { AZURE_RESOURCE_MANAGER_ENDPOINT: "https://127.0.0.1:9" } });
  const { outputs, annotations } = await nowhere.run("strategy", { operation: "apply" });
  expect(outputs["failure-reason"]).toBe("unreachable");
  expect(annotations.at(-1)?.message).toContain("127.0.0.1:9");
});

test("a pin that is no whole version reaches Azure with no request", async () => {
  const cut = await job({ files: { ...files, "releases/dev.yaml": release(1, '"202606.16"') } });
  const before = await callsSoFar();
  const { exitCode, annotations } = await cut.run("update-run", {
    operation: "preflight",
    environment: "dev",
  });
  expect(exitCode).toBe(1);
  expect(annotations[0]).toMatchObject({ file: "releases/dev.yaml", title: "bad-image-version" });
  expect(await callsSoFar()).toBe(before);
});

test("a pin that Azure never released: the preflight cannot know, the step tells and does not wait", async () => {
  const never = "202607.02.7";
  const lost = await job({ files: { ...files, "releases/dev.yaml": release(1, never) } });
  expect((await lost.run("strategy", { operation: "apply" })).exitCode).toBe(0);
  await lost.run("snapshot", { operation: "take", environment: "dev", kind: "outgoing" });
  const { exitCode, outputs, annotations, summary, log } = await lost.run("update-run", {
    operation: "run",
    environment: "dev",
    "poll-interval": "1s",
    "reviewed-plan": "off",
  });
  expect([exitCode, outputs["failure-reason"], outputs["detached"]]).toEqual([
    1,
    "run-failed",
    "true",
  ]);
  expect(log).toMatch(new RegExp(`whether westeurope has ${FAMILY}-${never}`));
  expect(log).toMatch(/quay-1: Pending \(.*is not available in region "westeurope"/);
  expect(annotations.at(-1)?.message).toMatch(
    /cannot go on with 1 Pending member, first quay-1: .*not available.*operation: stop/,
  );
  expect(summary).toMatch(/\| quay-1 \| Pending \| .*not available in region/);
});
