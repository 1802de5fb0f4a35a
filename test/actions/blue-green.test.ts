import { chmod, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import {
  CLUSTER,
  FAST,
  killedOnItsWay,
  REPAIRER,
  repairScenario,
  SUBJECT,
  worldOf,
  writesOf,
} from "./repair.ts";

let emulator: TestEmulator;
let job: Job;
afterEach(async () => {
  await job.close();
  await emulator.close();
});

const BLUE = {
  name: "blue",
  mode: "User" as const,
  count: 2,
  kubernetesVersion: "1.32.9",
  nodeLabels: { tier: "front" },
  nodeTaints: ["tier=front:NoSchedule"],
};

/** The document's example: two blue nodes with four pods, one version behind their control plane. */
async function harbour(
  budget?: { readonly maxUnavailable?: number; readonly minAvailable?: string },
  without?: string,
  { clock = 3_000, cores = 1_000 } = {},
): Promise<void> {
  const quotas = [{ region: "westeurope", name: "cores", limit: cores }];
  emulator = await startTestEmulator({
    clock,
    scenario: {
      quotas,
      ...repairScenario(
        {
          kubernetesVersion: "1.33.5",
          pools: [{ name: "system", mode: "System", count: 1 }, BLUE],
          workloads: [
            {
              name: "api",
              namespace: "harbour",
              replicas: 4,
              nodeSelector: { tier: "front" },
              tolerations: [{ key: "tier", operator: "Exists" }],
            },
            {
              kind: "DaemonSet",
              name: "log",
              namespace: "kube-system",
              tolerations: [{ operator: "Exists" }],
            },
          ],
          budgets: [
            {
              name: "api",
              namespace: "harbour",
              selector: { app: "api" },
              maxUnavailable: 1,
              ...budget,
            },
          ],
        },
        without,
      ),
    },
  });
  job = await createJob({ files: {}, azure: emulator, clientId: REPAIRER, subject: SUBJECT });
}

const inputs = (operation: string, more: Record<string, string> = {}) => ({
  operation,
  "cluster-id": CLUSTER,
  "node-pool": "blue",
  ...FAST,
  ...more,
});
const START = { "green-node-pool": "green", "kubernetes-version": "1.33.5" };
const run = (operation: string, more: Record<string, string> = {}) =>
  job.run("blue-green", inputs(operation, more));

/** Pods of the workload by node pool. */
function placement(): Record<string, number> {
  const cluster = worldOf(emulator);
  const counts: Record<string, number> = {};
  for (const pod of cluster.pods.values()) {
    if (pod.daemonSet || pod.phase === "Terminating") continue;
    const pool = cluster.nodes.get(pod.node ?? "")?.pool ?? "pending";
    counts[pool] = (counts[pool] ?? 0) + 1;
  }
  return counts;
}

const evictions = async () =>
  (await writesOf(emulator)).filter((operation) => operation.includes("eviction")).length;
const pools = () => [...worldOf(emulator).pools.keys()];
const closed = () => [...worldOf(emulator).nodes.values()].filter((node) => node.unschedulable);

async function writesNothing(operation: string, more: Record<string, string> = {}): Promise<void> {
  const before = await writesOf(emulator);
  const again = await run(operation, more);
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
  expect(await writesOf(emulator)).toEqual(before);
}

test("start, drain, verify, commit: each a step of its own, and none twice", async () => {
  await harbour();
  const started = await run("start", START);
  expect(started).toMatchObject({
    exitCode: 0,
    outputs: { phase: "started", verdict: "pass", changed: "true", "green-nodes": "2" },
  });
  const green = worldOf(emulator).pools.get("green");
  expect(green).toMatchObject({
    kubernetesVersion: "1.33.5",
    nodeLabels: BLUE.nodeLabels,
    nodeTaints: BLUE.nodeTaints,
    mode: "User",
    count: 2,
  });
  expect(placement()).toEqual({ blue: 4 });
  await writesNothing("start", START);

  const early = await run("commit");
  expect(early).toMatchObject({ exitCode: 1, outputs: { "failure-reason": "preflight-failed" } });

  expect(await run("drain")).toMatchObject({
    exitCode: 0,
    outputs: { phase: "drained", "blue-pods": "0", "green-pods": "4", "pods-left": "[]" },
  });
  expect(placement()).toEqual({ green: 4 });
  await writesNothing("drain");
  await writesNothing("verify");

  const committed = await run("commit");
  expect(committed).toMatchObject({ exitCode: 0, outputs: { phase: "committed" } });
  expect(pools()).toEqual(["system", "green"]);
  expect(closed()).toEqual([]);
  await writesNothing("commit");
  await writesNothing("status");
});

test("roll-back empties green at once and leaves blue as it was", async () => {
  await harbour({ maxUnavailable: 4 });
  await run("start", START);
  await run("drain");
  const back = await run("roll-back");
  expect(back).toMatchObject({ exitCode: 0, outputs: { phase: "not-started", changed: "true" } });
  expect(placement()).toEqual({ blue: 4 });
  expect(await evictions()).toBe(8);
  expect(pools()).toEqual(["system", "blue"]);
  expect(closed()).toEqual([]);
  await writesNothing("roll-back");
});

test("blue's autoscaler stands still while it is drained and runs again after a roll-back", async () => {
  await harbour();
  const { agentPools } = emulator.aks;
  const scaled = {
    ...BLUE,
    orchestratorVersion: "1.32.9",
    enableAutoScaling: true,
    minCount: 1,
    maxCount: 5,
  };
  await agentPools.createOrUpdate("harbour", "quay-1", "blue", scaled, emulator.polling);
  const bounds = async (name: string) => {
    const { enableAutoScaling, minCount, maxCount } = await agentPools.get(
      "harbour",
      "quay-1",
      name,
    );
    return [enableAutoScaling, minCount, maxCount];
  };
  await run("start", START);
  expect(await bounds("green")).toEqual([true, 1, 5]);
  await run("drain");
  expect(await bounds("blue")).toEqual([false, undefined, undefined]);
  expect((await run("status")).summary).toContain("stopped (1 to 5)");
  await run("roll-back");
  expect(await bounds("blue")).toEqual([true, 1, 5]);
  expect((await agentPools.get("harbour", "quay-1", "blue")).tags).toEqual({});
});

test("a budget that forbids every eviction ends the drain by name, and nothing is forced", async () => {
  await harbour({ maxUnavailable: 0 });
  await run("start", START);
  const drained = await run("drain", { "drain-timeout": "1s" });
  expect([drained.exitCode, drained.outputs["failure-reason"]]).toEqual([1, "timed-out"]);
  expect(drained.annotations.at(-1)?.message).toMatch(/harbour\/api-\S+ is held by budget api/);
  expect(placement()).toEqual({ blue: 4 });
  expect((await run("status")).outputs).toMatchObject({ phase: "draining", "blue-pods": "4" });
});

test("a proven snapshot gives green its version and image", async () => {
  await harbour();
  await emulator.aks.snapshots.createOrUpdate("harbour", "proven-1", {
    location: "westeurope",
    creationData: { sourceResourceId: `${CLUSTER}/agentPools/blue` },
    tags: { "fleetwright-kind": "proven", "fleetwright-environment": "dev" },
  });
  const source = { "green-node-pool": "green", snapshot: "newest-proven", environment: "dev" };
  expect(await run("start", source)).toMatchObject({ exitCode: 0, outputs: { verdict: "pass" } });
  const { creationData, orchestratorVersion } = await emulator.aks.agentPools.get(
    "harbour",
    "quay-1",
    "green",
  );
  expect(creationData?.sourceResourceId).toMatch(/snapshots\/proven-1$/);
  expect(orchestratorVersion).toBe("1.32.9");
});

test.each([
  [
    "no green pool's name",
    "start",
    { "kubernetes-version": "1.33.5" },
    "invalid-input",
    /green-node-pool/,
  ],
  [
    "nothing that green runs",
    "start",
    { "green-node-pool": "green" },
    "invalid-input",
    /snapshot-id/,
  ],
  [
    "nodes newer than their control plane",
    "start",
    { ...START, "kubernetes-version": "1.34.0" },
    "preflight-failed",
    /control plane/,
  ],
  [
    "a pool of somebody else as green",
    "start",
    { ...START, "green-node-pool": "system" },
    "conflict",
    /not the green pool/,
  ],
  ["a drain without green", "drain", {}, "not-found", /start first/],
  ["a pool that is not there", "status", { "node-pool": "bleu" }, "", undefined],
  [
    "the commit of a pool that is not there",
    "commit",
    { "node-pool": "bleu" },
    "not-found",
    /no node pool bleu/,
  ],
] as const)("%s: refused before any write", async (_, operation, more, reason, message) => {
  await harbour();
  const before = await writesOf(emulator);
  const { outputs, annotations } = await run(operation, more);
  expect(outputs["failure-reason"]).toBe(reason);
  if (message !== undefined) expect(annotations.at(-1)?.message).toMatch(message);
  expect(await writesOf(emulator)).toEqual(before);
});

test.each([
  ["commit", "first-write", { green: 4 }, ["system", "green"]],
  ["commit", "each-call-in-turn", { green: 4 }, ["system", "green"]],
  ["roll-back", "first-write", { blue: 4 }, ["system", "blue"]],
  ["roll-back", "each-call-in-turn", { blue: 4 }, ["system", "blue"]],
] as const)(
  "%s, killed at %s and run again, reaches the same end",
  async (end, at, where, left) => {
    // Slow enough for a step to find what the killed one has begun.
    await harbour({}, undefined, { clock: 600 });
    let kills = 0;
    const before = end === "commit" ? [] : ["start", "drain"];
    for (const [operation, more] of [
      ["start", START],
      ["drain", {}],
      [end, {}],
    ] as const) {
      if (before.includes(operation)) {
        await run(operation, more);
        continue;
      }
      const ended = await killedOnItsWay(emulator, job, {
        action: "blue-green",
        inputs: inputs(operation, more),
        at,
      });
      expect(ended.result.exitCode).toBe(0);
      kills += ended.kills;
    }
    expect(kills).toBeGreaterThan(5);
    expect(placement()).toEqual(where);
    expect(pools()).toEqual(left);
    expect(closed()).toEqual([]);
  },
);

test("a region without room for a second pool refuses it before any write", async () => {
  // System and blue have 12 vCPUs, green wants 8.
  await harbour({}, undefined, { cores: 19 });
  const before = await writesOf(emulator);
  const { exitCode, outputs, annotations } = await run("start", START);
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "preflight-failed"]);
  expect(annotations.at(-1)?.message).toMatch(/8 vCPUs of cores are needed, 7 of 19 are free/);
  expect(await writesOf(emulator)).toEqual(before);
});

