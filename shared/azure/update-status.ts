import type {
  GateStatus,
  GroupStatus,
  MemberStatus,
  StageStatus,
  UpdateState,
  UpdateStatus,
} from "../update-run/ports.ts";
import { asList, asNumber, asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";

/** The status tree of an update run: fields that the service leaves out are `undefined` or empty. */
export function toStageStatuses(properties: JsonObject): readonly StageStatus[] {
  return asList(asObject(properties["status"])["stages"]).map(toStageStatus);
}

export function toRunStatus(properties: JsonObject): UpdateStatus {
  return toStatus(asObject(properties["status"])["status"]);
}

function toStageStatus(stage: JsonObject): StageStatus {
  return {
    ...toStatus(stage["status"]),
    name: asText(stage["name"]) ?? "",
    groups: asList(stage["groups"]).map(toGroupStatus),
    beforeGates: asList(stage["beforeGates"]).map(toGateStatus),
    afterGates: asList(stage["afterGates"]).map(toGateStatus),
    afterStageWait: toWait(stage["afterStageWaitStatus"]),
  };
}

function toGroupStatus(group: JsonObject): GroupStatus {
  return {
    ...toStatus(group["status"]),
    name: asText(group["name"]) ?? "",
    members: asList(group["members"]).map(toMemberStatus),
    beforeGates: asList(group["beforeGates"]).map(toGateStatus),
    afterGates: asList(group["afterGates"]).map(toGateStatus),
  };
}

function toMemberStatus(member: JsonObject): MemberStatus {
  return {
    ...toStatus(member["status"]),
    name: asText(member["name"]) ?? "",
    clusterId: asText(member["clusterResourceId"]) ?? "",
    message: asText(member["message"]),
  };
}

function toGateStatus(gate: JsonObject): GateStatus {
  return {
    ...toStatus(gate["status"]),
    displayName: asText(gate["displayName"]) ?? "",
    gateId: asText(gate["gateId"]),
  };
}

function toWait(wait: unknown): StageStatus["afterStageWait"] {
  if (wait === undefined || wait === null) return undefined;
  const source = asObject(wait);
  return {
    ...toStatus(source["status"]),
    waitDurationInSeconds: asNumber(source["waitDurationInSeconds"]) ?? 0,
  };
}

/** An unknown literal is passed on as it is: readers treat it as "not terminal". */
function toStatus(status: unknown): UpdateStatus {
  const source = asObject(status);
  return {
    state: (asText(source["state"]) ?? "NotStarted") as UpdateState,
    startTime: asText(source["startTime"]),
    completedTime: asText(source["completedTime"]),
    error: toError(source["error"]),
  };
}

function toError(error: unknown): UpdateStatus["error"] {
  if (error === undefined || error === null) return undefined;
  const source = asObject(error);
  return {
    code: asText(source["code"]) ?? "Unknown",
    message: asText(source["message"]) ?? "",
  };
}
