import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type {
  BlueGreenSettings,
  Cluster,
  NodePool,
  NodePoolSpec,
  Transition,
  World,
} from "../../shared/simulator/model.ts";
import { deploymentPods, hold } from "./pool-watch.ts";
import {
  block,
  cluster,
  deployment,
  FAMILY,
  HOUR,
  letRest,
  logOf,
  NEW_IMAGE,
  OLD_IMAGE,
  pool,
  REGION,
  unblock,
  world,
} from "./scene.ts";

const MINUTE = 60_000;
const RUNS = 600;

const QUICK: BlueGreenSettings = {
  drainBatchSize: "50%",
  drainTimeoutInMinutes: 5,
  batchSoakDurationInMinutes: 10,
  finalSoakDurationInMinutes: 120,
};

function blueGreen(spec: Partial<NodePoolSpec> = {}): NodePoolSpec {
  return pool({
    count: 4,
    upgradeStrategy: "BlueGreen",
    upgradeSettingsBlueGreen: QUICK,
    ...spec,
  });
}

interface Scene {
  readonly made: World;
  readonly target: Cluster;
  readonly np: NodePool;
  readonly log: readonly Transition[];
}

function scene(spec: Partial<NodePoolSpec> = {}, made = world()): Scene {
  const log = logOf(made);
  const target = made.addCluster(
    cluster("c", {
      kubernetesVersion: "1.33.5",
      pools: [blueGreen(spec)],
      workloads: [deployment("app", { replicas: 4 }), deployment("lamp")],
    }),
  );
  const np = target.pools.get("np");
  if (np === undefined) throw new Error("no pool");
  return { made, target, np, log };
}

/** Image versions with how many nodes have them, and how many of these take no pods. */
function nodesOf({ target }: Scene): Record<string, readonly [number, number]> {
  const nodes = [...target.nodes.values()];
  const images = new Set(nodes.map(({ nodeImageVersion }) => nodeImageVersion));
  return Object.fromEntries(
    [...images].map((image) => {
      const all = nodes.filter((node) => node.nodeImageVersion === image);
      return [image, [all.length, all.filter(({ unschedulable }) => unschedulable).length]];
    }),
  );
}

/** Until the state of affairs is so; the world may not come to rest before. */
function advanceUntil({ made }: Scene, isSo: () => boolean): void {
  for (let step = 0; step < 10_000 && !isSo(); step++) made.advanceTo(made.nextAt() ?? made.now);
  expect(isSo()).toBe(true);
}

const isDrained = ({ target }: Scene): boolean =>
  deploymentPods(target).every(({ node, phase }) => {
    const image = target.nodes.get(node ?? "")?.nodeImageVersion;
    return phase === "Running" && image === NEW_IMAGE;
  });

function intoFinalSoak(of: Scene): void {
  of.target.upgradeNodeImage("np", NEW_IMAGE);
  advanceUntil(of, () => of.np.recentlyUsed !== undefined);
  expect(isDrained(of)).toBe(true);
}

