import { afterAll, beforeAll, expect, test } from "vitest";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { files } from "./harbour.ts";

const lint = { operation: "lint" };
const jobs: Job[] = [];
async function job(changes: Record<string, string> = {}): Promise<Job> {
  const created = await createJob({ files: { ...files, ...changes } });
  jobs.push(created);
  return created;
}
let sound: Job;
beforeAll(async () => {
  sound = await job();
});
afterAll(() => Promise.all(jobs.map((created) => created.close())));

const typing = {
  "strategies/canary.yaml": files["strategies/canary.yaml"].replace(
    "WaitInSeconds",
    "WaitInSecond",
  ),
};

test("sound documents need no identity and pass", async () => {
  const { exitCode, outputs, annotations, summary } = await sound.run("strategy", lint);
  expect({ exitCode, annotations }).toEqual({ exitCode: 0, annotations: [] });
  expect(outputs).toMatchObject({ changed: "false", errors: "0", "failure-reason": "" });
  expect(summary).toContain("**0 errors, 0 warnings.**");
});

test("a finding fails the step and points into the file", async () => {
  const { exitCode, outputs, annotations, summary } = await (
    await job(typing)
  ).run("strategy", lint);
  expect(exitCode).toBe(1);
  expect(annotations[0]).toMatchObject({
    kind: "error",
    title: "unknown-field",
    file: "strategies/canary.yaml",
    line: 6,
    column: 48,
  });
  expect(outputs).toMatchObject({ errors: "1", "failure-reason": "invalid-declaration" });
  expect(JSON.parse(outputs["findings"] ?? "")).toMatchObject([{ code: "unknown-field", line: 6 }]);
  expect(summary).toContain("strategies/canary.yaml:6:48");
});

test.each([
  ["never", 0],
  ["error", 1],
])("fail-on: %s ends with %i for an error", async (failOn, code) => {
  const result = await (await job(typing)).run("strategy", { ...lint, "fail-on": failOn });
  expect([result.exitCode, result.outputs["errors"]]).toEqual([code, "1"]);
});

test("the stages file of the Fleet documentation is accepted as it is", async () => {
  const stages = {
    stages: [
      { name: "stage1", groups: [{ name: "group-1a" }], afterStageWaitInSeconds: 3600 },
      { name: "stage2", groups: [{ name: "group-2a" }] },
    ],
  };
  const documented = await job({ "strategies/example-stages.json": JSON.stringify(stages) });
  expect((await documented.run("strategy", lint)).exitCode).toBe(0);
});

test("never more than ten annotations of a kind, the rest is counted and in the summary", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [
      `strategies/s${index}.yaml`,
      files["strategies/canary.yaml"].replace("name: canary}", `name: s${index}}\nextra: 1`),
    ]),
  );
  const { annotations, summary } = await (await job(many)).run("strategy", lint);
  const errors = annotations.filter(({ kind }) => kind === "error");
  expect(errors).toHaveLength(10);
  expect(errors[8]?.message).toBe("22 more: see the job summary");
  expect(summary.match(/unknown-field/g)).toHaveLength(30);
});

test.each([
  ["no workspace", { "fleetwright.yaml": "" }],
  ["no YAML", { "fleetwright.yaml": "a: [" }],
])("%s is a finding, not a crash", async (_, changes) => {
  const result = await (
    await job(changes)
  ).run("update-run", { operation: "run", environment: "dev" });
  expect(result.exitCode).toBe(1);
  expect(result.outputs["failure-reason"]).toBe("invalid-declaration");
});

test.each([
  ["strategy", { operation: "aply" }, /input operation is "aply"/],
  ["strategy", { ...lint, live: "yes" }, /input live/],
  ["update-run", { operation: "run" }, /input environment is required/],
  ["update-run", { operation: "run", environment: "dev", "poll-interval": "0s" }, /poll-interval/],
  [
    "update-run",
    { operation: "run", environment: "dev", "poll-interval": "soon" },
    /input poll-interval is "soon": write a number with a unit/,
  ],
  [
    "update-run",
    { operation: "run", environment: "prod" },
    /"prod" is not declared in fleetwright.yaml: declared are: dev/,
  ],
  ["update-run", { operation: "run", environment: "dev", release: "x" }, /"x" is not .* releases/],
  [
    "update-run",
    { operation: "run", environment: "dev", "subscription-id": "x" },
    /not in the subs/,
  ],
  ["update-run", { operation: "run", environment: "dev", "run-name": "x" }, /leave it out/],
  ["snapshot", { operation: "take", environment: "dev", kind: "all" }, /input kind is "all"/],
  ["quarantine", { operation: "list" }, /neither environment nor cluster: set environment/],
])("%s refuses bad inputs in one sentence: %j", async (action, inputs, message) => {
  const result = await sound.run(action, inputs);
  expect(result.exitCode).toBe(1);
  expect(result.outputs["failure-reason"]).toBe("invalid-input");
  expect(result.annotations.at(-1)?.message).toMatch(message);
});

test("an id that is none is named by its input", async () => {
  const { outputs, annotations } = await sound.run("node-pool", {
    operation: "delete",
    "node-pool": "app",
    "cluster-id": "quay-1",
  });
  expect(outputs["failure-reason"]).toBe("invalid-arm-id");
  expect(annotations.at(-1)?.message).toMatch(
    /input cluster-id is "quay-1": write \/subscriptions/,
  );
});