test("a quota that cannot be read is told, with the missing permission, and stops nobody", async () => {
  await harbour({}, "Microsoft.Compute/locations/usages/read");
  const { exitCode, log } = await run("start", START);
  expect(exitCode).toBe(0);
  expect(log).toMatch(/the quota cannot be read: missing permission \S+\/usages\/read on/);
});

/** Writes down when it is asked; says no while there is a file `refuse`. */
const PROGRAM = `#!/bin/sh
echo "::error::$FLEETWRIGHT_OPERATION of $FLEETWRIGHT_NODE_POOL to $FLEETWRIGHT_GREEN_NODE_POOL"
echo "$FLEETWRIGHT_OPERATION" >> asked
test ! -e refuse
`;
const validation = { validation: "./smoke test.sh", "validation-timeout": "10s" };

test("the user's own validation is asked between batches, before the deletion, and by verify", async () => {
  await harbour();
  await job.write({ "smoke test.sh": PROGRAM });
  await chmod(join(job.workspace, "smoke test.sh"), 0o755);
  const asked = async () => (await readFile(join(job.workspace, "asked"), "utf8")).split("\n");
  await run("start", START);

  await job.write({ refuse: "" });
  const doubted = await run("verify", validation);
  expect(doubted).toMatchObject({
    exitCode: 1,
    outputs: { verdict: "fail", phase: "started", "failure-reason": "run-failed" },
  });
  expect(doubted.log).toContain("validation: ::error::verify of blue to green");
  expect(doubted.annotations.at(-1)?.message).toMatch(/smoke test\.sh ended with 1/);

  const stopped = await run("drain", validation);
  expect([stopped.exitCode, stopped.outputs["failure-reason"]]).toEqual([1, "run-failed"]);
  expect(placement()).toEqual({ blue: 2, green: 2 });

  await rm(join(job.workspace, "refuse"));
  expect(await run("drain", validation)).toMatchObject({
    exitCode: 0,
    outputs: { phase: "drained" },
  });
  expect(await asked()).toEqual(["verify", "drain", "drain", ""]);
  expect(await run("verify", validation)).toMatchObject({ outputs: { verdict: "pass" } });

  await job.write({ refuse: "" });
  expect((await run("commit", validation)).outputs["failure-reason"]).toBe("run-failed");
  expect(pools()).toEqual(["system", "blue", "green"]);
  await rm(join(job.workspace, "refuse"));
  expect(await run("commit", validation)).toMatchObject({ outputs: { phase: "committed" } });
  expect(pools()).toEqual(["system", "green"]);
});

test.each([
  ["is not there", {}, "./nope.sh", "invalid-input", /cannot be run.*--chmod=\+x/],
  ["lies outside", {}, "../../bin/true", "invalid-input", /outside of the repository/],
  ["hangs", { "hang.sh": "#!/bin/sh\nexec sleep 60\n" }, "hang.sh", "run-failed", /within 1 s/],
])("a validation that %s is no yes", async (_, files, program, reason, message) => {
  await harbour();
  await job.write(files);
  for (const name of Object.keys(files)) await chmod(join(job.workspace, name), 0o755);
  await run("start", START);
  const { exitCode, outputs, annotations } = await run("verify", {
    validation: program,
    "validation-timeout": "1s",
  });
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, reason]);
  expect(annotations.at(-1)?.message).toMatch(message);
});
