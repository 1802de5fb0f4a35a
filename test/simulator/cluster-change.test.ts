import { expect, test } from "vitest";
import type { Cluster, PoolChange, World } from "../../shared/simulator/model.ts";
import { block, cluster, deployment, letRest, NEW_IMAGE, pool, unblock, world } from "./scene.ts";

const user = { mode: "User", count: 1 } as const;

function scene(): { made: World; target: Cluster } {
  const made = world();
  const pools = [pool(), pool({ ...user, name: "a" }), pool({ ...user, name: "b" })];
  return { made, target: made.addCluster(cluster("c", { pools })) };
}

test("a change of several pools and a new one is one operation of the cluster", () => {
  const { made, target } = scene();
  const operation = target.change({
    pools: new Map([
      ["a", { count: 3 }],
      ["b", { nodeLabels: { tier: "gold" } }],
    ]),
    newPools: [pool({ ...user, name: "c", count: 2 })],
  });
  expect(target.provisioningState).toBe("Updating");
  expect(target.pools.get("c")?.provisioningState).toBe("Creating");
  letRest(made);
  expect(operation.status).toBe("Succeeded");
  expect([...target.pools.values()].map(({ name, count }) => `${name} ${count}`)).toEqual([
    "np 2",
    "a 3",
    "b 1",
    "c 2",
  ]);
  expect([...target.nodes.values()].filter((node) => node.phase === "Ready")).toHaveLength(8);
  expect(target.pools.get("b")?.nodeLabels).toEqual({ tier: "gold" });
});

test("the control plane goes first, and only the pools that are named follow it", () => {
  const { made, target } = scene();
  made.subscribe((one) => {
    if (one.kind === "node") expect(target.kubernetesVersion).toBe("1.33.5");
  });
  target.change({
    kubernetesVersion: "1.33.5",
    pools: new Map([["a", { kubernetesVersion: "1.33.5" }]]),
    newPools: [],
  });
  expect(target.provisioningState).toBe("Upgrading");
  letRest(made);
  expect(target.pools.get("a")).toMatchObject({
    kubernetesVersion: "1.33.5",
    nodeImageVersion: NEW_IMAGE,
  });
  expect(target.pools.get("b")?.kubernetesVersion).toBe("1.32.7");
});

const REFUSED = [
  [
    "a pool above the control plane",
    { kubernetesVersion: "1.33.5" },
    "NodePoolMcVersionIncompatible",
  ],
  ["a count below zero", { count: -1 }, "InvalidParameter"],
] as const;

test.each(REFUSED)("one bad pool refuses the whole change: %s", (_, change, code) => {
  const { target } = scene();
  const pools = new Map<string, PoolChange>([
    ["a", { count: 5 }],
    ["b", change],
  ]);
  expect(() => target.change({ pools, newPools: [] })).toThrow(expect.objectContaining({ code }));
  expect(target.pools.get("a")?.count).toBe(1);
  expect(target.operations.size).toBe(0);
});

test("while one pool is busy no change of the cluster begins", () => {
  const { target } = scene();
  target.updatePool("b", { count: 2 });
  const change = { pools: new Map([["a", { count: 5 }]]), newPools: [] };
  expect(() => target.change(change)).toThrow(
    expect.objectContaining({ code: "OperationNotAllowed" }),
  );
  expect(target.pools.get("a")?.count).toBe(1);
});

test("scaling by a change of the cluster removes quarantined nodes first", () => {
  const made = world();
  const upgradeSettings = { undrainableNodeBehavior: "Cordon", maxSurge: "1" } as const;
  const target = made.addCluster(
    cluster("c", { pools: [pool({ upgradeSettings })], workloads: [deployment("app")] }),
  );
  block(target, "app");
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  expect([target.provisioningState, target.nodes.size]).toEqual(["Failed", 3]);
  unblock(target, "app");
  target.change({ pools: new Map([["np", { count: 1 }]]), newPools: [] });
  letRest(made);
  expect(target.provisioningState).toBe("Succeeded");
  const nodes = [...target.nodes.values()];
  expect(nodes.map((node) => [node.nodeImageVersion, node.unschedulable])).toEqual([
    [NEW_IMAGE, false],
  ]);
});

test("a control plane leaves no pool more than three minor versions behind", () => {
  const made = world({
    kubernetesVersions: ["1.30.9", "1.31.1", "1.32.7", "1.33.5", "1.34.1"],
  });
  const target = made.addCluster(
    cluster("c", {
      kubernetesVersion: "1.33.5",
      pools: [pool({ kubernetesVersion: "1.30.9" })],
    }),
  );
  const refused = expect.objectContaining({ code: "NodePoolMcVersionIncompatible" });
  const upgrade = { type: "ControlPlaneOnly", kubernetesVersion: "1.34.1" } as const;
  expect(() => target.upgrade(upgrade)).toThrow(refused);
  expect(() =>
    target.change({ kubernetesVersion: "1.34.1", pools: new Map(), newPools: [] }),
  ).toThrow(refused);
});

test("a cluster that settles in is busy, pools included, and ends as it was", () => {
  const { made, target } = scene();
  target.settleIn("JoinFleet", 60_000);
  const states = (): string[] => [
    target.provisioningState,
    ...[...target.pools.values()].map(({ provisioningState }) => provisioningState),
  ];
  expect(new Set(states())).toEqual(new Set(["Updating"]));
  expect(() => target.updatePool("a", { count: 2 })).toThrow(
    expect.objectContaining({ code: "OperationNotAllowed" }),
  );
  letRest(made);
  expect(new Set(states())).toEqual(new Set(["Succeeded"]));
});
