import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { FAMILY, files, FLEET, NEW, OLD, OPERATOR, scenario, SUBJECT } from "./harbour.ts";

const STRATEGIES = `${FLEET}/updateStrategies`;
const API = "?api-version=2026-06-01";
const WORKSPACE = `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - name: dev
      fleet: ${FLEET}
      members:
        - {name: quay-1, group: canary}
        - {name: quay-2, group: canary}
        - {name: quay-9, group: blue}
`;

let emulator: TestEmulator;
let job: Job;

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario });
  job = await createJob({ files, azure: emulator, clientId: OPERATOR, subject: SUBJECT });
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

interface Drift {
  readonly kind: string;
  readonly subject: string;
  readonly file: string;
  readonly line: number;
}

async function drift(): Promise<readonly string[]> {
  const { exitCode, outputs } = await job.run("strategy", { operation: "diff" });
  expect(exitCode).toBe(0);
  const found = JSON.parse(outputs["drift"] ?? "") as readonly Drift[];
  expect(outputs["differences"]).toBe(String(found.length));
  return found.map(({ kind, subject, file, line }) => `${file}:${line} ${kind} ${subject}`);
}

async function writes(): Promise<readonly string[]> {
  const { entries } = (await emulator.control("GET", "/audit")) as {
    entries: readonly { operation: string; write: boolean; service: string }[];
  };
  const all = entries.filter(({ write, service }) => write && service === "arm");
  return all.map(({ operation }) => operation).filter((operation) => !/Credential/.test(operation));
}

const strategyNames = async () =>
  ((await emulator.call(`${STRATEGIES}${API}`)).json as { value: { name: string }[] }).value.map(
    ({ name }) => name,
  );

test("drift is told in both directions, at the line that declares it, and nothing is written", async () => {
  const before = await drift();
  expect(before).toEqual([
    expect.stringMatching(/^strategies\/canary.yaml:\d+ strategy-missing canary-[0-9a-f]{8}$/),
    ...["quay-1/system", "quay-1/app", "quay-2/system", "quay-2/app"].map(
      (pool) => `releases/dev.yaml:6 pool-image ${pool}`,
    ),
  ]);
  expect(await writes()).toEqual([]);
  const failing = await job.run("strategy", { operation: "diff", "fail-on": "warning" });
  expect([failing.exitCode, failing.outputs["failure-reason"]]).toEqual([1, "conflict"]);
  expect(failing.annotations[0]).toMatchObject({ kind: "warning", file: "strategies/canary.yaml" });
  expect(failing.summary).toContain(`runs ${FAMILY}-${OLD}, the release pins ${NEW}`);
});

test("members are moved only where the workspace owns them, and an emptied group is named", async () => {
  await job.run("strategy", { operation: "apply" });
  const after = await writes();
  expect(after).toEqual(["PUT fleets/updateStrategies"]);

  await job.write({ "fleetwright.yaml": WORKSPACE });
  expect((await drift()).filter((line) => !line.includes("pool-image"))).toEqual([
    "fleetwright.yaml:10 member-absent quay-9",
    "fleetwright.yaml:9 member-moved quay-2",
    expect.stringMatching(/^fleetwright.yaml:\d+ group-emptied blue$/),
  ]);
  const applied = await job.run("strategy", { operation: "apply" });
  expect(applied).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  expect(applied.annotations).toEqual([
    expect.objectContaining({ title: "member-absent", file: "fleetwright.yaml", line: 10 }),
    expect.objectContaining({
      title: "group-emptied",
      message: expect.stringContaining("this move empties group blue: quay-2"),
    }),
  ]);
  expect((await writes()).slice(1)).toEqual(["PATCH fleets/members"]);
  expect(await job.run("strategy", { operation: "apply" })).toMatchObject({
    outputs: { changed: "false" },
  });
  expect(await writes()).toHaveLength(2);
});

test("what nobody declares is told, and deleted only when told so and only if it is ours", async () => {
  const [ours = ""] = await strategyNames();
  const stages = (await emulator.call(`${STRATEGIES}/${ours}${API}`)).json as object;
  for (const name of ["canary-0123abcd", "somebody-elses"]) {
    await emulator.call(`${STRATEGIES}/${name}${API}`, { method: "PUT", body: stages });
  }
  const undeclared = (await drift()).filter((line) => line.includes("undeclared"));
  expect(undeclared).toEqual([
    "fleetwright.yaml:6 strategy-undeclared canary-0123abcd",
    "fleetwright.yaml:6 strategy-undeclared somebody-elses",
  ]);
  await job.run("strategy", { operation: "apply" });
  expect(await strategyNames()).toHaveLength(3);
  const deleting = { operation: "apply", "delete-undeclared": "true" };
  const deleted = await job.run("strategy", deleting);
  expect(deleted).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  expect((await strategyNames()).toSorted()).toEqual([ours, "somebody-elses"].toSorted());
  expect(await job.run("strategy", deleting)).toMatchObject({ outputs: { changed: "false" } });
});

test("two environments that share a fleet do not tell of each other's strategies and members", async () => {
  const dev = `    - {name: dev, fleet: ${FLEET}, members: [{name: quay-1, group: canary}]}\n`;
  const prod = `    - {name: prod, fleet: ${FLEET}, groups: {canary: blue, blue: canary}, members: [{name: quay-2, group: blue}]}\n`;
  const workspace = WORKSPACE.slice(0, WORKSPACE.indexOf("    - name: dev"));
  const told = async () => (await drift()).filter((line) => !line.includes("pool-image"));
  await job.write({ "fleetwright.yaml": workspace + dev + prod });
  expect(await told()).toEqual([
    "fleetwright.yaml:5 strategy-undeclared somebody-elses",
    expect.stringMatching(/strategy-missing canary-[0-9a-f]{8}$/),
    // It empties no group: quay-1 of the other environment stays in its.
    "fleetwright.yaml:6 member-moved quay-2",
  ]);
  await job.run("strategy", { operation: "apply" });
  // What nobody declares is told once, by the first of them.
  expect(await told()).toEqual(["fleetwright.yaml:5 strategy-undeclared somebody-elses"]);

  await job.write({ "fleetwright.yaml": workspace + dev });
  expect(await told()).toEqual([
    expect.stringMatching(/strategy-undeclared canary-[0-9a-f]{8}$/),
    "fleetwright.yaml:5 strategy-undeclared somebody-elses",
    "fleetwright.yaml:5 member-undeclared quay-2",
  ]);
  // As it was.
  await job.write({ "fleetwright.yaml": WORKSPACE });
  await job.run("strategy", { operation: "apply", "delete-undeclared": "true" });
});

test("a strategy that somebody edited is told with what differs, and never overwritten", async () => {
  const [ours = ""] = (await strategyNames()).filter((name) => name.startsWith("canary"));
  const stored = (await emulator.call(`${STRATEGIES}/${ours}${API}`)).json as {
    properties: { strategy: { stages: { afterStageWaitInSeconds?: number }[] } };
  };
  const [first] = stored.properties.strategy.stages;
  if (first) first.afterStageWaitInSeconds = 1;
  await emulator.call(`${STRATEGIES}/${ours}${API}`, { method: "PUT", body: stored });
  const { summary } = await job.run("strategy", { operation: "diff" });
  expect(summary).toMatch(/was edited in Azure: stage canary/);
  const refused = await job.run("strategy", { operation: "apply" });
  expect(refused.outputs["failure-reason"]).toBe("plan-changed");
});
