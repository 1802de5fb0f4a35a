import { describe, expect, test } from "vitest";
import { parseSourceRunName, rolledBackRunName } from "../../shared/declaration/strategy.ts";
import type { NodePoolSnapshot } from "../../shared/snapshot/ports.ts";
import { planRollBack, rollBackRollout } from "../../shared/update-run/roll-back.ts";
import type { Rollout } from "../../shared/update-run/rollout.ts";
import { FLEET, member, stage, updateRun } from "./run-builder.ts";

const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const CLUSTER = member("quay-1", "Completed").clusterId;
const POOL = `${CLUSTER}/agentPools/app`;

const cluster = {
  id: CLUSTER,
  name: "quay-1",
  location: "westeurope",
  kubernetesVersion: "1.33.5",
  provisioningState: "Succeeded",
  powerState: "Running" as const,
  nodePools: [
    {
      id: POOL,
      name: "app",
      mode: "User",
      count: 2,
      vmSize: "Standard_D4ds_v5",
      osType: "Linux",
      osSku: "Ubuntu",
      kubernetesVersion: "1.33.5",
      nodeImageVersion: `${FAMILY}-202607.09.0`,
      provisioningState: "Succeeded",
      undrainableNodeBehavior: "Cordon" as const,
      maxSurge: undefined,
      snapshotId: undefined,
    },
  ],
};
const snapshot: NodePoolSnapshot = {
  id: "/snapshots/app",
  name: "app",
  location: "westeurope",
  tags: { "fleetwright-kind": "outgoing", "fleetwright-environment": "dev" },
  sourcePool: POOL,
  nodeImageVersion: OLD,
  kubernetesVersion: "1.33.5",
  vmSize: "Standard_D4ds_v5",
  osType: "Linux",
  osSku: "Ubuntu",
  createdAt: "2026-07-01T00:00:00Z",
};
const rollout: Rollout = {
  environment: "dev",
  fleet: FLEET,
  commit: "c0ffee",
  generation: 3,
  runName: "dev-3-1a2b3c4d",
  nodeImages: { [FAMILY]: "202607.09.0" },
  upgradeType: "NodeImageOnly",
  kubernetesVersion: undefined,
  verification: new Map(),
  captureProven: true,
  snapshotResourceGroup: undefined,
};

const bad = updateRun("Completed", {
  stageStatuses: [stage("canary", "Completed", [member("quay-1", "Completed")])],
});
const plan = planRollBack({
  run: bad,
  environment: "dev",
  clusters: [cluster],
  snapshots: [snapshot],
});
const back = updateRun("Completed", {
  id: `${FLEET}/updateRuns/${plan.name}`,
  name: plan.name,
  nodeImageSelection: plan.spec.nodeImageSelection,
});

describe("a way back", () => {
  test("is known by its name as one of the release whose run it leads back from", () => {
    expect(rolledBackRunName(plan.name)).toBe(bad.name);
    expect(parseSourceRunName(plan.name)).toMatchObject({ release: "dev", generation: 3 });
    expect(rolledBackRunName(bad.name)).toBeUndefined();
  });

  test("is proved by the images that it brings, and gives no evidence for the next environment", () => {
    expect(rollBackRollout(back, rollout)).toMatchObject({
      runName: plan.name,
      nodeImages: { [FAMILY]: "202606.16.0" },
      captureProven: false,
    });
  });

  test.each([
    ["other images", { nodeImageSelection: bad.nodeImageSelection }],
    ["none", { nodeImageSelection: { type: "Latest" as const } }],
  ])("with %s only bears the name, and is left alone", (_, change) => {
    expect(rollBackRollout({ ...back, ...change }, rollout)).toBeUndefined();
  });
});
