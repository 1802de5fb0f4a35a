import { expect, test } from "vitest";
import { drainNodes } from "../../shared/drain/drain.ts";
import type { DrainSettings } from "../../shared/drain/drain.ts";
import { batches, objections, podsToMove } from "../../shared/drain/pods.ts";
import type { BoundPod, DrainPort, EvictionAnswer } from "../../shared/drain/ports.ts";

const CLUSTER =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/quay-1";

function pod(name: string, node: string, change: Partial<BoundPod> = {}): BoundPod {
  return {
    namespace: "harbour",
    name,
    uid: name,
    node,
    labels: {},
    owner: "Deployment/api",
    mirror: false,
    finished: false,
    terminating: false,
    hasEmptyDir: false,
    ...change,
  };
}

const settings: DrainSettings = {
  batchSize: 1,
  paceMilliseconds: 0,
  timeoutMilliseconds: 60_000,
  gracePeriodSeconds: undefined,
  retryMilliseconds: 5_000,
  deleteEmptyDirData: false,
  deleteBarePods: false,
};

/** A cluster in memory: an evicted pod is gone at the next look; time passes only while somebody sleeps. */
function scene(pods: readonly BoundPod[], answer?: (pod: string, tries: number) => EvictionAnswer) {
  let present = [...pods];
  let time = 0;
  const told: string[] = [];
  const tries = new Map<string, number>();
  const drain: DrainPort = {
    readBoundPods: async (_, node) =>
      present.filter((one) => node === undefined || one.node === node),
    cordon: async () => {},
    uncordon: async () => {},
    async evict(_, { name }, gracePeriodSeconds) {
      const count = (tries.get(name) ?? 0) + 1;
      tries.set(name, count);
      const given = answer?.(name, count) ?? { kind: "evicting" };
      const grace = gracePeriodSeconds === undefined ? "" : ` ${gracePeriodSeconds}s`;
      told.push(`${time} ${given.kind === "evicting" ? "evict" : given.kind} ${name}${grace}`);
      if (given.kind === "evicting") present = present.filter((one) => one.name !== name);
      return given;
    },
  };
  const run = (nodes: readonly string[], change: Partial<DrainSettings> = {}) =>
    drainNodes(
      {
        drain,
        sleep: async (milliseconds) => void (time += milliseconds),
        elapsed: () => time,
        log: () => {},
      },
      CLUSTER,
      nodes,
      { ...settings, ...change },
    );
  return { run, told, present: () => present.map(({ name }) => name) };
}

test("nodes are emptied batch by batch with a pace between, DaemonSets and mirrors left alone", async () => {
  const { run, told, present } = scene([
    pod("a", "n1"),
    pod("b", "n2"),
    pod("c", "n3"),
    pod("log", "n1", { owner: "DaemonSet/log" }),
    pod("proxy", "n1", { owner: "Node/n1", mirror: true }),
    pod("elsewhere", "n9"),
  ]);
  await run(["n1", "n2", "n3"], { batchSize: 2, paceMilliseconds: 60_000, gracePeriodSeconds: 20 });
  expect(told).toEqual(["0 evict a 20s", "0 evict b 20s", "65000 evict c 20s"]);
  expect(present()).toEqual(["log", "proxy", "elsewhere"]);
});

test("an eviction that a budget refuses is tried again until it is allowed", async () => {
  const refused: EvictionAnswer = { kind: "refused", budget: "api", message: "no" };
  const { run, told } = scene([pod("a", "n1")], (_, tries) =>
    tries < 3 ? refused : { kind: "evicting" },
  );
  await run(["n1"]);
  expect(told).toEqual(["0 refused a", "5000 refused a", "10000 evict a"]);
});

test("a batch that does not become empty in time names node, pod and budget", async () => {
  const { run, told } = scene([pod("a", "n1")], () => ({
    kind: "refused",
    budget: "api",
    message: "no",
  }));
  await expect(run(["n1"], { timeoutMilliseconds: 10_000 })).rejects.toMatchObject({
    code: "timed-out",
    message: expect.stringContaining("node n1: harbour/a is held by budget api"),
  });
  expect(told).toHaveLength(3);
});

test("a pod that ends slowly is not evicted twice", async () => {
  const { run, told } = scene([pod("a", "n1", { terminating: true })]);
  await expect(run(["n1"], { timeoutMilliseconds: 5_000 })).rejects.toMatchObject({
    code: "timed-out",
  });
  expect(told).toEqual([]);
});

test.each<[string, Partial<BoundPod>, Partial<DrainSettings>]>([
  ["delete-emptydir-data", { hasEmptyDir: true }, { deleteEmptyDirData: true }],
  ["delete-bare-pods", { owner: undefined }, { deleteBarePods: true }],
])("%s is a person's word, asked for before the first eviction", async (word, change, consent) => {
  const { run, told } = scene([pod("a", "n1"), pod("b", "n2", change)]);
  await expect(run(["n1", "n2"])).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringContaining(`harbour/b`),
  });
  expect(told).toEqual([]);
  expect(objections([pod("b", "n2", change)], settings)[0]).toContain(word);
  await run(["n1", "n2"], consent);
  expect(told).toEqual(["0 evict a", "5000 evict b"]);
});

test("pods that have ended need no word, and leave all the same", async () => {
  const ended = pod("job", "n1", { finished: true, owner: undefined, hasEmptyDir: true });
  const { run, present } = scene([ended]);
  expect(podsToMove([ended])).toEqual([ended]);
  await run(["n1"]);
  expect(present()).toEqual([]);
});

test.each([
  [5, 2, [[0, 1], [2, 3], [4]]],
  [2, 5, [[0, 1]]],
  [0, 1, []],
])("%i nodes by %i", (count, size, expected) => {
  expect(
    batches(
      Array.from({ length: count }, (_, index) => index),
      size,
    ),
  ).toEqual(expected);
});
