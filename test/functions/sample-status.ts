import type { MemberView, RunStatus, StageView } from "../../shared/status/run-status.ts";
import type { EnvironmentStatus, Status } from "../../shared/status/status.ts";

/** A run in its second stage, with a wait that is over and a gate that was approved. */
export const NOW = "2026-07-10T12:00:00.000Z";

export function member(name: string, change: Partial<MemberView> = {}): MemberView {
  return {
    name,
    group: "group-1",
    state: "Completed",
    startTime: "2026-07-10T08:00:00Z",
    completedTime: "2026-07-10T09:00:00Z",
    outcome: "pass",
    nodesUpgraded: 3,
    why: "upgraded and proved: 3 nodes on their target image",
    ...change,
  };
}

export function stage(name: string, change: Partial<StageView> = {}): StageView {
  return {
    name,
    state: "Completed",
    startTime: "2026-07-10T08:00:00Z",
    completedTime: "2026-07-10T11:00:00Z",
    wait: undefined,
    gates: [],
    members: [],
    ...change,
  };
}

export function run(stages: readonly StageView[], change: Partial<RunStatus> = {}): RunStatus {
  return {
    name: "prod-2-1a2b3c4d",
    state: "Running",
    startTime: "2026-07-10T08:00:00Z",
    completedTime: undefined,
    commit: "0123456789abcdef",
    nextCheckAt: "2026-07-10T12:01:00Z",
    closedAt: undefined,
    error: undefined,
    stages,
    decisions: [],
    ...change,
  };
}

export function environment(change: Partial<EnvironmentStatus> = {}): EnvironmentStatus {
  return {
    name: "prod",
    fleet:
      "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/harbour/providers/Microsoft.ContainerService/fleets/harbour",
    generation: 2,
    kubernetesVersion: "1.33.5",
    nodeImages: { "AKSUbuntu-2204gen2containerd": "202607.09.0" },
    problem: undefined,
    runs: [],
    quarantined: [],
    ...change,
  };
}

export function statusOf(environments: readonly EnvironmentStatus[]): Status {
  return { at: NOW, environments, nodeImages: [] };
}

export type Quarantined = EnvironmentStatus["quarantined"][number];

export function quarantined(change: Partial<Quarantined> = {}): Quarantined {
  return {
    cluster:
      "/subscriptions/x/resourceGroups/y/providers/Microsoft.ContainerService/managedClusters/Quay-4",
    nodePool: "workers",
    node: "aks-workers-1",
    pod: "shop/cart-0",
    owner: "StatefulSet/cart",
    pdb: "shop/cart",
    disruptionsAllowed: 0,
    healthyPods: 1,
    requiredPods: 1,
    since: "2026-07-10T11:30:00Z",
    cause: "pdb:shop/cart",
    issue: 7,
    issueUrl: "https://github.example/octo-org/harbour/issues/7",
    ...change,
  };
}

/** Two stages of ten groups of 50 members; one member of the second stage failed. */
export function largeStatus(): Status {
  const stages = [1, 2].map((number) =>
    stage(`stage${number}`, {
      state: number === 1 ? "Completed" : "Running",
      completedTime: number === 1 ? "2026-07-10T11:00:00Z" : undefined,
      members: Array.from({ length: 500 }, (_, index) => {
        const name = `cluster-${number}-${String(index).padStart(3, "0")}`;
        const group = `group-${number}-${Math.floor(index / 50)}`;
        if (number === 1) return member(name, { group });
        if (index === 120) {
          return member(name, { group, state: "Failed", why: "failed: a node is quarantined" });
        }
        return member(name, {
          group,
          state: "NotStarted",
          startTime: undefined,
          completedTime: undefined,
          outcome: undefined,
          nodesUpgraded: undefined,
          why: "its turn has not come",
        });
      }),
    }),
  );
  return statusOf([environment({ runs: [run(stages)] })]);
}
