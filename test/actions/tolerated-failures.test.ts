import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import type { Job } from "../support/job.ts";
import { FAMILY, files, FLEET, NEW, OLD, scenario } from "./harbour.ts";
import { hostRepository } from "./hosted-repository.ts";
import type { HostedRepository } from "./hosted-repository.ts";

/** Fleet may go on past one failed member of each level. */
const STRATEGY = `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: canary}
spec:
  stages:
    - name: all
      maxAllowedFailures: "1"
      groups:
        - {name: canary, maxAllowedFailures: "1"}
        - {name: blue}
`;
const declared = { ...files, "strategies/canary.yaml": STRATEGY };

/** The pod of quay-1's app pool may not go. */
const [first, ...others] = scenario.clusters ?? [];
const clusters = [
  {
    ...first!,
    pools: [
      {
        name: "app",
        count: 1,
        nodeImageVersion: `${FAMILY}-${OLD}`,
        upgradeSettings: { drainTimeoutInMinutes: 5 },
      },
    ],
    workloads: [{ name: "lamp", replicas: 1 }],
    budgets: [{ name: "lamp", selector: { app: "lamp" }, maxUnavailable: 0 }],
  },
  ...others,
];

let emulator: TestEmulator;
let repository: HostedRepository;
let job: Job;

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario: { ...scenario, clusters }, clock: 5_000 });
  repository = await hostRepository(emulator, declared);
  const main = await repository.call<{ object: { sha: string } }>("GET", "/git/ref/heads/main");
  job = await repository.jobAt(declared, { commit: main.object.sha });
});
afterAll(async () => {
  await repository.close();
  await emulator.close();
});

test("lint says what comes of it", async () => {
  const { exitCode, annotations } = await job.run("strategy", { operation: "lint" });
  expect(exitCode).toBe(0);
  expect(annotations.map(({ message }) => message)).toEqual([
    expect.stringContaining(
      "the run then counts as failed here, although Fleet calls it Completed",
    ),
  ]);
});

test("a strategy that tolerates failures is applied whole, and found unchanged", async () => {
  const applied = await job.run("strategy", { operation: "apply" });
  expect(applied).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  const stored = await emulator.call(`${FLEET}/updateStrategies?api-version=2026-06-02-preview`);
  expect(stored.text).toContain('"maxAllowedFailures":"1"');
  const again = await job.run("strategy", { operation: "apply" });
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
});

test("a run that Fleet completes past a failed member fails the step", async () => {
  const inputs = { environment: "dev", "poll-interval": "1s", "reviewed-plan": "off" };
  const ran = await job.run("update-run", {
    operation: "run",
    ...inputs,
    "preflight-rules": "unsatisfiable-budget=warn",
  });
  expect(ran).toMatchObject({
    exitCode: 1,
    outputs: { state: "Completed", "failure-reason": "run-failed" },
  });
  expect(ran.annotations.at(-1)?.message).toMatch(
    /went on past 1 failed member, first quay-1: its strategy has maxAllowedFailures.*operation: retry/,
  );
  expect(ran.summary).toContain("1 Failed, 1 Completed");
  const again = await job.run("update-run", { operation: "resume", ...inputs });
  expect(again).toMatchObject({ exitCode: 1, outputs: { "failure-reason": "run-failed" } });
});

test("a retry repeats the member that was passed over", async () => {
  const quay = [...emulator.environment.world.clusters.values()].find(
    ({ name }) => name === "quay-1",
  );
  quay?.deleteBudget("default", "lamp");
  const inputs = { environment: "dev", "poll-interval": "1s", "reviewed-plan": "off" };
  const retried = await job.run("update-run", {
    operation: "retry",
    ...inputs,
    "preflight-rules": "unsatisfiable-budget=warn cluster-failed=warn old-image-nodes=warn",
  });
  expect(retried).toMatchObject({ exitCode: 0, outputs: { state: "Completed", changed: "true" } });
  const nodes = [...(quay?.nodes.values() ?? [])].map((node) => node.nodeImageVersion);
  expect(nodes).toEqual([`${FAMILY}-${NEW}`]);
});

test("a strategy whose tolerance somebody changed in Azure is not taken for the declared one", async () => {
  const { json } = await emulator.call(`${FLEET}/updateStrategies?api-version=2026-06-02-preview`);
  const [stored] = (json as { value: { id: string; properties: object }[] }).value;
  for (const change of ["3", undefined]) {
    const text = JSON.stringify({ properties: stored?.properties }).replaceAll(
      '"maxAllowedFailures":"1"',
      change === undefined ? '"maxConcurrency":"1"' : `"maxAllowedFailures":"${change}"`,
    );
    await emulator.call(`${stored?.id}?api-version=2026-06-02-preview`, {
      method: "PUT",
      body: JSON.parse(text) as object,
    });
    const applied = await job.run("strategy", { operation: "apply" });
    expect(applied).toMatchObject({ exitCode: 1, outputs: { "failure-reason": "plan-changed" } });
    expect(applied.annotations.at(-1)?.message).toContain("maxAllowedFailures");
  }
});
