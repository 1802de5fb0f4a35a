import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Cluster, ClusterNode, Pod, World } from "../../shared/simulator/model.ts";
import { hold } from "./pool-watch.ts";
import { cluster, deployment, NEW_IMAGE, pool, world } from "./scene.ts";

/** Enough to meet a node that is deleted before the one where the last look ended: a few hundred are not. */
const RUNS = 2_000;
const MAX_PODS = 10;

const act = fc.record({
  what: fc.constantFrom(
    "cordon",
    "uncordon",
    "delete node",
    "delete pod",
    "scale",
    "upgrade",
    "wait",
  ),
  which: fc.nat(),
});

test("whatever happened before, a pod goes to the first of the nodes with the fewest pods", () => {
  let placed = 0;
  fc.assert(
    fc.property(fc.integer(), fc.array(act, { maxLength: 25 }), (seed, acts) => {
      const made = world({ seed });
      const pools = ["one", "two"].map((name) => pool({ name, count: 3, maxPods: MAX_PODS }));
      const target = made.addCluster(
        cluster("c", { pools, workloads: [deployment("app", { replicas: 8 })] }),
      );
      made.subscribe((one) => {
        if (one.kind !== "object" || one.resource !== "pods" || one.change !== "ADDED") return;
        const pod = target.pods.get(`${one.namespace}/${one.name}`);
        if (pod?.node === undefined) return;
        placed += 1;
        hold(pod.node === firstOfLightest(target, pod)?.name, "a pod on a heavier or a later node");
      });
      for (const one of acts) disturb(made, target, one);
    }),
    { numRuns: RUNS },
  );
  expect(placed).toBeGreaterThan(RUNS);
});

/** By looking at every node, in the order of pools and then of instances. */
function firstOfLightest(target: Cluster, pod: Pod): ClusterNode | undefined {
  const loads = new Map<string, number>();
  for (const { node } of [...target.pods.values()].filter((one) => one !== pod)) {
    if (node !== undefined) loads.set(node, (loads.get(node) ?? 0) + 1);
  }
  const names = [...target.pools.keys()];
  const [first] = [...target.nodes.values()]
    .filter(({ name, phase, unschedulable }) => {
      return phase === "Ready" && !unschedulable && (loads.get(name) ?? 0) < MAX_PODS;
    })
    .toSorted(
      (a, b) =>
        (loads.get(a.name) ?? 0) - (loads.get(b.name) ?? 0) ||
        names.indexOf(a.pool) - names.indexOf(b.pool) ||
        a.instance - b.instance,
    );
  return first;
}

function disturb(made: World, target: Cluster, { what, which }: { what: string; which: number }) {
  const nodes = [...target.nodes.values()];
  const pods = [...target.pods.values()];
  const node = nodes[which % Math.max(1, nodes.length)];
  const pod = pods[which % Math.max(1, pods.length)];
  if (what === "cordon" && node) target.patchNode(node.name, { unschedulable: true });
  if (what === "uncordon" && node) target.patchNode(node.name, { unschedulable: false });
  if (what === "delete node" && node) target.deleteNode(node.name);
  if (what === "delete pod" && pod) target.deletePod(pod.namespace, pod.name);
  if (what === "scale") target.putWorkload(deployment("app", { replicas: which % 70 }));
  if (what === "wait") made.advanceTo(made.now + (which % 600_000));
  if (what === "upgrade" && target.provisioningState !== "Upgrading") {
    const name = [...target.pools.keys()][which % 2] ?? "";
    if (target.pools.get(name)?.operation === undefined) target.upgradeNodeImage(name, NEW_IMAGE);
  }
}
