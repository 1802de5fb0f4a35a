import { describe, expect, test } from "vitest";
import { nextStep } from "../../shared/blue-green/next-step.ts";
import type { Goal } from "../../shared/blue-green/next-step.ts";
import { phaseOf } from "../../shared/blue-green/observed.ts";
import type { ObservedColours, Side } from "../../shared/blue-green/observed.ts";
import type { NodePoolDetails } from "../../shared/node-pool/ports.ts";
import type { NodeView } from "../../shared/quarantine/ports.ts";

const CLUSTER =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/quay-1";
const GREEN_TAGS = { "fleetwright-blue-green": "green", "fleetwright-blue-green-peer": "blue" };
const FROZEN = { "fleetwright-autoscaler": "1-5" };

function pool(name: string, change: Partial<NodePoolDetails> = {}): NodePoolDetails {
  return {
    id: `${CLUSTER}/agentPools/${name}`,
    name,
    mode: "User",
    count: 2,
    vmSize: "Standard_D4ds_v5",
    osType: "Linux",
    osSku: "Ubuntu",
    kubernetesVersion: "1.33.5",
    nodeImageVersion: "AKSUbuntu-2204gen2containerd-202607.09.0",
    provisioningState: "Succeeded",
    undrainableNodeBehavior: "Schedule",
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
    ...change,
  };
}

type NodeKind = "open" | "ours" | "theirs" | "unready";

function node(name: string, kind: NodeKind): NodeView {
  return {
    name,
    nodePool: "",
    nodeImageVersion: "",
    kubernetesVersion: "",
    ready: kind !== "unready",
    unschedulable: kind === "ours" || kind === "theirs",
    quarantined: false,
    ...(kind === "ours" && { cordonedBy: "blue-green" }),
    createdAt: "2026-07-10T08:00:00Z",
  };
}

interface SideSketch {
  readonly pool?: Partial<NodePoolDetails>;
  readonly nodes?: readonly NodeKind[];
  /** Nodes, by index, that a pod is on. */
  readonly pods?: readonly number[];
}

function side(
  name: string,
  { pool: change, nodes = ["open", "open"], pods = [] }: SideSketch,
): Side {
  return {
    pool: pool(name, change),
    nodes: nodes.map((kind, index) => node(`${name}-${index}`, kind)),
    pods: pods.map((index) => ({
      namespace: "harbour",
      name: `api-${index}`,
      uid: String(index),
      node: `${name}-${index}`,
      labels: {},
      owner: "Deployment/api",
      mirror: false,
      finished: false,
      terminating: false,
      hasEmptyDir: false,
    })),
  };
}

function observed(
  blue: SideSketch | undefined,
  green: SideSketch | undefined,
  systemPools: readonly string[] = ["system"],
): ObservedColours {
  return {
    cluster: {
      id: CLUSTER,
      name: "quay-1",
      location: "westeurope",
      kubernetesVersion: "1.33.5",
      provisioningState: "Succeeded",
      powerState: "Running",
      nodePools: systemPools.map((name) => pool(name, { mode: "System" })),
    },
    name: "blue",
    blue: blue && side("blue", blue),
    green: green && side("green", { ...green, pool: { tags: GREEN_TAGS, ...green.pool } }),
  };
}

const deleting = { pool: { provisioningState: "Deleting" } };
const green = { pool: { tags: GREEN_TAGS } };