describe("a blue-green upgrade", () => {
  test("cordons blue, adds as many green nodes, drains in batches, waits and deletes blue", () => {
    const of = scene();
    const { made, target, log } = of;
    target.upgradeNodeImage("np", NEW_IMAGE);
    expect(nodesOf(of)).toEqual({ [OLD_IMAGE]: [4, 4], [NEW_IMAGE]: [4, 0] });
    letRest(made);
    expect(nodesOf(of)).toEqual({ [NEW_IMAGE]: [4, 0] });
    expect([...target.nodes.values()].every(({ surge }) => !surge)).toBe(true);
    expect([of.np.provisioningState, target.provisioningState]).toEqual(["Succeeded", "Succeeded"]);
    const drains = log.flatMap((one) =>
      one.kind === "node" && one.change === "Draining" ? [one.at] : [],
    );
    // Two of four together, and ten minutes between the end of the first batch and the second.
    expect([drains[0] === drains[1], drains[2] === drains[3]]).toEqual([true, true]);
    expect((drains[2] ?? 0) - (drains[0] ?? 0)).toBeGreaterThanOrEqual(10 * MINUTE);
    const removed = log.find((one) => one.kind === "node" && one.change === "Removed");
    expect((removed?.at ?? 0) - (drains[3] ?? 0)).toBeGreaterThanOrEqual(120 * MINUTE);
    const events = log.flatMap((one) => (one.kind === "pool" ? [one.change] : []));
    expect(events.filter((change) => change.startsWith("Rolling"))).toEqual([
      "RollingStarted",
      "RollingSucceeded",
    ]);
  });

  test("follows an upgrade of Kubernetes, of a run and of the cluster, too", () => {
    const of = scene();
    of.target.upgrade({ type: "Full", kubernetesVersion: "1.34.1" });
    letRest(of.made);
    const nodes = [...of.target.nodes.values()];
    expect(nodes.map(({ kubernetesVersion }) => kubernetesVersion)).toEqual(
      Array.from({ length: 4 }, () => "1.34.1"),
    );
    expect(nodes.every(({ instance }) => instance >= 4)).toBe(true);
  });

  test.each([
    ["drainBatchSize", "0"],
    ["drainBatchSize", "0%"],
    ["drainTimeoutInMinutes", 0],
    ["drainTimeoutInMinutes", 1_441],
    ["batchSoakDurationInMinutes", 1_441],
    ["finalSoakDurationInMinutes", 10_081],
  ])("refuses %s of %s", (name, value) => {
    const settings = { ...QUICK, [name]: value };
    expect(() => scene({ upgradeSettingsBlueGreen: settings })).toThrow(name);
  });

  test("fails before it touches blue when the region has no machines for green", () => {
    const made = world({ capacities: [{ region: REGION, vmSize: pool().vmSize, machines: 7 }] });
    const of = scene({}, made);
    of.target.upgradeNodeImage("np", NEW_IMAGE);
    letRest(made);
    expect(of.np.provisioningState).toBe("Failed");
    expect(nodesOf(of)).toEqual({ [OLD_IMAGE]: [4, 0] });
    made.machines.setCapacity({ region: REGION, vmSize: pool().vmSize, machines: 8 });
    of.target.updatePool("np", {});
    letRest(made);
    expect(nodesOf(of)).toEqual({ [NEW_IMAGE]: [4, 0] });
  });

  test("needs quota for as many nodes again", () => {
    const made = world({ quotas: [{ region: REGION, name: "cores", limit: 31 }] });
    const of = scene({}, made);
    expect(() => of.target.upgradeNodeImage("np", NEW_IMAGE)).toThrow(/quota/i);
  });

  test("fails when a drain outlasts its timeout, and goes on with the next PUT", () => {
    const of = scene();
    block(of.target, "lamp");
    of.target.upgradeNodeImage("np", NEW_IMAGE);
    letRest(of.made);
    expect(of.np.provisioningState).toBe("Failed");
    expect(nodesOf(of)).toEqual({ [OLD_IMAGE]: [4, 4], [NEW_IMAGE]: [4, 0] });
    expect([...of.target.nodes.values()].some(({ labels }) => Object.keys(labels).length > 0)).toBe(
      false,
    );
    unblock(of.target, "lamp");
    of.target.updatePool("np", {});
    letRest(of.made);
    expect(nodesOf(of)).toEqual({ [NEW_IMAGE]: [4, 0] });
    expect(of.np.provisioningState).toBe("Succeeded");
  });

  test("is paused by an abort, and resumed by a PUT with other settings but no other goal", () => {
    const of = scene();
    const { made, target, np } = of;
    target.upgradeNodeImage("np", NEW_IMAGE);
    made.advanceTo(made.now + 15 * MINUTE);
    target.abortPool("np");
    letRest(made);
    expect(np.provisioningState).toBe("Canceled");
    expect(nodesOf(of)).toEqual({ [OLD_IMAGE]: [4, 4], [NEW_IMAGE]: [4, 0] });
    expect(() => target.updatePool("np", { upgradeStrategy: "Rolling" })).toThrow("is paused");
    expect(() => target.updatePool("np", { kubernetesVersion: "1.33.5" })).toThrow("is paused");
    made.images.release(REGION, `${FAMILY}-202507.30.0`);
    expect(() => target.upgradeNodeImage("np", `${FAMILY}-202507.30.0`)).toThrow("is paused");
    expect(() => target.upgrade({ type: "NodeImageOnly" })).toThrow("is paused");
    expect(() => target.rollBackPool("np")).toThrow("no recently used version");
    target.updatePool("np", { upgradeSettingsBlueGreen: { finalSoakDurationInMinutes: 0 } });
    letRest(made);
    expect(nodesOf(of)).toEqual({ [NEW_IMAGE]: [4, 0] });
  });

  test("is rolled back in its final soak: blue takes pods again, green goes at once", () => {
    const of = scene();
    const { made, target, np } = of;
    const before = [...target.nodes.keys()];
    intoFinalSoak(of);
    expect(np.nodeImageVersion).toBe(NEW_IMAGE);
    expect(() => target.rollBackPool("np")).toThrow(/in progress/);
    target.abortPool("np");
    letRest(made);
    target.rollBackPool("np");
    letRest(made);
    expect(nodesOf(of)).toEqual({ [OLD_IMAGE]: [4, 0] });
    expect([...target.nodes.keys()]).toEqual(before);
    expect([np.nodeImageVersion, np.provisioningState]).toEqual([OLD_IMAGE, "Succeeded"]);
    expect(deploymentPods(target).every(({ ready }) => ready)).toBe(true);
    expect(() => target.rollBackPool("np")).toThrow("no recently used version");
  });

  test("is rolled back although green was deleted by hand: blue takes pods again", () => {
    const of = scene();
    const { made, target, np } = of;
    intoFinalSoak(of);
    target.abortPool("np");
    letRest(made);
    for (const [name, { nodeImageVersion }] of target.nodes) {
      if (nodeImageVersion === NEW_IMAGE) target.deleteNode(name);
    }
    target.rollBackPool("np");
    letRest(made);
    expect(nodesOf(of)).toEqual({ [OLD_IMAGE]: [4, 0] });
    expect(np.provisioningState).toBe("Succeeded");
    expect(deploymentPods(target).every(({ ready }) => ready)).toBe(true);
  });

  test("aborted in its final soak it can be resumed as well: the soak begins again, and blue goes", () => {
    const of = scene();
    intoFinalSoak(of);
    of.target.abortPool("np");
    letRest(of.made);
    const drainsBefore = of.log.filter(
      (one) => one.kind === "node" && one.change === "Draining",
    ).length;
    of.target.updatePool("np", {});
    letRest(of.made);
    expect(nodesOf(of)).toEqual({ [NEW_IMAGE]: [4, 0] });
    const drains = of.log.filter((one) => one.kind === "node" && one.change === "Draining").length;
    // Only to be deleted: nothing was left to drain.
    expect(drains - drainsBefore).toBe(4);
  });

  test("once it is over, the way back is a blue-green upgrade of its own", () => {
    const of = scene();
    of.target.upgradeNodeImage("np", NEW_IMAGE);
    letRest(of.made);
    of.target.rollBackPool("np");
    expect(nodesOf(of)).toEqual({ [NEW_IMAGE]: [4, 4], [OLD_IMAGE]: [4, 0] });
    letRest(of.made);
    expect(nodesOf(of)).toEqual({ [OLD_IMAGE]: [4, 0] });
  });

  test("the other strategy is a PUT away", () => {
    const of = scene({ upgradeStrategy: "Rolling" });
    of.target.updatePool("np", { upgradeStrategy: "BlueGreen", kubernetesVersion: "1.33.5" });
    letRest(of.made);
    expect([...of.target.nodes.values()].map(({ instance }) => instance)).toEqual([4, 5, 6, 7]);
  });
});

