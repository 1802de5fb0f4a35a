import type {
  GateStatus,
  MemberStatus,
  StageStatus,
  UpdateRun,
  UpdateState,
  UpdateStatus,
} from "../../shared/update-run/ports.ts";

export const FLEET =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/fleets/providers/Microsoft.ContainerService/fleets/harbour";

export function status(
  state: UpdateState,
  startTime?: string,
  completedTime?: string,
): UpdateStatus {
  return { state, startTime, completedTime, error: undefined };
}

export function member(
  name: string,
  state: UpdateState,
  more: Partial<MemberStatus> = {},
): MemberStatus {
  return {
    ...status(state),
    name,
    clusterId: FLEET.replace("fleets/harbour", `managedClusters/${name}`),
    message: undefined,
    ...more,
  };
}

export function gate(displayName: string, state: UpdateState, reached: boolean): GateStatus {
  return { ...status(state), displayName, gateId: reached ? `${FLEET}/gates/g1` : undefined };
}

export function stage(
  name: string,
  state: UpdateState,
  members: readonly MemberStatus[],
  more: Partial<StageStatus> = {},
): StageStatus {
  return {
    ...status(state),
    name,
    groups: [{ ...status(state), name: `${name}-group`, members, beforeGates: [], afterGates: [] }],
    beforeGates: [],
    afterGates: [],
    afterStageWait: undefined,
    ...more,
  };
}

export function updateRun(state: UpdateState, more: Partial<UpdateRun> = {}): UpdateRun {
  return {
    id: `${FLEET}/updateRuns/dev-3-1a2b3c4d`,
    name: "dev-3-1a2b3c4d",
    etag: '"1"',
    createdAt: "2026-07-10T08:00:00Z",
    strategyId: `${FLEET}/updateStrategies/canary-1a2b3c4d`,
    upgradeType: "NodeImageOnly",
    nodeImageSelection: {
      type: "Custom",
      customNodeImageVersions: ["AKSUbuntu-2204gen2containerd-202607.09.0"],
    },
    status: status(state),
    stageStatuses: [],
    ...more,
  };
}
