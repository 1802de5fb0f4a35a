import { expect, test } from "vitest";
import type {
  Cluster,
  ClusterNode,
  Pod,
  Rules,
  UpgradeSettings,
  World,
} from "../../shared/simulator/model.ts";
import {
  block,
  cluster,
  deployment,
  letRest,
  logOf,
  NEW_IMAGE,
  OLD_IMAGE,
  pool,
  world,
} from "./scene.ts";

/** Names of the document: nodes by instance, pods by the letter of their deployment. */
const NODES = ["N1", "N2", "S1", "S2"];

interface Script {
  readonly settings: Partial<UpgradeSettings>;
  readonly rules?: Partial<Rules>;
  /** Where each pod is placed, in turn; empty: the scheduler decides. */
  readonly moves: Readonly<Record<string, readonly string[]>>;
  readonly blocked?: string;
}

function follow(script: Script): {
  made: World;
  target: Cluster;
  rows: Map<string, Record<string, string>>;
  evictions: number;
  machines: number;
} {
  const moves = new Map(Object.entries(script.moves).map(([app, to]) => [app, [...to]]));
  const place = (pod: Pod, candidates: readonly ClusterNode[]): string | undefined => {
    const to = moves.get(pod.labels["app"] ?? "")?.shift();
    return candidates.find(({ instance }) => NODES[instance] === to)?.name;
  };
  const made = world({ place, rules: script.rules ?? {} });
  const target = made.addCluster(
    cluster("c", {
      pools: [pool({ upgradeSettings: script.settings })],
      workloads: ["a", "b", "c", "d"].map((name) => deployment(name)),
    }),
  );
  if (script.blocked !== undefined) block(target, script.blocked);
  const rows = new Map([["setup", draw(target)]]);
  let evictions = 0;
  let machines = 0;
  const log = logOf(made);
  made.subscribe((transition) => {
    machines = Math.max(machines, target.nodes.size);
    if (transition.kind !== "node") return;
    const node = NODES[Number.parseInt(transition.node.slice(-6), 36)];
    rows.set(`${transition.change} ${node}`, draw(target));
  });
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  for (const one of log) {
    if (one.kind === "object" && one.resource === "pods" && one.change === "DELETED")
      evictions += 1;
  }
  rows.set("end", draw(target));
  return { made, target, rows, evictions, machines };
}

function draw(target: Cluster): Record<string, string> {
  const entries = [...target.nodes.values()].map((node) => {
    const pods = [...target.pods.values()]
      .filter((pod) => pod.node === node.name && pod.phase !== "Terminating")
      .map((pod) => (pod.labels["app"] ?? "").toUpperCase());
    const image = node.nodeImageVersion === NEW_IMAGE ? "new" : "old";
    const quarantined = node.labels["kubernetes.azure.com/upgrade-status"] === "Quarantined";
    const mark = quarantined ? " quarantined" : node.unschedulable ? " cordoned" : "";
    return [NODES[node.instance], `${image}${mark} {${pods.toSorted().join(",")}}`];
  });
  return Object.fromEntries(entries);
}

test("G1: one surge node, nothing in the way", () => {
  const { target, rows, evictions, machines } = follow({
    settings: { maxSurge: "1" },
    moves: { a: ["N1", "S1", "N1"], b: ["N1", "N2", "N1"], c: ["N2", "N1"], d: ["N2", "S1", "N2"] },
  });
  expect(rows.get("setup")).toEqual({ N1: "old {A,B}", N2: "old {C,D}" });
  expect(rows.get("Drained N1")).toEqual({
    N1: "old cordoned {}",
    N2: "old {B,C,D}",
    S1: "new {A}",
  });
  expect(rows.get("Uncordoned N1")).toEqual({ N1: "new {}", N2: "old {B,C,D}", S1: "new {A}" });
  expect(rows.get("Drained N2")).toEqual({
    N1: "new {B,C}",
    N2: "old cordoned {}",
    S1: "new {A,D}",
  });
  expect(rows.get("Uncordoned N2")).toEqual({ N1: "new {B,C}", N2: "new {}", S1: "new {A,D}" });
  expect(rows.get("end")).toEqual({ N1: "new {A,B,C}", N2: "new {D}" });
  expect({ evictions, machines }).toEqual({ evictions: 7, machines: 3 });
  expect(target.pools.get("np")?.provisioningState).toBe("Succeeded");
});

