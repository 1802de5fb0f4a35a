import { describe, expect, test } from "vitest";
import type { NodeView } from "../../shared/quarantine/ports.ts";
import { baselineOf, verifyNodes } from "../../shared/update-run/verify.ts";

const TARGET = "AKSUbuntu-2204gen2containerd-202607.09.0";
const NOW = Date.parse("2026-07-10T12:00:00Z");

function node(change: Partial<NodeView> = {}): NodeView {
  return {
    name: "aks-apps-12345678-vmss000000",
    nodePool: "apps",
    nodeImageVersion: TARGET,
    kubernetesVersion: "1.33.5",
    ready: true,
    unschedulable: false,
    quarantined: false,
    createdAt: "2026-07-01T00:00:00Z",
    ...change,
  };
}

function verify(nodes: readonly NodeView[], change: object = {}) {
  return verifyNodes({
    nodes: { visible: true, nodes },
    targets: new Map([["apps", TARGET]]),
    baseline: new Set<string>(),
    toleratedNotReady: 0,
    now: NOW,
    ...change,
  });
}

describe("a member is proved by its nodes alone", () => {
  test.each([
    ["every node on target, Ready and schedulable", [node()], "pass"],
    [
      "a node on the old image",
      [node({ nodeImageVersion: "AKSUbuntu-2204gen2containerd-202606.16.0" })],
      "fail",
    ],
    ["a quarantined node", [node({ quarantined: true, unschedulable: true })], "fail"],
    ["a node that is not Ready", [node({ ready: false })], "fail"],
    ["a cordoned node", [node({ unschedulable: true })], "fail"],
    [
      "a young node that is not Ready",
      [node({ ready: false, createdAt: "2026-07-10T11:55:00Z" })],
      "inconclusive",
    ],
    ["a pool that shows no node", [], "inconclusive"],
    [
      "a node behind the Kubernetes version",
      [node({ kubernetesVersion: "1.32.7" })],
      "fail",
      { kubernetesVersion: "1.33.5" },
    ],
    [
      "a node past the Kubernetes version",
      [node({ kubernetesVersion: "1.33.7" })],
      "pass",
      { kubernetesVersion: "1.33" },
    ],
    [
      "a shortcoming of the member as a whole",
      [node()],
      "fail",
      { shortcomings: ["pool gpu runs AKSWindows-2022, for which nothing is pinned"] },
    ],
    ["no pool to prove", [], "inconclusive", { targets: new Map() }],
    [
      "a bad node of a pool without a target",
      [node(), node({ nodePool: "gpu", ready: false })],
      "pass",
    ],
  ] as const)("%s: %s", (_case, nodes, outcome, change: object = {}) => {
    expect(verify(nodes, change).outcome).toBe(outcome);
  });

  test("nodes that cannot be seen are unknown, never a pass", () => {
    const verdict = verify([], { nodes: { visible: false, reason: "403" } });
    expect(verdict).toMatchObject({
      outcome: "unknown",
      reasons: ["the nodes cannot be seen: 403"],
    });
  });

  test("a node that was bad before the run is not held against it, but must be on target", () => {
    const baseline = new Set([node().name]);
    expect(verify([node({ ready: false })], { baseline }).outcome).toBe("pass");
    expect(
      verify([node({ ready: false, nodeImageVersion: "AKSUbuntu-2204gen2containerd-1.0.0" })], {
        baseline,
      }).outcome,
    ).toBe("fail");
  });

  test("a declared tolerance excuses not Ready, never a wrong image", () => {
    const many = Array.from({ length: 99 }, (_, index) => node({ name: `n${index}` }));
    expect(verify([...many, node({ ready: false })], { toleratedNotReady: 0.01 }).outcome).toBe(
      "pass",
    );
    const two = [node({ name: "a", ready: false }), node({ name: "b", ready: false })];
    expect(verify([...many, ...two], { toleratedNotReady: 0.01 }).outcome).toBe("fail");
    const wrong = node({ nodeImageVersion: "AKSUbuntu-2204gen2containerd-1.0.0" });
    expect(verify([...many, wrong], { toleratedNotReady: 0.5 }).outcome).toBe("fail");
  });

  test("counts the nodes on target and names the pools that were proved", () => {
    const verdict = verify([node(), node({ name: "b", quarantined: true })]);
    expect(verdict).toMatchObject({ nodesUpgraded: 2, provedPools: [] });
    expect(verify([node()])).toMatchObject({ nodesUpgraded: 1, provedPools: ["apps"] });
  });
});

test("the baseline names nodes that are not Ready or not schedulable", () => {
  const nodes = [
    node({ name: "a" }),
    node({ name: "b", ready: false }),
    node({ name: "c", unschedulable: true }),
  ];
  expect(baselineOf({ visible: true, nodes })).toEqual(["b", "c"]);
});
