import { afterAll, beforeAll, expect, test } from "vitest";
import type { StepResult } from "../../cli/tour/runner.ts";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { hostRepository } from "./hosted-repository.ts";
import { FAMILY, files, FLEET, NEW, OLD, release, SUBJECT, SUBSCRIPTION } from "./harbour.ts";

/** GitHub's limits, not ours. */
const SUMMARY_LIMIT_BYTES = 1_048_576;
/** Of all outputs of a job together, which GitHub counts in UTF-16. */
const OUTPUTS_LIMIT_BYTES = 1_048_576;

/** 2,000 snapshots are written one by one. */
const TIMEOUT_MILLISECONDS = 240_000;
const MEMBERS = 1_000;
const CLIENT = "99999999-0000-0000-0000-000000000001";
const RUN = `${FLEET}/updateRuns/large`;

const names = Array.from({ length: MEMBERS }, (_, index) => `quay-${index}`);
const scenario: Scenario = {
  // The clock stands still, and so would the refilling of buckets.
  throttling: false,
  subscription: SUBSCRIPTION,
  start: "2026-07-10T08:00:00Z",
  images: [OLD, NEW].map((version) => ({
    region: "westeurope",
    version: `${FAMILY}-${version}`,
  })),
  clusters: names.map((name) => ({
    name,
    resourceGroup: "harbour",
    location: "westeurope",
    kubernetesVersion: "1.33.5",
    pools: [
      { name: "system", mode: "System", count: 1, nodeImageVersion: `${FAMILY}-${OLD}` },
      { name: "app", mode: "User", count: 1, nodeImageVersion: `${FAMILY}-${OLD}` },
    ],
  })),
  fleets: [
    {
      name: "harbour",
      resourceGroup: "harbour",
      location: "westeurope",
      members: names.map((name, index) => ({
        name,
        cluster: name,
        group: index % 2 === 0 ? "canary" : "blue",
      })),
    },
  ],
  principals: [
    {
      name: "operator",
      clientId: CLIENT,
      federated: [{ subject: SUBJECT }],
      roles: [{ actions: ["*"], scope: `/subscriptions/${SUBSCRIPTION}` }],
    },
  ],
};

let emulator: TestEmulator;
let job: Job;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  job = await createJob({ files, azure: emulator, clientId: CLIENT, subject: SUBJECT });
  const strategy = {
    stages: [{ name: "all", groups: ["canary", "blue"].map((name) => ({ name })) }],
  };
  const properties = {
    strategy,
    managedClusterUpdate: {
      upgrade: { type: "NodeImageOnly" },
      nodeImageSelection: { type: "Latest" },
    },
  };
  await write("PUT", RUN, { properties });
  await write("POST", `${RUN}/start`);
  await emulator.control("POST", "/clock", { advance: "PT1H" });
});
afterAll(async () => {
  await job.close();
  await emulator.close();
});

async function write(method: string, path: string, body?: object): Promise<void> {
  const answer = await emulator.call(`${path}?api-version=2026-06-01`, {
    method,
    ...(body && { body }),
  });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
}

