import * as fc from "fast-check";
import { expect, test } from "vitest";
import type {
  Cluster,
  ClusterSpec,
  Transition,
  UpgradeSettings,
  World,
} from "../../shared/simulator/model.ts";
import { DEFAULT_UPGRADE_SETTINGS } from "../../shared/simulator/rules.ts";
import { deploymentPods, isQuarantined, PoolWatch } from "./pool-watch.ts";
import { cluster, deployment, HOUR, letRest, NEW_IMAGE, OLD_IMAGE, pool, world } from "./scene.ts";

/** Enough for each combination of settings to be met many times. */
const POOLS = 2_000;
const DISTURBED_POOLS = 800;

const app = fc.record({
  replicas: fc.integer({ min: 1, max: 5 }),
  budget: fc.option(
    fc.oneof(
      fc.record({ maxUnavailable: fc.constantFrom(0, 1, 2, "50%") }),
      fc.record({ minAvailable: fc.constantFrom(1, "50%", "100%") }),
    ),
    { nil: undefined },
  ),
});

const poolCase = fc.record({
  seed: fc.integer(),
  count: fc.integer({ min: 1, max: 8 }),
  width: fc.oneof(
    fc.record({ maxSurge: fc.constantFrom("1", "2", "5", "10%", "33%", "100%") }),
    // Both: surge is what counts, for there are machines.
    fc.record({ maxSurge: fc.constantFrom("1", "2"), maxUnavailable: fc.constantFrom("1", "50%") }),
    fc.record({
      maxSurge: fc.constant("0"),
      maxUnavailable: fc.constantFrom("1", "2", "34%"),
    }),
  ),
  undrainableNodeBehavior: fc.constantFrom("Cordon" as const, "Schedule" as const),
  maxBlockedNodes: fc.constantFrom(undefined, undefined, "8", "100%"),
  drainTimeoutInMinutes: fc.constantFrom(5, 30),
  nodeSoakDurationInMinutes: fc.constantFrom(0, 3),
  surgeMode: fc.constantFrom("batch" as const, "pipeline" as const, "single" as const),
  surgeExhausted: fc.constantFrom("stop" as const, "continue" as const),
  upgrades: fc.constantFrom("image" as const, "Kubernetes" as const),
  apps: fc.array(app, { minLength: 1, maxLength: 5 }),
});

type PoolCase = typeof poolCase extends fc.Arbitrary<infer Case> ? Case : never;

function settingsOf(input: PoolCase): UpgradeSettings {
  const { undrainableNodeBehavior, drainTimeoutInMinutes, nodeSoakDurationInMinutes } = input;
  const own = { undrainableNodeBehavior, drainTimeoutInMinutes, nodeSoakDurationInMinutes };
  const { maxBlockedNodes } = input;
  const tolerance = maxBlockedNodes === undefined ? {} : { maxBlockedNodes };
  return { ...DEFAULT_UPGRADE_SETTINGS, ...input.width, ...own, ...tolerance };
}

function clusterOf(input: PoolCase, name = "c"): ClusterSpec {
  return cluster(name, {
    kubernetesVersion: "1.33.5",
    pools: [pool({ count: input.count, mode: "User", upgradeSettings: settingsOf(input) })],
    workloads: [
      ...input.apps.map(({ replicas }, index) => deployment(`app${index}`, { replicas })),
      { ...deployment("agent"), kind: "DaemonSet" },
    ],
    budgets: input.apps.flatMap(({ budget }, index) => {
      const name = `app${index}`;
      return budget === undefined
        ? []
        : [{ namespace: "default", name, selector: { app: name }, ...budget }];
    }),
  });
}

function worldOf({ seed, surgeMode, surgeExhausted }: PoolCase): World {
  return world({ seed, rules: { surgeMode, surgeExhausted } });
}

function begin({ upgrades }: PoolCase, target: Cluster): void {
  if (upgrades === "image") target.upgradeNodeImage("np", NEW_IMAGE);
  else target.updatePool("np", { kubernetesVersion: "1.33.5" });
}