const scheme = fc.record({
  seed: fc.integer(),
  count: fc.integer({ min: 1, max: 6 }),
  drainBatchSize: fc.constantFrom("1", "2", "10%", "50%", "100%"),
  batchSoakDurationInMinutes: fc.constantFrom(0, 5),
  finalSoakDurationInMinutes: fc.constantFrom(0, 30),
  replicas: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  maxUnavailable: fc.constantFrom(1, 2, "50%", undefined),
  acts: fc.array(
    fc.record({
      minute: fc.integer({ min: 0, max: 120 }),
      act: fc.constantFrom("abort", "PUT", "roll back", "delete node", "uncordon", "block"),
      which: fc.nat(),
    }),
    { maxLength: 5 },
  ),
});

type Scheme = typeof scheme extends fc.Arbitrary<infer Case> ? Case : never;

function schemed(input: Scheme): Scene {
  const made = world({ seed: input.seed });
  const { count, replicas, maxUnavailable } = input;
  const names = replicas.map((_, index) => `app${index}`);
  const target = made.addCluster(
    cluster("c", {
      pools: [blueGreen({ count, upgradeSettingsBlueGreen: { ...QUICK, ...settingsOf(input) } })],
      workloads: [
        ...names.map((name, index) => deployment(name, { replicas: replicas[index] ?? 1 })),
        { ...deployment("agent"), kind: "DaemonSet" },
      ],
      budgets:
        maxUnavailable === undefined
          ? []
          : names.map((name) => ({
              namespace: "default",
              name,
              selector: { app: name },
              maxUnavailable,
            })),
    }),
  );
  return { made, target, np: target.pools.get("np") as NodePool, log: [] };
}

