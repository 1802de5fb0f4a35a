import { describe, expect, test } from "vitest";
import type { BoundPod } from "../../shared/drain/ports.ts";
import type { NodePoolDetails } from "../../shared/node-pool/ports.ts";
import type { Budget, NodeView } from "../../shared/quarantine/ports.ts";
import { nextRemedyStep } from "../../shared/quarantine/remedy.ts";
import type { ObservedQuarantine, Remedy } from "../../shared/quarantine/remedy.ts";

const NEW = "AKSUbuntu-2204gen2containerd-202607.09.0";
const OLD = "AKSUbuntu-2204gen2containerd-202606.16.0";

const pool = (provisioningState: string): NodePoolDetails => ({
  id: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c/agentPools/app",
  name: "app",
  mode: "User",
  count: 2,
  vmSize: "Standard_D4ds_v5",
  osType: "Linux",
  osSku: "Ubuntu",
  kubernetesVersion: "1.33.5",
  nodeImageVersion: NEW,
  provisioningState,
  undrainableNodeBehavior: "Cordon",
  maxSurge: undefined,
  snapshotId: undefined,
  etag: "e",
  labels: {},
  taints: [],
  zones: [],
  tags: {},
  autoscaler: undefined,
  maxUnavailable: undefined,
  drainTimeoutMinutes: undefined,
  nodeSoakMinutes: undefined,
});

const node = (name: string, change: Partial<NodeView> = {}): NodeView => ({
  name,
  nodePool: "app",
  nodeImageVersion: NEW,
  kubernetesVersion: "1.33.5",
  ready: true,
  unschedulable: false,
  quarantined: false,
  createdAt: "2026-07-10T08:00:00Z",
  ...change,
});
const held = (name: string) =>
  node(name, { quarantined: true, unschedulable: true, nodeImageVersion: OLD });

const pod = (change: Partial<BoundPod> = {}): BoundPod => ({
  namespace: "harbour",
  name: "api-1",
  uid: "1",
  node: "n1",
  labels: { app: "api" },
  owner: "Deployment/api",
  mirror: false,
  finished: false,
  terminating: false,
  hasEmptyDir: false,
  ...change,
});

const budget = (change: Partial<Budget> = {}): Budget => ({
  namespace: "harbour",
  name: "api",
  resourceVersion: "1",
  labels: {},
  annotations: {},
  selector: { matchLabels: { app: "api" } },
  limit: { minAvailable: 1 },
  disruptionsAllowed: 0,
  currentHealthy: 1,
  expectedPods: 1,
  ...change,
});
const loose = (nodes: readonly string[]) =>
  budget({
    disruptionsAllowed: 1,
    annotations: {
      "fleetwright.dev/adjusted-budget": JSON.stringify({
        original: { minAvailable: 1 },
        adjusted: { minAvailable: 0 },
        nodes,
      }),
    },
  });

/** Two nodes that went well, and `n1` that was left behind. */
function seen(change: Partial<ObservedQuarantine> = {}): ObservedQuarantine {
  return {
    pool: pool("Failed"),
    nodes: [held("n1"), node("n2"), node("n3")],
    named: ["n1"],
    pods: [pod()],
    budgets: [budget()],
    ...change,
  };
}
const released = [
  node("n1", { nodeImageVersion: OLD, unschedulable: true }),
  node("n2"),
  node("n3"),
];

describe.each<[Remedy, readonly (readonly [string, ObservedQuarantine, object])[]]>([
  [
    "adjust-pdb",
    [
      ["a budget holds the pod", seen(), { kind: "adjust-budgets", budgets: [{ name: "api" }] }],
      [
        "the budget is loose",
        seen({ budgets: [loose(["n1"])] }),
        { kind: "move-pods", nodes: ["n1"] },
      ],
      [
        "another budget in the namespace",
        seen({ budgets: [budget({ selector: { matchLabels: { app: "web" } } })] }),
        { kind: "move-pods" },
      ],
      [
        "the same budget elsewhere",
        seen({ budgets: [budget({ namespace: "office" })] }),
        { kind: "move-pods" },
      ],
      [
        "the pod is on its way out",
        seen({ pods: [pod({ terminating: true })], budgets: [loose(["n1"])] }),
        { kind: "move-pods" },
      ],
      [
        "the pod has moved",
        seen({ pods: [], budgets: [loose(["n1"])] }),
        { kind: "restore-budgets", budgets: [{ name: "api" }] },
      ],
      [
        "a budget loosened for other nodes",
        seen({ pods: [], budgets: [loose(["n8"])] }),
        { kind: "release-nodes", nodes: ["n1"] },
      ],
      [
        "only a DaemonSet is left",
        seen({ pods: [pod({ owner: "DaemonSet/log" })] }),
        { kind: "release-nodes" },
      ],
      ["the label is off", seen({ nodes: released, pods: [] }), { kind: "update-pool" }],
      [
        "AKS is at work",
        seen({ nodes: released, pods: [], pool: pool("Updating") }),
        { kind: "wait-for-pool" },
      ],
      [
        "the pool is back",
        seen({ nodes: [node("n1"), node("n2")], pods: [], pool: pool("Succeeded") }),
        { kind: "done" },
      ],
      [
        "a spare is left",
        seen({ nodes: [node("n1"), node("n2"), node("n3")], pods: [], pool: pool("Succeeded") }),
        { kind: "update-pool" },
      ],
      [
        "a node nobody named stays held",
        seen({
          nodes: [held("n1"), node("n2"), node("n3")],
          named: ["n2"],
          pods: [],
          pool: pool("Succeeded"),
        }),
        { kind: "done" },
      ],
    ],
  ],
  [
    "delete-pod",
    [
      ["a budget holds the pod", seen(), { kind: "delete-pods", pods: [{ name: "api-1" }] }],
      ["no budget holds it", seen({ budgets: [] }), { kind: "move-pods", nodes: ["n1"] }],
      ["it is on its way out", seen({ pods: [pod({ terminating: true })] }), { kind: "move-pods" }],
      [
        "a killed adjust-pdb is put right first",
        seen({ budgets: [loose(["n1"])] }),
        { kind: "restore-budgets" },
      ],
      ["it is gone", seen({ pods: [] }), { kind: "release-nodes", nodes: ["n1"] }],
    ],
  ],
  [
    "delete-node",
    [
      ["the node is held", seen(), { kind: "delete-machines", nodes: ["n1"] }],
      ["it is being deleted", seen({ pool: pool("Deleting") }), { kind: "wait-for-pool" }],
      [
        "it is gone",
        seen({ nodes: [node("n2"), node("n3")], pods: [], pool: pool("Succeeded") }),
        { kind: "done" },
      ],
      [
        "a node that is well is not deleted",
        seen({ nodes: [node("n1"), node("n2")], pool: pool("Succeeded") }),
        { kind: "done" },
      ],
    ],
  ],
  [
    "release",
    [
      ["pods or not", seen(), { kind: "release-nodes", nodes: ["n1"] }],
      ["the label is off", seen({ nodes: released }), { kind: "update-pool" }],
    ],
  ],
])("%s", (remedy, cases) => {
  test.each(cases)("%s", (_, observed, expected) => {
    expect(nextRemedyStep(observed, remedy)).toMatchObject(expected);
  });
});