interface Story {
  readonly target: Cluster;
  readonly surge: number;
  readonly failed: boolean;
}

/** One upgrade that nobody disturbs, watched at every event. */
function run(input: PoolCase): Story {
  const made = worldOf(input);
  const target = made.addCluster(clusterOf(input));
  const { count, surgeMode, surgeExhausted } = input;
  const rules = { surgeMode, surgeExhausted };
  const watch = new PoolWatch({ target, settings: settingsOf(input), rules, count });
  let failed = false;
  made.subscribe((transition) => {
    watch.see(transition);
    if (transition.kind === "pool") failed ||= transition.change === "RollingFailed";
    if (transition.kind !== "object" || transition.change !== "ADDED") return;
    const pod = target.pods.get(`${transition.namespace}/${transition.name}`);
    if (transition.resource === "pods" && pod !== undefined) watch.holdOnPlacement(pod);
  });
  begin(input, target);
  letRest(made);
  return { target, surge: watch.surge, failed };
}

function holdAtEnd(input: PoolCase, { target, surge, failed }: Story): void {
  const nodes = [...target.nodes.values()];
  const { provisioningState } = target.pools.get("np") ?? {};
  const isNew = (image: string): boolean => image === NEW_IMAGE;
  const quarantined = nodes.filter(isQuarantined);
  const kept = nodes.filter((node) => node.instance >= input.count);
  const own = nodes.filter((node) => node.instance < input.count);
  const upgraded = own.filter((node) => isNew(node.nodeImageVersion));
  const stranded = own.length - upgraded.length - quarantined.length;
  // 7: quarantined nodes stay as they were, and so many surge nodes stay with them.
  for (const node of quarantined) {
    expect(node).toMatchObject({ unschedulable: true, nodeImageVersion: OLD_IMAGE });
  }
  if (input.undrainableNodeBehavior === "Schedule") expect(quarantined).toEqual([]);
  // 8: every node of before is upgraded, quarantined or stranded; only what failed strands one.
  expect(own.length).toBe(input.count);
  expect(stranded).toBeGreaterThanOrEqual(0);
  if (!failed) expect([stranded, quarantined.length, kept.length]).toEqual([0, 0, 0]);
  // 9: nobody else stays cordoned, and nobody is missing.
  expect(nodes.filter(({ unschedulable }) => unschedulable)).toEqual(quarantined);
  const isReplaced = kept.length >= quarantined.length;
  if (stranded === 0 && isReplaced) {
    expect(nodes.length - quarantined.length).toBeGreaterThanOrEqual(input.count);
  }
  // 10: the verdict.
  const outcome = quarantined.length <= surge ? "Failed" : "Canceled";
  expect(provisioningState).toBe(failed ? outcome : "Succeeded");
  expect(target.provisioningState).toBe(provisioningState);
  // 12, 16: every pod is there, and ready where there is a node for it, and each node has its pod of the DaemonSet.
  const wanted = input.apps.reduce((sum, { replicas }) => sum + replicas, 0);
  expect(deploymentPods(target).length).toBe(wanted);
  const isUsable = nodes.some(({ unschedulable }) => !unschedulable);
  if (isUsable) expect([...target.pods.values()].every(({ ready }) => ready)).toBe(true);
  expect(target.pods.size - wanted).toBe(nodes.length);
}

test("every rolling upgrade keeps its promises, after every event and at its end", () => {
  fc.assert(
    fc.property(poolCase, (input) => holdAtEnd(input, run(input))),
    { numRuns: POOLS },
  );
});

const disturbance = fc.record({
  minute: fc.integer({ min: 0, max: 60 }),
  act: fc.constantFrom("delete node", "delete pod", "cordon", "uncordon", "abort", "PUT", "scale"),
  which: fc.nat(),
});

type Disturbance = typeof disturbance extends fc.Arbitrary<infer Case> ? Case : never;

