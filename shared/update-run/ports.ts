import type { ArmId } from "../core/arm-id.ts";

/** Literals of the service; an unknown one is treated as not terminal, never as an error. */
export type UpdateState =
  | "NotStarted"
  | "Running"
  | "Pending"
  | "Stopping"
  | "Stopped"
  | "Skipped"
  | "Failed"
  | "Completed";

export type UpgradeType = "Full" | "NodeImageOnly" | "ControlPlaneOnly";

export interface GateSpec {
  readonly displayName: string;
  readonly type: "Approval";
}

export interface UpdateGroup {
  readonly name: string;
  readonly maxConcurrency?: string;
  readonly maxAllowedFailures?: string;
  readonly beforeGates?: readonly GateSpec[];
  readonly afterGates?: readonly GateSpec[];
}

/** Fleet's own JSON, as `az fleet … --stages` reads it. */
export interface UpdateStage {
  readonly name: string;
  readonly groups: readonly UpdateGroup[];
  readonly maxConcurrency?: string;
  readonly maxAllowedFailures?: string;
  readonly afterStageWaitInSeconds?: number;
  readonly beforeGates?: readonly GateSpec[];
  readonly afterGates?: readonly GateSpec[];
}

export interface UpdateStatus {
  readonly state: UpdateState;
  /** ISO 8601. */
  readonly startTime: string | undefined;
  readonly completedTime: string | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

export interface MemberStatus extends UpdateStatus {
  readonly name: string;
  readonly clusterId: ArmId;
  readonly message: string | undefined;
}

export interface GateStatus extends UpdateStatus {
  readonly displayName: string;
  /** Present once the run has reached the gate. */
  readonly gateId: ArmId | undefined;
}

export interface GroupStatus extends UpdateStatus {
  readonly name: string;
  readonly members: readonly MemberStatus[];
  readonly beforeGates: readonly GateStatus[];
  readonly afterGates: readonly GateStatus[];
}

export interface StageStatus extends UpdateStatus {
  readonly name: string;
  readonly groups: readonly GroupStatus[];
  readonly beforeGates: readonly GateStatus[];
  readonly afterGates: readonly GateStatus[];
  readonly afterStageWait: (UpdateStatus & { readonly waitDurationInSeconds: number }) | undefined;
}

export interface NodeImageSelection {
  readonly type: "Latest" | "Consistent" | "Custom";
  /** Full versions such as `AKSUbuntu-2204gen2containerd-202506.16.0`, one per image family. */
  readonly customNodeImageVersions?: readonly string[];
}

/** What a run is asked to do; the service copies it when the run is created. */
export interface UpdateRunSpec {
  readonly strategyId?: ArmId;
  /** Absent with a strategy id, or for one by one. */
  readonly stages?: readonly UpdateStage[];
  readonly upgradeType: UpgradeType;
  readonly kubernetesVersion?: string;
  readonly nodeImageSelection: NodeImageSelection;
}

export interface UpdateRun extends UpdateRunSpec {
  readonly id: ArmId;
  readonly name: string;
  readonly etag: string;
  readonly status: UpdateStatus;
  readonly stageStatuses: readonly StageStatus[];
  /** Images that the run chose, or was given, once it has started; absent with `Latest`. */
  readonly selectedImages?: readonly string[];
  /** ISO 8601, undefined when the service does not say. */
  readonly createdAt: string | undefined;
}

export interface FleetMember {
  readonly name: string;
  readonly clusterId: ArmId;
  readonly group: string | undefined;
  readonly etag: string;
}

export interface Gate {
  readonly id: ArmId;
  readonly name: string;
  readonly displayName: string;
  readonly state: "Pending" | "Skipped" | "Completed";
  readonly runId: ArmId;
  readonly stage: string;
  readonly group: string | undefined;
  readonly timing: "Before" | "After";
  readonly etag: string;
}

export interface UpdateStrategyResource {
  readonly id: ArmId;
  readonly name: string;
  readonly etag: string;
  readonly stages: readonly UpdateStage[];
}

export interface SkipTarget {
  readonly type: "Member" | "Group" | "Stage" | "AfterStageWait";
  readonly name: string;
}

/**
 * Azure Kubernetes Fleet Manager. `fleet` is a fleet's ARM id. A missing resource is `undefined` where
 * the type says so and `not-found` (naming the id and the role needed) where it must exist; a write that
 * lost a race throws `conflict`.
 */
export interface FleetPort {
  listMembers(fleet: ArmId): Promise<readonly FleetMember[]>;
  /** Moves a member to another update group (or none). */
  setMemberGroup(
    fleet: ArmId,
    member: string,
    group: string | undefined,
    etag: string,
  ): Promise<void>;
  listStrategies(fleet: ArmId): Promise<readonly UpdateStrategyResource[]>;
  /** `previews`: with the fields that only a preview of Fleet's API shows. */
  getStrategy(
    fleet: ArmId,
    name: string,
    options?: { readonly previews: boolean },
  ): Promise<UpdateStrategyResource | undefined>;
  /** Creates with `If-None-Match: *`; throws `conflict` when it exists. */
  createStrategy(
    fleet: ArmId,
    name: string,
    stages: readonly UpdateStage[],
  ): Promise<UpdateStrategyResource>;
  listRuns(fleet: ArmId): Promise<readonly UpdateRun[]>;
  getRun(fleet: ArmId, name: string): Promise<UpdateRun | undefined>;
  /** Creates with `If-None-Match: *`; throws `conflict` when it exists. */
  createRun(fleet: ArmId, name: string, spec: UpdateRunSpec): Promise<UpdateRun>;
  /** Starts or resumes, with `If-Match` when an ETag is given. */
  startRun(fleet: ArmId, name: string, etag?: string): Promise<void>;
  stopRun(fleet: ArmId, name: string): Promise<void>;
  skip(fleet: ArmId, name: string, targets: readonly SkipTarget[]): Promise<void>;
  listGates(fleet: ArmId): Promise<readonly Gate[]>;
  getGate(id: ArmId): Promise<Gate | undefined>;
  /** Completes an approval gate with `If-Match`. */
  approveGate(id: ArmId, etag: string): Promise<void>;
}
