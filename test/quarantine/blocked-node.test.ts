import { expect, test } from "vitest";
import { inspectBlockedNodes } from "../../shared/quarantine/blocked-node.ts";
import type { BudgetView, NodeReader, NodeView, PodView } from "../../shared/quarantine/ports.ts";

const node: NodeView = {
  name: "aks-apps-1",
  nodePool: "apps",
  nodeImageVersion: "AKSUbuntu-2204gen2containerd-202606.16.0",
  kubernetesVersion: "1.33.5",
  ready: true,
  unschedulable: true,
  quarantined: false,
  createdAt: "2026-07-01T00:00:00Z",
};
const pod: PodView = {
  namespace: "harbour",
  name: "tide-0",
  node: node.name,
  labels: { app: "tide", tier: "web" },
  owner: "StatefulSet/tide",
  ready: true,
};

function budget(name: string, app: string, disruptionsAllowed: number): BudgetView {
  return {
    namespace: "harbour",
    name,
    selector: { matchLabels: { [app === "web" ? "tier" : "app"]: app } },
    minAvailable: "1",
    maxUnavailable: undefined,
    disruptionsAllowed,
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
  };
}

async function inspect(budgets: readonly BudgetView[]) {
  const reader: NodeReader = {
    readNodes: async () => ({ visible: true, nodes: [node] }),
    readPods: async () => [pod],
    readBudgets: async () => budgets,
  };
  return inspectBlockedNodes(reader, {
    cluster: "/subscriptions/s/resourceGroups/g/providers/p/t/c",
    nodes: { visible: true, nodes: [node] },
    isLeftBehind: () => true,
  });
}

test("a pod that two budgets select blocks its node though each of them lets a pod go", async () => {
  const [found] = await inspect([budget("tide", "tide", 1), budget("web", "web", 1)]);
  expect(found?.blockers).toMatchObject([
    { pod: "tide-0", budget: { name: "tide" }, overlapping: [{ name: "web" }] },
  ]);
});

test("a pod that one budget selects, which lets it go, blocks nothing", async () => {
  expect(await inspect([budget("tide", "tide", 1), budget("other", "other", 0)])).toEqual([]);
});