function disturb(target: Cluster, { act, which }: Disturbance): void {
  const nodes = [...target.nodes.values()];
  const node = nodes[which % Math.max(1, nodes.length)];
  const pods = deploymentPods(target);
  const pod = pods[which % Math.max(1, pods.length)];
  try {
    if (act === "delete node" && node) target.deleteNode(node.name);
    if (act === "delete pod" && pod) target.deletePod(pod.namespace, pod.name);
    if (act === "cordon" && node) target.patchNode(node.name, { unschedulable: true });
    if (act === "uncordon" && node) target.patchNode(node.name, { unschedulable: false });
    if (act === "abort") target.abortPool("np");
    if (act === "PUT") target.updatePool("np", {});
    if (act === "scale") target.updatePool("np", { count: (which % 8) + 1 });
  } catch (error) {
    // While an operation is in flight, and when there is none to abort.
    expect(error).toMatchObject({ code: "OperationNotAllowed" });
  }
}

/** Takes away what is in the way, as a person would, and asks for the pool once more. */
function cleanUp(made: World, target: Cluster): void {
  for (const budget of target.budgets.values()) target.deleteBudget("default", budget.name);
  for (const node of target.nodes.values()) {
    const labels = { ...node.labels };
    delete labels["kubernetes.azure.com/upgrade-status"];
    target.patchNode(node.name, { labels, unschedulable: false });
  }
  target.updatePool("np", {});
  letRest(made);
}

test("whatever happens during an upgrade, the pool comes right once nothing is in its way", () => {
  fc.assert(
    fc.property(
      poolCase,
      fc.array(disturbance, { minLength: 1, maxLength: 6 }),
      (input, disturbances) => {
        const made = worldOf(input);
        const target = made.addCluster(clusterOf(input));
        begin(input, target);
        for (const one of disturbances.toSorted((a, b) => a.minute - b.minute)) {
          made.advanceTo(one.minute * 60_000);
          disturb(target, one);
        }
        letRest(made);
        cleanUp(made, target);

        const np = target.pools.get("np");
        const nodes = [...target.nodes.values()];
        expect(np?.provisioningState).toBe("Succeeded");
        expect(nodes.length).toBe(np?.count);
        for (const node of nodes) {
          expect(node).toMatchObject({
            nodeImageVersion: NEW_IMAGE,
            unschedulable: false,
            phase: "Ready",
            surge: false,
          });
        }
        const wanted = input.apps.reduce((sum, { replicas }) => sum + replicas, 0);
        const pods = deploymentPods(target);
        expect(pods.filter(({ ready }) => ready).length).toBe(wanted);
      },
    ),
    { numRuns: DISTURBED_POOLS },
  );
});

/** Everything that is told about one cluster. */
function storyOf(made: World, inputs: readonly (readonly [string, PoolCase])[]): string[] {
  const log: Transition[] = [];
  made.subscribe((transition) => log.push(transition));
  for (const [name, input] of inputs) begin(input, made.addCluster(clusterOf(input, name)));
  made.advanceTo(48 * HOUR);
  return inputs.map(([name]) =>
    JSON.stringify(log.filter((one) => "cluster" in one && one.cluster === `/clusters/${name}`)),
  );
}

test("26, 27: the same seed tells the same story, and clusters tell the same together as each alone", () => {
  fc.assert(
    fc.property(fc.array(poolCase, { minLength: 2, maxLength: 4 }), (cases) => {
      const [first] = cases;
      if (first === undefined) return;
      const named = cases.map((one, index) => [`c${index}`, one] as const);
      const together = storyOf(worldOf(first), named);
      expect(storyOf(worldOf(first), named)).toEqual(together);
      expect(named.map((one) => storyOf(worldOf(first), [one])[0])).toEqual(together);
    }),
    { numRuns: 60 },
  );
  const [some] = fc.sample(poolCase, 1);
  if (some === undefined) throw new Error("no sample");
  const upgrade = { ...some, count: 5 };
  const [one, other] = [1, 2].map((seed) =>
    storyOf(worldOf({ ...upgrade, seed }), [["c", upgrade]]),
  );
  expect(other).not.toEqual(one);
});
