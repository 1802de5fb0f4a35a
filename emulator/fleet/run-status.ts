import type {
  GateStatus,
  GroupStatus,
  MemberStatus,
  StageStatus,
  UpdateRun,
  UpdateStatus,
} from "../../shared/simulator/model.ts";
import { withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { armTimeIfAny } from "../arm/time.ts";
import type { FleetApi } from "./api-version.ts";

export interface StatusOptions {
  /** What the api-version of the request shows. */
  readonly api: FleetApi;
  readonly clusterId: (member: MemberStatus) => string;
  readonly gateId: (name: string) => string;
}

/** `properties.status` of an update run. What is not set is absent, never null. */
export function renderRunStatus(run: UpdateRun, options: StatusOptions): JsonObject {
  const selected = run.selectedNodeImageVersions?.map((version) => ({ version }));
  return {
    status: renderStatus(run.status),
    stages: run.stages.map((stage) => renderStage(stage, options)),
    nodeImageSelection: selected ? { selectedNodeImageVersions: selected } : {},
    ...(options.api === "preview" && { failureCount: failuresOf(run.stages.flatMap(groupsOf)) }),
  };
}

function groupsOf({ groups }: StageStatus): readonly GroupStatus[] {
  return groups;
}

/** Members that are Failed now: one that is tried again counts no longer. */
function failuresOf(groups: readonly GroupStatus[]): number {
  const members = groups.flatMap(({ members: of }) => of ?? []);
  return members.filter(({ state }) => state === "Failed").length;
}

function renderStage(stage: StageStatus, options: StatusOptions): JsonObject {
  const wait = stage.afterStageWait;
  return withoutUndefined({
    name: stage.name,
    status: renderStatus(stage),
    groups: stage.groups.map((group) => renderGroup(group, options)),
    ...renderGates(stage, options),
    ...renderLimits(stage, stage.groups, options),
    afterStageWaitStatus: wait && {
      status: renderStatus(wait),
      waitDurationInSeconds: wait.waitDurationInSeconds,
    },
  });
}

function renderGroup(group: GroupStatus, options: StatusOptions): JsonObject {
  const { members } = group;
  return withoutUndefined({
    name: group.name,
    status: renderStatus(group),
    members: members?.map((member) => renderMember(member, options)),
    ...renderGates(group, options),
    ...renderLimits(group, [group], options),
  });
}

/** Texts in the strategy, numbers in the status. */
function renderLimits(
  { maxConcurrency, maxAllowedFailures }: StageStatus | GroupStatus,
  groups: readonly GroupStatus[],
  { api }: StatusOptions,
): JsonObject {
  if (api === "plain") return {};
  if (api === "gated") return { maxConcurrency };
  return { failureCount: failuresOf(groups), maxAllowedFailures, maxConcurrency };
}

function renderMember(member: MemberStatus, options: StatusOptions): JsonObject {
  return withoutUndefined({
    name: member.name,
    clusterResourceId: options.clusterId(member),
    operationId: member.operationId,
    message: member.message,
    status: renderStatus(member),
  });
}

function renderGates(
  from: Pick<StageStatus, "beforeGates" | "afterGates">,
  options: StatusOptions,
): JsonObject {
  if (options.api === "plain") return {};
  const render = (gate: GateStatus): JsonObject =>
    withoutUndefined({
      displayName: gate.displayName,
      gateId: gate.gateId === undefined ? undefined : options.gateId(gate.gateId),
      status: renderStatus(gate.status),
    });
  return {
    ...(from.beforeGates.length > 0 ? { beforeGates: from.beforeGates.map(render) } : {}),
    ...(from.afterGates.length > 0 ? { afterGates: from.afterGates.map(render) } : {}),
  };
}

function renderStatus({ state, startTime, completedTime, error }: UpdateStatus): JsonObject {
  return withoutUndefined({
    startTime: armTimeIfAny(startTime),
    completedTime: armTimeIfAny(completedTime),
    state,
    error: error && { code: error.code, message: error.message },
  });
}