function settingsOf({
  drainBatchSize,
  batchSoakDurationInMinutes,
  finalSoakDurationInMinutes,
}: Scheme): Partial<BlueGreenSettings> {
  return { drainBatchSize, batchSoakDurationInMinutes, finalSoakDurationInMinutes };
}

/** What holds at every event, whatever somebody does meanwhile. */
function watch({ made, target }: Scene, { count }: Scheme): void {
  made.subscribe((one) => {
    if (one.kind !== "node" && one.kind !== "object") return;
    hold(target.nodes.size <= 2 * count, "more than twice the nodes");
    for (const budget of target.budgets.values()) {
      const { currentHealthy, desiredHealthy } = target.budgetStatus(budget);
      hold(
        currentHealthy >= desiredHealthy || budget.name === "late" || target.pods.size === 0,
        "an eviction broke a budget",
      );
    }
    if (one.kind === "node" && one.change === "Draining") {
      hold(target.nodes.get(one.node)?.unschedulable === true, "a drain of a node in use");
    }
  });
}

function act({ target }: Scene, { act: what, which }: Scheme["acts"][number]): void {
  const nodes = [...target.nodes.values()];
  const node = nodes[which % Math.max(1, nodes.length)];
  try {
    if (what === "abort") target.abortPool("np");
    if (what === "PUT") target.updatePool("np", {});
    if (what === "roll back") target.rollBackPool("np");
    if (what === "delete node" && node) target.deleteNode(node.name);
    if (what === "uncordon" && node) target.patchNode(node.name, { unschedulable: false });
    if (what === "block") block(target, "app0");
  } catch (error) {
    expect(error).toMatchObject({
      code: expect.stringMatching(/OperationNotAllowed|InvalidParameter/) as string,
    });
  }
}

test("whatever happens during a blue-green upgrade, a PUT brings the pool to one colour once nothing is in its way", () => {
  fc.assert(
    fc.property(scheme, (input) => {
      const of = schemed(input);
      const isDisturbed = input.acts.some(({ act: what }) => /node|block/.test(what));
      if (!isDisturbed) watch(of, input);
      of.target.upgradeNodeImage("np", NEW_IMAGE);
      for (const one of input.acts.toSorted((a, b) => a.minute - b.minute)) {
        of.made.advanceTo(Math.max(of.made.now, one.minute * MINUTE));
        act(of, one);
      }
      of.made.advanceTo(of.made.now + 48 * HOUR);
      letRest(of.made);
      for (const budget of of.target.budgets.values()) {
        of.target.deleteBudget("default", budget.name);
      }
      for (const node of of.target.nodes.values()) {
        if (!node.unschedulable) continue;
        // Whoever was cordoned is blue, and goes: nobody has to uncordon it.
        hold(of.np.provisioningState !== "Succeeded", "cordoned in a pool that succeeded");
      }
      of.target.updatePool("np", {});
      letRest(of.made);
      const [image, ...others] = Object.keys(nodesOf(of));
      expect(others).toEqual([]);
      expect(nodesOf(of)).toEqual({ [image ?? ""]: [input.count, 0] });
      expect([image, of.np.provisioningState]).toEqual([of.np.nodeImageVersion, "Succeeded"]);
      const wanted = input.replicas.reduce((sum, one) => sum + one, 0);
      expect(deploymentPods(of.target).filter(({ ready }) => ready).length).toBe(wanted);
      expect(of.target.pods.size - wanted).toBe(input.count);
    }),
    { numRuns: RUNS },
  );
});
