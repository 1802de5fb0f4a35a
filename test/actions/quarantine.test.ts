import { afterEach, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import {
  CLUSTER,
  FAST,
  files,
  killedOnItsWay,
  NEW_IMAGE,
  OLD_IMAGE,
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

const UPGRADE = {
  maxSurge: "2",
  undrainableNodeBehavior: "Cordon",
  drainTimeoutInMinutes: 5,
} as const;

/** A pool of two nodes of which an upgrade left those behind that carry a pod of `api`. */
async function quarantined(
  options: { readonly without?: string; readonly labels?: Record<string, string> } = {},
): Promise<readonly string[]> {
  emulator = await startTestEmulator({
    clock: 3_000,
    scenario: repairScenario(
      {
        pools: [
          { name: "system", mode: "System", count: 1 },
          {
            name: "app",
            mode: "User",
            count: 2,
            nodeImageVersion: OLD_IMAGE,
            upgradeSettings: UPGRADE,
          },
        ],
        workloads: [
          { name: "api", namespace: "harbour", replicas: 1, nodeSelector: { agentpool: "app" } },
          { kind: "DaemonSet", name: "log", namespace: "kube-system" },
        ],
        budgets: [
          {
            name: "api",
            namespace: "harbour",
            selector: { app: "api" },
            minAvailable: "100%",
            ...(options.labels && { labels: options.labels }),
          },
        ],
      },
      options.without,
    ),
  });
  job = await createJob({ files, azure: emulator, clientId: REPAIRER, subject: SUBJECT });
  const { agentPools } = emulator.aks;
  await agentPools
    .upgradeNodeImageVersion("harbour", "quay-1", "app", emulator.polling)
    .catch(() => undefined);
  return [...worldOf(emulator).nodes.values()]
    .filter(({ labels }) => labels["kubernetes.azure.com/upgrade-status"] === "Quarantined")
    .map(({ name }) => name);
}

const fix = (nodes: readonly string[], remedy: string, more: Record<string, string> = {}) =>
  job.run("quarantine", {
    operation: "fix",
    "cluster-id": CLUSTER,
    nodes: nodes.join("\n"),
    remedy,
    ...FAST,
    ...more,
  });

function expectHealthy(): void {
  const cluster = worldOf(emulator);
  const nodes = [...cluster.nodes.values()].filter(({ pool }) => pool === "app");
  expect(cluster.pools.get("app")?.provisioningState).toBe("Succeeded");
  expect(nodes.map(({ nodeImageVersion }) => nodeImageVersion)).toEqual([NEW_IMAGE, NEW_IMAGE]);
  expect(nodes.every(({ unschedulable }) => !unschedulable)).toBe(true);
  const budget = cluster.budgets.get("harbour/api");
  expect(budget).toMatchObject({ minAvailable: "100%" });
  expect(budget?.maxUnavailable).toBeUndefined();
  expect(Object.keys(budget?.annotations ?? {})).toEqual([]);
}

test("list names node, pod, owner and budget, and writes nothing", async () => {
  const [node = ""] = await quarantined();
  const before = await writesOf(emulator);
  for (const where of [{ "cluster-id": CLUSTER }, { environment: "dev" }]) {
    const { exitCode, outputs, summary } = await job.run("quarantine", {
      operation: "list",
      ...where,
    });
    expect([exitCode, outputs["count"], outputs["unseen"]]).toEqual([0, "1", "[]"]);
    expect(JSON.parse(outputs["nodes"] ?? "")).toMatchObject([
      {
        cluster: expect.stringMatching(/quay-1$/),
        nodePool: "app",
        node,
        pods: [
          {
            pod: expect.stringMatching(/^harbour\/api-/),
            owner: "Deployment/api",
            budget: "harbour/api",
            disruptionsAllowed: 0,
            healthy: 1,
            required: 1,
          },
        ],
      },
    ]);
    expect(summary).toContain(node);
  }
  expect(await writesOf(emulator)).toEqual(before);
});

test.each(["adjust-pdb", "delete-pod", "delete-node"])(
  "%s brings the pool back; again it writes nothing",
  async (remedy) => {
    const nodes = await quarantined();
    expect(nodes).toHaveLength(1);
    const first = await fix(nodes, remedy);
    expect(first).toMatchObject({
      exitCode: 0,
      outputs: { changed: "true", verdict: "pass", "failure-reason": "" },
    });
    expectHealthy();
    const before = await writesOf(emulator);
    expect(await fix(nodes, remedy)).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
    expect(await writesOf(emulator)).toEqual(before);
  },
);

test.each([
  ["adjust-pdb", "first-write"],
  ["adjust-pdb", "each-call-in-turn"],
  ["delete-pod", "first-write"],
  ["delete-node", "first-write"],
] as const)("%s, killed at %s and run again, reaches the same end", async (remedy, at) => {
  const nodes = await quarantined();
  const inputs = {
    operation: "fix",
    "cluster-id": CLUSTER,
    nodes: nodes.join(","),
    remedy,
    ...FAST,
  };
  const { result, kills } = await killedOnItsWay(emulator, job, {
    action: "quarantine",
    inputs,
    at,
  });
  expect(result).toMatchObject({ exitCode: 0, outputs: { verdict: "pass" } });
  expect(kills).toBeGreaterThan(at === "first-write" ? 0 : 8);
  expectHealthy();
});

test("a cancelled step puts the budget back before it ends", async () => {
  const nodes = await quarantined();
  // Nothing is evicted while this lasts, so that the budget stays loose until the job is cancelled.
  await emulator.control("POST", "/faults", {
    service: "kubernetes",
    match: { method: "POST", path: "/eviction$" },
    status: 429,
    count: 1_000,
  });
  let loose = () => {};
  const loosened = new Promise<void>((done) => {
    loose = done;
  });
  const step = await job.start(
    "quarantine",
    {
      operation: "fix",
      "cluster-id": CLUSTER,
      nodes: nodes.join(","),
      remedy: "adjust-pdb",
      ...FAST,
    },
    (line) => {
      if (line.startsWith("draining")) loose();
    },
  );
  await Promise.race([loosened, step.finished]);
  expect(worldOf(emulator).budgets.get("harbour/api")).toMatchObject({ minAvailable: 0 });
  step.kill("SIGINT");
  const { exitCode, outputs, annotations } = await step.finished;
  expect([exitCode, outputs["failure-reason"]]).toEqual([130, "cancelled"]);
  expect(annotations.at(-1)?.message).toMatch(/budgets that it loosened are restored/);
  const budget = worldOf(emulator).budgets.get("harbour/api");
  expect([budget?.minAvailable, Object.keys(budget?.annotations ?? {})]).toEqual(["100%", []]);
});

test("a drain that does not end puts the budget back", async () => {
  const nodes = await quarantined();
  await emulator.control("POST", "/faults", {
    service: "kubernetes",
    match: { method: "POST", path: "/eviction$" },
    status: 429,
    count: 1_000,
  });
  const failed = await fix(nodes, "adjust-pdb", { "drain-timeout": "1s" });
  expect([failed.exitCode, failed.outputs["failure-reason"]]).toEqual([1, "timed-out"]);
  const budget = worldOf(emulator).budgets.get("harbour/api");
  expect([budget?.minAvailable, Object.keys(budget?.annotations ?? {})]).toEqual(["100%", []]);
});

test("a budget that a GitOps tool owns is changed only when told", async () => {
  const nodes = await quarantined({ labels: { "app.kubernetes.io/managed-by": "Helm" } });
  const before = await writesOf(emulator);
  const refused = await fix(nodes, "adjust-pdb");
  expect(refused.outputs["failure-reason"]).toBe("conflict");
  expect(refused.annotations.at(-1)?.message).toMatch(/harbour\/api belongs to Helm.*force-owned/);
  expect(await writesOf(emulator)).toEqual(before);
  expect((await fix(nodes, "adjust-pdb", { "force-owned": "true" })).exitCode).toBe(0);
});

test("release alone lets AKS try again once the cause is gone", async () => {
  const nodes = await quarantined();
  worldOf(emulator).deleteBudget("harbour", "api");
  expect(await fix(nodes, "release")).toMatchObject({ exitCode: 0, outputs: { verdict: "pass" } });
  expect(worldOf(emulator).pools.get("app")?.provisioningState).toBe("Succeeded");
});

test("release opens a node that runs its pool's image already: no upgrade would", async () => {
  await quarantined();
  const cluster = worldOf(emulator);
  cluster.deleteBudget("harbour", "api");
  const node = [...cluster.nodes.values()].find(({ pool }) => pool === "system");
  if (node === undefined) throw new Error("no System node");
  const labels = { ...node.labels, "kubernetes.azure.com/upgrade-status": "Quarantined" };
  cluster.patchNode(node.name, { labels, unschedulable: true });
  const before = await writesOf(emulator);
  expect(await fix([node.name], "release")).toMatchObject({
    exitCode: 0,
    outputs: { verdict: "pass", changed: "true" },
  });
  expect(cluster.nodes.get(node.name)).toMatchObject({ unschedulable: false });
  expect((await writesOf(emulator)).length - before.length).toBe(1);
  expect(await fix([node.name], "release")).toMatchObject({ outputs: { changed: "false" } });
});

test.each([
  ["a pattern", "aks-app-*", "adjust-pdb", /patterns are not taken/],
  ["a stranger", "aks-nope-12345678-vmss000000", "adjust-pdb", /has no node/],
  ["no node at all", "", "adjust-pdb", /needs the inputs nodes and remedy/],
  ["no remedy", "aks-app-12345678-vmss000000", "", /needs the inputs nodes and remedy/],
])("%s is refused before any write", async (_, nodes, remedy, message) => {
  await quarantined();
  const before = await writesOf(emulator);
  const { outputs, annotations } = await fix([nodes], remedy);
  expect(outputs["failure-reason"]).toBe("invalid-input");
  expect(annotations.at(-1)?.message).toMatch(message);
  expect(await writesOf(emulator)).toEqual(before);
});

test("a permission that is missing half-way leaves the budget as it was", async () => {
  const action = "Microsoft.ContainerService/managedClusters/pods/eviction/action";
  const nodes = await quarantined({ without: action });
  const { outputs, annotations } = await fix(nodes, "adjust-pdb");
  expect(outputs["failure-reason"]).toBe("unauthorized");
  expect(annotations.at(-1)?.message).toContain(action);
  const budget = worldOf(emulator).budgets.get("harbour/api");
  expect(budget?.minAvailable).toBe("100%");
});

test("a cluster whose nodes cannot be seen is no cluster without quarantined nodes", async () => {
  const action = "Microsoft.ContainerService/managedClusters/nodes/read";
  await quarantined({ without: action });
  const listed = await job.run("quarantine", { operation: "list", "cluster-id": CLUSTER });
  expect([listed.exitCode, listed.outputs["failure-reason"]]).toEqual([1, "unreachable"]);
  expect(JSON.parse(listed.outputs["unseen"] ?? "")).toHaveLength(1);
  expect(listed.annotations.at(-1)?.message).toContain(action);
});