test("G2: two surge nodes, a budget that forbids every disruption, Cordon", () => {
  const { target, rows, evictions, machines } = follow({
    settings: { maxSurge: "2", undrainableNodeBehavior: "Cordon" },
    rules: { surgeMode: "single" },
    moves: { a: ["N1"], b: ["N1", "S1"], c: ["N2", "S2", "N2"], d: ["N2", "S2", "N2"] },
    blocked: "a",
  });
  expect(rows.get("Cordoned N1")).toEqual({
    N1: "old cordoned {A,B}",
    N2: "old {C,D}",
    S1: "new {}",
    S2: "new {}",
  });
  expect(rows.get("Quarantined N1")).toEqual({
    N1: "old quarantined {A}",
    N2: "old {C,D}",
    S1: "new {B}",
    S2: "new {}",
  });
  expect(rows.get("Drained N2")).toEqual({
    N1: "old quarantined {A}",
    N2: "old cordoned {}",
    S1: "new {B}",
    S2: "new {C,D}",
  });
  expect(rows.get("Uncordoned N2")).toMatchObject({ N2: "new {}", S2: "new {C,D}" });
  expect(rows.get("end")).toEqual({
    N1: "old quarantined {A}",
    N2: "new {C,D}",
    S1: "new {B}",
  });
  expect({ evictions, machines }).toEqual({ evictions: 5, machines: 4 });
  expect(target.pools.get("np")?.provisioningState).toBe("Failed");
  expect(target.provisioningState).toBe("Failed");
});

test("G2b: the only surge node is used up, so the second node is stranded", () => {
  const { target, rows } = follow({
    settings: { maxSurge: "1", undrainableNodeBehavior: "Cordon" },
    moves: { a: ["N1"], b: ["N1"], c: ["N2"], d: ["N2"] },
    blocked: "a",
  });
  expect(rows.get("end")).toEqual({ N1: "old quarantined {A}", N2: "old {C,D}", S1: "new {B}" });
  expect(target.pools.get("np")?.provisioningState).toBe("Failed");
});

function blueGreen(): { made: World; target: Cluster; evicted: number[] } {
  const order = ["b0", "b0", "b1", "b1"];
  const place = (_: Pod, candidates: readonly ClusterNode[]): string | undefined => {
    const to = order.shift();
    return candidates.find((node) => `${node.pool[0]}${node.instance}` === to)?.name;
  };
  const made = world({ place });
  const target = made.addCluster(
    cluster("c", {
      pools: [pool({ name: "blue" })],
      workloads: ["a", "b", "c", "d"].map((name) => deployment(name)),
    }),
  );
  target.addPool(pool({ name: "green", nodeImageVersion: NEW_IMAGE }));
  letRest(made);
  return { made, target, evicted: [] };
}

function cordonAll(target: Cluster, name: string, unschedulable: boolean): void {
  for (const node of target.nodes.values()) {
    if (node.pool === name) target.patchNode(node.name, { unschedulable });
  }
}

function drainAll(made: World, target: Cluster, name: string): number {
  let evictions = 0;
  for (const node of target.nodes.values()) {
    if (node.pool !== name) continue;
    for (const pod of target.pods.values()) {
      if (pod.node !== node.name || pod.phase !== "Running") continue;
      expect(target.evict(pod.namespace, pod.name)).toEqual({ allowed: true });
      evictions += 1;
    }
    letRest(made);
  }
  return evictions;
}

function layout(target: Cluster): Record<string, string> {
  return Object.fromEntries(
    [...target.nodes.values()].map((node) => {
      const pods = [...target.pods.values()].filter((pod) => pod.node === node.name);
      const letters = pods.map((pod) => (pod.labels["app"] ?? "").toUpperCase());
      return [`${node.pool}${node.instance + 1}`, letters.toSorted().join("")];
    }),
  );
}

test("G3: blue-green by hand, committed", () => {
  const { made, target } = blueGreen();
  expect(layout(target)).toEqual({ blue1: "AB", blue2: "CD", green1: "", green2: "" });
  cordonAll(target, "blue", true);
  expect(drainAll(made, target, "blue")).toBe(4);
  expect(layout(target)).toEqual({ blue1: "", blue2: "", green1: "AC", green2: "BD" });
  target.deletePool("blue");
  letRest(made);
  expect(layout(target)).toEqual({ green1: "AC", green2: "BD" });
});

test("G3: blue-green by hand, rolled back", () => {
  const { made, target } = blueGreen();
  cordonAll(target, "blue", true);
  let evictions = drainAll(made, target, "blue");
  cordonAll(target, "blue", false);
  cordonAll(target, "green", true);
  evictions += drainAll(made, target, "green");
  target.deletePool("green");
  letRest(made);
  expect(layout(target)).toEqual({ blue1: "AB", blue2: "CD" });
  expect(evictions).toBe(8);
  expect([...target.nodes.values()].every((node) => node.nodeImageVersion === OLD_IMAGE)).toBe(
    true,
  );
});
