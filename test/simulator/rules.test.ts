import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { validateScenario } from "../../emulator/scenario.ts";
import type { Cluster, RunSpec, Rules, UpdateRun, World } from "../../shared/simulator/model.ts";
import { DEFAULT_DURATIONS, DEFAULT_RULES } from "../../shared/simulator/rules.ts";
import { block, cluster, deployment, letRest, NEW_IMAGE, OLD_IMAGE, pool, world } from "./scene.ts";

const DAY = 86_400_000;
const CORDON = { drainTimeoutInMinutes: 5, undrainableNodeBehavior: "Cordon" } as const;

/** A pool of four; the first node's only pod may not go. */
function blockedCluster(made: World): Cluster {
  const upgradeSettings = { ...CORDON, maxSurge: "1" };
  const target = made.addCluster(
    cluster("c", {
      pools: [pool({ count: 4, upgradeSettings })],
      workloads: [deployment("app"), deployment("free", { replicas: 3 })],
    }),
  );
  block(target, "app");
  return target;
}

function upgraded(made: World, target: Cluster): number {
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  return [...target.nodes.values()].filter((node) => node.nodeImageVersion === NEW_IMAGE).length;
}

function run(made: World, change: Partial<RunSpec> = {}): UpdateRun {
  const fleet = made.addFleet("/fleets/f");
  for (const { id, name } of made.clusters.values()) fleet.putMember({ name, clusterId: id });
  const started = fleet.createRun({
    name: "run-1",
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Custom", customNodeImageVersions: [NEW_IMAGE] },
    ...change,
  });
  started.start();
  letRest(made);
  return started;
}

/** How many nodes are drained, and how many are away, at once. */
function busiest(
  made: World,
  target: Cluster,
): { readonly drained: number; readonly pools: number } {
  let [drained, pools] = [0, 0];
  made.subscribe(() => {
    const away = [...target.nodes.values()].filter(({ surge, phase, unschedulable }) => {
      return !surge && (unschedulable || phase === "Reimaging");
    });
    drained = Math.max(drained, away.length);
    pools = Math.max(pools, new Set(away.map((node) => node.pool)).size);
  });
  target.upgrade({ type: "NodeImageOnly" });
  letRest(made);
  return { drained, pools };
}

const EFFECTS: { readonly [Rule in keyof Rules]: (value: Rules[Rule]) => unknown } = {
  surgeMode(surgeMode) {
    const made = world({ rules: { surgeMode } });
    const pools = [pool({ count: 6, upgradeSettings: { maxSurge: "3" } })];
    const target = made.addCluster(cluster("c", { pools }));
    const { drained } = busiest(made, target);
    return [drained, made.now];
  },
  poolOrder(poolOrder) {
    const made = world({ rules: { poolOrder } });
    const pools = ["one", "two"].map((name) => pool({ name }));
    return busiest(made, made.addCluster(cluster("c", { pools }))).pools;
  },
  surgeExhausted(surgeExhausted) {
    const made = world({ rules: { surgeExhausted } });
    return upgraded(made, blockedCluster(made));
  },
  allowSnapshotDowngrade(allowSnapshotDowngrade) {
    const made = world({ rules: { allowSnapshotDowngrade } });
    const target = made.addCluster(
      cluster("c", { pools: [pool({ nodeImageVersion: NEW_IMAGE })] }),
    );
    try {
      target.upgradeNodeImage("np", OLD_IMAGE, "/snapshots/s");
      return "accepted";
    } catch (error) {
      return error;
    }
  },
  allowCustomDowngrade(allowCustomDowngrade) {
    const made = world({ rules: { allowCustomDowngrade } });
    made.addCluster(cluster("c", { pools: [pool({ nodeImageVersion: NEW_IMAGE })] }));
    const type = "Custom";
    const nodeImageSelection = { type, customNodeImageVersions: [OLD_IMAGE] } as const;
    return run(made, { nodeImageSelection }).status.state;
  },
  checkUnsatisfiableBudgets(checkUnsatisfiableBudgets) {
    const made = world({ rules: { checkUnsatisfiableBudgets } });
    try {
      return upgraded(made, blockedCluster(made));
    } catch (error) {
      return error;
    }
  },
  quarantineFailsMember(quarantineFailsMember) {
    // All other nodes are upgraded, so that quarantine is all that went wrong.
    const made = world({ rules: { quarantineFailsMember, surgeExhausted: "continue" } });
    blockedCluster(made);
    return run(made).status.state;
  },
  skipFullAtVersion(skipFullAtVersion) {
    const made = world({ rules: { skipFullAtVersion } });
    made.addCluster(cluster("c"));
    return run(made, { upgrade: { type: "Full", kubernetesVersion: "1.32.7" } }).status.state;
  },
  expiredImageFailsMember(expiredImageFailsMember) {
    const start = Date.UTC(2025, 6, 9) + 91 * DAY;
    const made = world({ start, rules: { expiredImageFailsMember } });
    made.addCluster(cluster("c"));
    return run(made).status.state;
  },
  enforceQuotas(enforceQuotas) {
    const quotas = [{ region: "westeurope", name: "cores", limit: 8 }];
    const made = world({ quotas, rules: { enforceQuotas } });
    made.addCluster(cluster("c"));
    return run(made).status.state;
  },
  unsetLevelAllowsFailures(unsetLevelAllowsFailures) {
    const made = world({ rules: { unsetLevelAllowsFailures } });
    blockedCluster(made);
    const memberSelector = [{ key: "app", operator: "DoesNotExist" }] as const;
    const groups = [{ name: "all", memberSelector }];
    return run(made, { stages: [{ name: "s", maxAllowedFailures: "1", groups }] }).status.state;
  },
};

