import { describe, expect, it } from "vitest";
import { fromRunSpec, toGate, toRun, toStrategy } from "../../shared/azure/fleet-wire.ts";

const FLEET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/fleets/f";
const CLUSTER =
  "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/m1";

/** Shape of a run on its way, after recordings of the real service: unset times are absent, not null. */
const MID_FLIGHT = {
  eTag: '"590069a2-0000-0700-0000-65f934e10000"',
  id: `${FLEET}/updateRuns/run-1`,
  name: "run-1",
  type: "Microsoft.ContainerService/fleets/updateRuns",
  systemData: { createdAt: "2024-03-19T06:46:50Z" },
  properties: {
    provisioningState: "Succeeded",
    updateStrategyId: `${FLEET}/updateStrategies/s1`,
    managedClusterUpdate: {
      upgrade: { type: "NodeImageOnly" },
      nodeImageSelection: { type: "Consistent" },
    },
    strategy: {
      stages: [{ name: "stage1", groups: [{ name: "group1" }], afterStageWaitInSeconds: 3600 }],
    },
    status: {
      status: { startTime: "2024-03-19T06:46:57.761709309Z", state: "Pending" },
      stages: [
        {
          name: "stage1",
          status: { startTime: "2024-03-19T06:46:57.769601977Z", state: "Running" },
          groups: [
            { name: "group1", status: { state: "Skipped" } },
            {
              name: "group2",
              status: { startTime: "2024-03-19T06:46:57.769601677Z", state: "Running" },
              members: [
                {
                  name: "m1",
                  clusterResourceId: CLUSTER,
                  message: "set member: m1 to Pending",
                  status: {
                    state: "Pending",
                    error: { code: "NodeImageVersionNotAvailable", message: "not in region" },
                  },
                },
              ],
            },
          ],
          afterGates: [{ displayName: "verified", status: { state: "NotStarted" } }],
          afterStageWaitStatus: { status: { state: "Hovering" }, waitDurationInSeconds: 3600 },
        },
      ],
    },
  },
};

describe("a run of the service", () => {
  const run = toRun(MID_FLIGHT);

  it("keeps what the service said, and is undefined where it said nothing", () => {
    expect(run).toMatchObject({
      name: "run-1",
      etag: MID_FLIGHT.eTag,
      strategyId: `${FLEET}/updateStrategies/s1`,
      createdAt: "2024-03-19T06:46:50Z",
      status: { state: "Pending", completedTime: undefined, error: undefined },
    });
    const [stage] = run.stageStatuses;
    expect(stage?.groups[0]).toEqual({
      name: "group1",
      state: "Skipped",
      startTime: undefined,
      completedTime: undefined,
      error: undefined,
      members: [],
      beforeGates: [],
      afterGates: [],
    });
    expect(stage?.groups[1]?.members[0]).toMatchObject({
      clusterId: CLUSTER,
      message: "set member: m1 to Pending",
      error: { code: "NodeImageVersionNotAvailable", message: "not in region" },
    });
    expect(stage?.afterGates[0]?.gateId).toBeUndefined();
  });

  it("passes on a state that nobody knows yet", () => {
    expect(run.stageStatuses[0]?.afterStageWait?.state).toBe("Hovering");
  });

  it("of which only the name is known is not started", () => {
    const bare = toRun({ id: "i", name: "n", properties: {} });
    expect(bare).toMatchObject({ status: { state: "NotStarted" }, stageStatuses: [], etag: "" });
    expect("stages" in bare).toBe(false);
  });
});

describe("a run of ours", () => {
  it("pins images by version objects and sends no field without a value", () => {
    expect(
      fromRunSpec({
        strategyId: "id",
        upgradeType: "NodeImageOnly",
        nodeImageSelection: { type: "Custom", customNodeImageVersions: ["a-1", "b-2"] },
      }),
    ).toEqual({
      properties: {
        updateStrategyId: "id",
        managedClusterUpdate: {
          upgrade: { type: "NodeImageOnly" },
          nodeImageSelection: {
            type: "Custom",
            customNodeImageVersions: [{ version: "a-1" }, { version: "b-2" }],
          },
        },
      },
    });
  });

  it("of control planes only names no image", () => {
    const body = fromRunSpec({
      upgradeType: "ControlPlaneOnly",
      kubernetesVersion: "1.33.5",
      nodeImageSelection: { type: "Latest" },
    });
    expect(body).toEqual({
      properties: {
        managedClusterUpdate: {
          upgrade: { type: "ControlPlaneOnly", kubernetesVersion: "1.33.5" },
        },
      },
    });
  });
});

describe("a gate and a strategy", () => {
  it("of a group says which", () => {
    const gate = toGate({
      id: `${FLEET}/gates/g`,
      name: "g",
      eTag: '"1"',
      properties: {
        displayName: "CAB",
        state: "Pending",
        target: {
          id: `${FLEET}/updateRuns/run-1`,
          updateRunProperties: { stage: "rest", group: "blue", timing: "Before" },
        },
      },
    });
    expect(gate).toMatchObject({ stage: "rest", group: "blue", timing: "Before" });
  });

  it("takes a concurrency as text or number", () => {
    const strategy = toStrategy({
      properties: {
        strategy: {
          stages: [
            { name: "a", groups: [{ name: "g", maxConcurrency: "25%" }], maxConcurrency: 3 },
          ],
        },
      },
    });
    expect(strategy.stages).toEqual([
      { name: "a", groups: [{ name: "g", maxConcurrency: "25%" }], maxConcurrency: "3" },
    ]);
  });
});
