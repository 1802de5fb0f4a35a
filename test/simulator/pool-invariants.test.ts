import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Cluster, Transition, UpgradeSettings } from "../../shared/simulator/model.ts";
import { amountOf } from "../../shared/simulator/surge.ts";
import { cluster, deployment, letRest, NEW_IMAGE, pool, world } from "./scene.ts";

const LABEL = "kubernetes.azure.com/upgrade-status";

const poolCase = fc.record({
  seed: fc.integer(),
  count: fc.integer({ min: 1, max: 8 }),
  maxSurge: fc.constantFrom("1", "2", "5", "10%", "33%", "100%"),
  undrainableNodeBehavior: fc.constantFrom("Cordon" as const, "Schedule" as const),
  soak: fc.constantFrom(0, 3),
  surgeMode: fc.constantFrom("batch" as const, "pipeline" as const, "single" as const),
  surgeExhausted: fc.constantFrom("stop" as const, "continue" as const),
  apps: fc.array(
    fc.record({
      replicas: fc.integer({ min: 1, max: 5 }),
      maxUnavailable: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

type PoolCase = typeof poolCase extends fc.Arbitrary<infer Case> ? Case : never;

function run(input: PoolCase): { target: Cluster; surge: number; log: Transition[] } {
  const upgradeSettings: Partial<UpgradeSettings> = {
    maxSurge: input.maxSurge,
    undrainableNodeBehavior: input.undrainableNodeBehavior,
    nodeSoakDurationInMinutes: input.soak,
  };
  const { surgeMode, surgeExhausted } = input;
  const made = world({ seed: input.seed, rules: { surgeMode, surgeExhausted } });
  const target = made.addCluster(
    cluster("c", {
      pools: [pool({ count: input.count, upgradeSettings })],
      workloads: [
        ...input.apps.map(({ replicas }, index) => deployment(`app${index}`, { replicas })),
        { ...deployment("agent"), kind: "DaemonSet" },
      ],
      budgets: input.apps.flatMap(({ maxUnavailable }, index) =>
        maxUnavailable === undefined
          ? []
          : [
              {
                namespace: "default",
                name: `app${index}`,
                selector: { app: `app${index}` },
                maxUnavailable,
              },
            ],
      ),
    }),
  );
  const surge = Math.min(amountOf(input.maxSurge, input.count), input.count);
  const log: Transition[] = [];
  made.subscribe((transition) => {
    log.push(transition);
    holdAlways(input, target, { surge, transition });
  });
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  return { target, surge, log };
}

function holdAlways(
  input: PoolCase,
  target: Cluster,
  { surge, transition }: { readonly surge: number; readonly transition: Transition },
): void {
  const nodes = [...target.nodes.values()];
  require(nodes.length <= input.count + surge, "more machines than count and surge");
  const underWay = nodes.filter(
    (node) => !node.surge && node.unschedulable && node.labels[LABEL] === undefined,
  );
  require(underWay.length <= Math.max(surge, 1), "more nodes away than surge nodes");
  if (transition.kind !== "object" || transition.resource !== "pods") return;
  for (const budget of target.budgets.values()) {
    const { currentHealthy, desiredHealthy } = target.budgetStatus(budget);
    require(currentHealthy >= desiredHealthy, "an eviction broke a budget");
  }
  if (transition.change !== "ADDED") return;
  const pod = target.pods.get(`${transition.namespace}/${transition.name}`);
  if (pod?.node === undefined || pod.daemonSet) return;
  const host = target.nodes.get(pod.node);
  require(host?.unschedulable === false && host.phase === "Ready", "a pod on a cordoned node");
}

/** Thousands of these run per pool: an assertion library would take most of the time. */
function require(holds: boolean, broken: string): void {
  if (!holds) throw new Error(broken);
}

test("every rolling upgrade keeps its promises, after every transition and at its end", () => {
  fc.assert(
    fc.property(poolCase, (input) => {
      const { target, surge, log } = run(input);
      const nodes = [...target.nodes.values()];
      const quarantined = nodes.filter((node) => node.labels[LABEL] === "Quarantined");
      const upgraded = nodes.filter((node) => node.nodeImageVersion === NEW_IMAGE);
      const stranded = nodes.filter(
        (node) => node.nodeImageVersion !== NEW_IMAGE && !quarantined.includes(node),
      );
      const failed = log.some((one) => one.kind === "pool" && one.change === "RollingFailed");
      const state = target.pools.get("np")?.provisioningState;

      for (const node of quarantined) {
        expect(node).toMatchObject({ unschedulable: true });
        expect(node.nodeImageVersion).not.toBe(NEW_IMAGE);
      }
      expect(nodes.filter((node) => node.unschedulable)).toEqual(quarantined);
      expect(stranded.length > 0 || quarantined.length > 0 ? failed : !failed || surge > 0).toBe(
        true,
      );
      if (!failed) {
        expect(state).toBe("Succeeded");
        expect(upgraded.length).toBe(input.count);
        expect(nodes.length).toBe(input.count);
      } else if (quarantined.length > surge) expect(state).toBe("Canceled");
      else expect(state).toBe("Failed");
      if (quarantined.length <= surge && quarantined.length > 0 && stranded.length === 0) {
        expect(nodes.length - quarantined.length).toBeGreaterThanOrEqual(input.count);
      }
      if (input.undrainableNodeBehavior === "Schedule") expect(quarantined).toEqual([]);

      const live = [...target.pods.values()].filter((pod) => pod.workload.startsWith("Deployment"));
      expect(live.length).toBe(input.apps.reduce((sum, { replicas }) => sum + replicas, 0));
      expect(live.every((pod) => pod.ready)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test("the same seed tells the same story, another seed another", () => {
  const input: PoolCase = {
    seed: 1,
    count: 5,
    maxSurge: "33%",
    undrainableNodeBehavior: "Cordon",
    soak: 0,
    surgeMode: "batch",
    surgeExhausted: "stop",
    apps: [{ replicas: 4, maxUnavailable: 1 }],
  };
  const story = (seed: number): string => JSON.stringify(run({ ...input, seed }).log);
  expect(story(1)).toBe(story(1));
  expect(story(2)).not.toBe(story(1));
});
