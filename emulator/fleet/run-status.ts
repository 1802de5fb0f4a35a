import type {
  GateStatus,
  GroupStatus,
  MemberStatus,
  RunSpec,
  StageStatus,
  UpdateRun,
  UpdateStatus,
} from "../../shared/simulator/model.ts";
import { withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { armTimeIfAny } from "../arm/time.ts";

/** Source: learn.microsoft.com/azure/kubernetes-fleet/concepts-update-orchestration, max concurrency */
const DEFAULT_STAGE_CONCURRENCY = 50;
const DEFAULT_GROUP_CONCURRENCY = 1;

export interface StatusOptions {
  /** Does the api-version of the request show gates and maxConcurrency? */
  readonly gates: boolean;
  readonly clusterId: (member: MemberStatus) => string;
  readonly gateId: (name: string) => string;
}

/** `properties.status` of an update run. What is not set is absent, never null. */
export function renderRunStatus(run: UpdateRun, options: StatusOptions): JsonObject {
  const selected = run.selectedNodeImageVersions?.map((version) => ({ version }));
  return {
    status: renderStatus(run.status),
    stages: run.stages.map((stage) => renderStage(stage, run.spec, options)),
    nodeImageSelection: selected ? { selectedNodeImageVersions: selected } : {},
  };
}

function renderStage(stage: StageStatus, spec: RunSpec, options: StatusOptions): JsonObject {
  const declared = spec.stages?.find(({ name }) => name === stage.name);
  const members = stage.groups.reduce((sum, { members: of }) => sum + (of?.length ?? 0), 0);
  const asked = effective(declared?.maxConcurrency, members, DEFAULT_STAGE_CONCURRENCY);
  const concurrency = Math.min(asked, DEFAULT_STAGE_CONCURRENCY);
  const wait = stage.afterStageWait;
  return withoutUndefined({
    name: stage.name,
    status: renderStatus(stage),
    groups: stage.groups.map((group) => {
      const groupSpec = declared?.groups.find(({ name }) => name === group.name);
      return renderGroup(group, groupSpec?.maxConcurrency, options);
    }),
    ...renderGates(stage, options),
    ...(options.gates ? { maxConcurrency: concurrency } : {}),
    afterStageWaitStatus: wait && {
      status: renderStatus(wait),
      waitDurationInSeconds: wait.waitDurationInSeconds,
    },
  });
}

function renderGroup(
  group: GroupStatus,
  declared: string | undefined,
  options: StatusOptions,
): JsonObject {
  const { members } = group;
  const concurrency = effective(declared, members?.length ?? 0, DEFAULT_GROUP_CONCURRENCY);
  return withoutUndefined({
    name: group.name,
    status: renderStatus(group),
    members: members?.map((member) => renderMember(member, options)),
    ...renderGates(group, options),
    ...(options.gates ? { maxConcurrency: concurrency } : {}),
  });
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
  if (!options.gates) return {};
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

/** A string in the strategy, a number in the status: a percentage is of the members, rounded down, at least 1. */
function effective(declared: string | undefined, members: number, fallback: number): number {
  if (declared === undefined) return fallback;
  const amount = Number.parseInt(declared, 10);
  return declared.endsWith("%") ? Math.max(1, Math.floor((amount * members) / 100)) : amount;
}