describe.each<[Goal, readonly (readonly [string, ObservedColours, object])[]]>([
  [
    "started",
    [
      ["nothing to copy", observed(undefined, undefined), { kind: "refuse", code: "not-found" }],
      ["no green yet", observed({}, undefined), { kind: "create-green" }],
      [
        "green is being made",
        observed({}, { pool: { provisioningState: "Creating" } }),
        { kind: "wait", side: "green" },
      ],
      [
        "green failed",
        observed({}, { pool: { provisioningState: "Failed" } }),
        { kind: "reconcile", side: "green" },
      ],
      ["green goes away", observed({}, deleting), { kind: "refuse", code: "conflict" }],
      [
        "somebody's pool",
        observed({}, { pool: { tags: {} } }),
        { kind: "refuse", code: "conflict" },
      ],
      [
        "green of another blue",
        observed({}, { pool: { tags: { ...GREEN_TAGS, "fleetwright-blue-green-peer": "red" } } }),
        { kind: "refuse", code: "conflict" },
      ],
      ["green is there", observed({}, green), { kind: "done" }],
    ],
  ],
  [
    "drained",
    [
      ["no green", observed({}, undefined), { kind: "refuse", code: "not-found" }],
      [
        "green not ready",
        observed({}, { nodes: ["open", "unready"] }),
        { kind: "refuse", code: "preflight-failed" },
      ],
      [
        "green without nodes",
        observed({}, { nodes: [] }),
        { kind: "refuse", code: "preflight-failed" },
      ],
      [
        "a roll-back was begun",
        observed({}, { nodes: ["ours", "open"] }),
        { kind: "uncordon", side: "green", nodes: ["green-0"] },
      ],
      [
        "blue scales by itself",
        observed({ pool: { autoscaler: { minCount: 1, maxCount: 5 } } }, green),
        { kind: "freeze", side: "blue" },
      ],
      [
        "blue is busy",
        observed(
          { pool: { autoscaler: { minCount: 1, maxCount: 5 }, provisioningState: "Updating" } },
          green,
        ),
        { kind: "wait", side: "blue" },
      ],
      [
        "blue is open",
        observed({ nodes: ["ours", "open"], pods: [0] }, green),
        { kind: "cordon", side: "blue", nodes: ["blue-1"] },
      ],
      [
        "blue has pods",
        observed({ nodes: ["ours", "theirs"], pods: [1] }, green),
        { kind: "drain", side: "blue", nodes: ["blue-1"] },
      ],
      ["blue is empty", observed({ nodes: ["ours", "theirs"] }, green), { kind: "done" }],
      ["blue goes away", observed(deleting, green), { kind: "refuse", code: "conflict" }],
    ],
  ],
  [
    "committed",
    [
      [
        "blue has pods",
        observed({ nodes: ["ours"], pods: [0] }, green),
        { kind: "refuse", code: "preflight-failed" },
      ],
      [
        "blue is open",
        observed({ nodes: ["ours", "open"] }, green),
        { kind: "refuse", code: "preflight-failed" },
      ],
      [
        "a roll-back was begun",
        observed({ nodes: ["ours"] }, { nodes: ["ours"] }),
        { kind: "refuse", code: "conflict" },
      ],
      [
        "no System pool would be left",
        observed({ nodes: ["ours"] }, green, ["blue"]),
        { kind: "refuse", code: "preflight-failed" },
      ],
      [
        "green is a System pool too",
        observed({ nodes: ["ours"] }, green, ["blue", "green"]),
        { kind: "delete", side: "blue" },
      ],
      [
        "blue is empty and closed",
        observed({ nodes: ["ours", "theirs"] }, green),
        { kind: "delete", side: "blue" },
      ],
      [
        "blue is busy",
        observed({ nodes: ["ours"], pool: { provisioningState: "Updating" } }, green),
        { kind: "wait", side: "blue" },
      ],
      ["blue goes away", observed(deleting, green), { kind: "wait", side: "blue" }],
      ["blue is gone", observed(undefined, green), { kind: "adopt-green" }],
      [
        "green was adopted",
        observed(undefined, { pool: { tags: { "fleetwright-replaced": "blue" } } }),
        { kind: "done" },
      ],
      [
        "a stranger is left",
        observed(undefined, { pool: { tags: {} } }),
        { kind: "refuse", code: "not-found" },
      ],
      ["no green", observed({ nodes: ["ours"] }, undefined), { kind: "refuse", code: "not-found" }],
    ],
  ],
  [
    "rolled-back",
    [
      [
        "blue is closed",
        observed({ nodes: ["ours", "theirs"] }, green),
        { kind: "uncordon", side: "blue", nodes: ["blue-0"] },
      ],
      [
        "blue is frozen",
        observed({ pool: { tags: FROZEN } }, green),
        { kind: "thaw", side: "blue" },
      ],
      [
        "green scales by itself",
        observed({}, { pool: { tags: GREEN_TAGS, autoscaler: { minCount: 1, maxCount: 5 } } }),
        { kind: "freeze", side: "green" },
      ],
      [
        "all of green is closed first",
        observed({}, { pods: [0] }),
        { kind: "cordon", side: "green", nodes: ["green-0", "green-1"] },
      ],
      [
        "green has pods",
        observed({}, { nodes: ["ours", "ours"], pods: [1] }),
        { kind: "drain", side: "green", nodes: ["green-1"] },
      ],
      [
        "green is empty",
        observed({}, { nodes: ["ours", "ours"] }),
        { kind: "delete", side: "green" },
      ],
      [
        "green is being made",
        observed({}, { nodes: [], pool: { tags: GREEN_TAGS, provisioningState: "Creating" } }),
        { kind: "wait", side: "green" },
      ],
      ["green goes away", observed({}, deleting), { kind: "wait", side: "green" }],
      [
        "green is gone, blue still closed",
        observed({ nodes: ["ours"] }, undefined),
        { kind: "uncordon", side: "blue" },
      ],
      ["green is gone", observed({ nodes: ["open", "theirs"] }, undefined), { kind: "done" }],
      ["blue is gone", observed(undefined, green), { kind: "refuse", code: "conflict" }],
      ["blue goes away", observed(deleting, green), { kind: "refuse", code: "conflict" }],
      [
        "a stranger in green's place",
        observed({}, { pool: { tags: {} } }),
        { kind: "refuse", code: "conflict" },
      ],
    ],
  ],
])("towards %s", (goal, cases) => {
  test.each(cases)("%s", (_, seen, expected) => {
    expect(nextStep(seen, goal)).toMatchObject(expected);
  });
});

test.each<[ReturnType<typeof phaseOf>, ObservedColours]>([
  ["absent", observed(undefined, undefined)],
  ["not-started", observed({}, undefined)],
  ["starting", observed({}, { pool: { tags: GREEN_TAGS, provisioningState: "Creating" } })],
  ["started", observed({ pods: [0] }, green)],
  ["draining", observed({ nodes: ["ours", "open"] }, green)],
  ["draining", observed({ nodes: ["ours", "ours"], pods: [0] }, green)],
  ["drained", observed({ nodes: ["ours", "theirs"] }, green)],
  ["rolling-back", observed({}, { nodes: ["ours", "open"] })],
  ["rolling-back", observed({}, deleting)],
  ["committing", observed(deleting, green)],
  ["committing", observed(undefined, green)],
  ["committed", observed(undefined, { pool: { tags: { "fleetwright-replaced": "blue" } } })],
])("the phase is %s", (phase, seen) => {
  expect(phaseOf(seen)).toBe(phase);
});