/** Of bodies and of a check's text: the local GitHub refuses what is longer. */
const LIMIT_CHARACTERS = 65_536;
const promoting = {
  ...files,
  "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  snapshots: {capture: [outgoing]}
  environments:
    - {name: dev, fleet: ${FLEET}}
    - {name: prod, fleet: ${FLEET}-prod, promotesFrom: dev, nodeImage: {soak: 1h}}
`,
  "releases/dev.yaml": release(2, NEW).replace("canary", "one-by-one"),
  "releases/prod.yaml": release(1, OLD)
    .replace("name: dev", "name: prod")
    .replace("canary", "one-by-one"),
};

interface Audit {
  readonly calls: {
    readonly byService: Readonly<
      Record<string, { total: number; byOperation: Readonly<Record<string, number>> }>
    >;
  };
}

/** Calls to ARM by operation. */
async function armCalls(): Promise<Readonly<Record<string, number>>> {
  const { calls } = (await emulator.control("GET", "/audit")) as Audit;
  return calls.byService["arm"]?.byOperation ?? {};
}

async function counted(
  action: string,
  inputs: Readonly<Record<string, string>>,
): Promise<{ readonly result: StepResult; readonly calls: Readonly<Record<string, number>> }> {
  const before = await armCalls();
  const result = await job.run(action, inputs);
  const after = await armCalls();
  const added = Object.entries(after).map(([operation, count]): [string, number] => [
    operation,
    count - (before[operation] ?? 0),
  ]);
  return { result, calls: Object.fromEntries(added.filter(([, count]) => count > 0)) };
}

function expectWithinLimits({ summary, outputs }: StepResult): void {
  expect(Buffer.byteLength(summary)).toBeLessThan(SUMMARY_LIMIT_BYTES);
  expect(2 * Object.values(outputs).join("").length).toBeLessThan(OUTPUTS_LIMIT_BYTES);
}

test("following a run of 1,000 members asks Azure once for each look", async () => {
  const follow = (detachAfter: string) =>
    counted("update-run", {
      operation: "follow",
      environment: "dev",
      "run-name": "large",
      "poll-interval": "1s",
      "detach-after": detachAfter,
    });
  const short = await follow("1s");
  const long = await follow("4s");
  for (const { result } of [short, long]) {
    expect(result).toMatchObject({ exitCode: 0, outputs: { detached: "true", state: "Running" } });
    expectWithinLimits(result);
  }
  const looks = (calls: Readonly<Record<string, number>>) => calls["GET fleets/updateRuns"] ?? 0;
  const others = ({ calls }: typeof short) =>
    Object.values(calls).reduce((sum, count) => sum + count, 0) - looks(calls);
  expect(looks(long.calls)).toBeGreaterThan(looks(short.calls));
  expect(others(long)).toBe(others(short));
  expect(others(short)).toBeLessThanOrEqual(10);
});

test(
  "snapshots and nodes of 1,000 clusters stay within GitHub's limits",
  async () => {
    const taken = await counted("snapshot", {
      operation: "take",
      environment: "dev",
      kind: "outgoing",
    });
    expect(taken.result).toMatchObject({ exitCode: 0 });
    expectWithinLimits(taken.result);
    const listed = await counted("quarantine", { operation: "list", environment: "dev" });
    expect(listed.result).toMatchObject({ exitCode: 0, outputs: { unseen: "[]" } });
    expectWithinLimits(listed.result);
  },
  TIMEOUT_MILLISECONDS,
);

test(
  "a run of 1,000 members is reviewed, started and promoted within what GitHub takes",
  async () => {
    await emulator.control("POST", "/clock", { advance: "P30D" });
    const repository = await hostRepository(emulator, promoting);
    const pull = await repository.propose("next", {
      "releases/dev.yaml": promoting["releases/dev.yaml"].replace("generation: 2", "generation: 3"),
    });
    const changed = {
      ...promoting,
      "releases/dev.yaml": promoting["releases/dev.yaml"].replace("generation: 2", "generation: 3"),
    };
    const review = await repository.jobAt(changed, { commit: pull.head, reviewing: pull.head });
    const dev = { environment: "dev", "poll-interval": "1s" };
    const planned = await review.run("update-run", { operation: "preflight", ...dev });
    expect(planned).toMatchObject({ exitCode: 0, outputs: { "check-url": expect.any(String) } });
    expectWithinLimits(planned);
    expect(JSON.parse(planned.outputs["unchecked"] ?? "")).toEqual([
      expect.stringMatching(/ and 930 more: preflight-members ends before them/),
    ]);
    const commit = await pull.merge();
    const job = await repository.jobAt(changed, { commit });
    const started = await job.run("update-run", { operation: "run", "detach-after": "1s", ...dev });
    expect(started).toMatchObject({ exitCode: 0, outputs: { "failure-reason": "" } });
    expectWithinLimits(started);
    await emulator.control("POST", "/clock", { advance: "P30D" });
    const ended = await job.run("update-run", { operation: "follow", ...dev });
    expect(ended).toMatchObject({ exitCode: 0 });
    expectWithinLimits(ended);

    const permissions = { contents: "write", pull_requests: "write", checks: "read" };
    const { token } = (await emulator.control("POST", "/github/tokens", {
      login: "fleetwright[bot]",
      permissions,
    })) as { token: string };
    const promoter = await repository.jobAt(changed, { commit, token });
    const promoted = await promoter.run("promote", { environment: "prod" });
    expect(promoted.annotations.map(({ message }) => message)).toEqual([]);
    expect([promoted.outputs["verdict"], promoted.outputs["reason"]]).toEqual(["proposed", ""]);
    expectWithinLimits(promoted);
    const [opened] = await repository.call<readonly { body: string }[]>("GET", "/pulls");
    expect(opened?.body.length).toBeGreaterThan(LIMIT_CHARACTERS / 4);
    expect(opened?.body.length).toBeLessThanOrEqual(LIMIT_CHARACTERS);
    await repository.close();
  },
  TIMEOUT_MILLISECONDS,
);