const refusal = (code: string): unknown => expect.objectContaining({ code });

/** What each value of each switch leads to. */
const TURNS: { readonly [Rule in keyof Rules]: readonly (readonly [Rules[Rule], unknown])[] } = {
  surgeMode: [
    ["batch", [3, expect.any(Number)]],
    ["pipeline", [3, expect.any(Number)]],
    ["single", [1, expect.any(Number)]],
  ],
  poolOrder: [
    ["parallel", 2],
    ["serial", 1],
  ],
  surgeExhausted: [
    ["stop", 1],
    ["continue", 4],
  ],
  allowSnapshotDowngrade: [
    [false, refusal("InvalidParameter")],
    [true, "accepted"],
  ],
  allowCustomDowngrade: [
    [true, "Completed"],
    [false, "Skipped"],
  ],
  checkUnsatisfiableBudgets: [
    [false, 1],
    [true, refusal("UnsatisfiablePDB")],
  ],
  quarantineFailsMember: [
    [true, "Failed"],
    [false, "Completed"],
  ],
  skipFullAtVersion: [
    [false, "Completed"],
    [true, "Skipped"],
  ],
  expiredImageFailsMember: [
    [false, "Completed"],
    [true, "Failed"],
  ],
  enforceQuotas: [
    [true, "Failed"],
    [false, "Completed"],
  ],
  unsetLevelAllowsFailures: [
    [false, "Failed"],
    [true, "Completed"],
  ],
};

const RULES = Object.keys(TURNS).flatMap((rule) => (rule in DEFAULT_RULES ? [rule] : []));

function turn<Rule extends keyof Rules>(rule: Rule): void {
  const [[first] = [undefined]] = TURNS[rule];
  expect(DEFAULT_RULES[rule]).toBe(first);
  for (const [value, effect] of TURNS[rule]) expect(EFFECTS[rule](value)).toEqual(effect);
}

test.each(RULES)("the switch %s does what it says, beginning with its default", (rule) => {
  turn(rule as keyof Rules);
});

test("a pipeline does not wait for the slowest node of a set", () => {
  const [, batch] = EFFECTS.surgeMode("batch") as [number, number];
  const [, pipeline] = EFFECTS.surgeMode("pipeline") as [number, number];
  expect(pipeline).toBeLessThan(batch);
});

test("scenario files take every switch and duration, and the document on fidelity names each", () => {
  const document = readFileSync(new URL("../../docs/fidelity.md", import.meta.url), "utf8");
  const scenario = { rules: DEFAULT_RULES, durations: DEFAULT_DURATIONS };
  expect(validateScenario(scenario, "scenario")).toEqual(scenario);
  expect(RULES.toSorted()).toEqual(Object.keys(DEFAULT_RULES).toSorted());
  for (const name of [...RULES, ...Object.keys(DEFAULT_DURATIONS)]) {
    expect(document).toContain(`\`${name}\``);
  }
});
