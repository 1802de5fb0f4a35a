import type {
  Gate,
  GateSpec,
  NodeImageSelection,
  UpdateGroup,
  UpdateRun,
  UpdateRunSpec,
  UpdateStage,
  UpdateStrategyResource,
  UpgradeType,
} from "../update-run/ports.ts";
import { asList, asNumber, asObject, asText, compact } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { toRunStatus, toStageStatuses } from "./update-status.ts";

export function toStrategy(resource: JsonObject): UpdateStrategyResource {
  const strategy = asObject(asObject(resource["properties"])["strategy"]);
  return { ...identity(resource), stages: toStages(strategy) };
}

export function toRun(resource: JsonObject): UpdateRun {
  const properties = asObject(resource["properties"]);
  const update = asObject(properties["managedClusterUpdate"]);
  const upgrade = asObject(update["upgrade"]);
  const strategy = properties["strategy"];
  return {
    ...identity(resource),
    ...compact<UpdateRunSpec>({
      strategyId: asText(properties["updateStrategyId"]),
      stages: strategy === undefined ? undefined : toStages(asObject(strategy)),
      upgradeType: (asText(upgrade["type"]) ?? "Full") as UpgradeType,
      kubernetesVersion: asText(upgrade["kubernetesVersion"]),
      nodeImageSelection: toSelection(asObject(update["nodeImageSelection"])),
    }),
    status: toRunStatus(properties),
    stageStatuses: toStageStatuses(properties),
    ...selectedImages(asObject(properties["status"])),
    createdAt: asText(asObject(resource["systemData"])["createdAt"]),
  };
}

function selectedImages(status: JsonObject): Pick<UpdateRun, "selectedImages"> {
  const versions = asObject(status["nodeImageSelection"])["selectedNodeImageVersions"];
  if (!Array.isArray(versions)) return {};
  return { selectedImages: asList(versions).flatMap(({ version }) => asText(version) ?? []) };
}

export function toGate(resource: JsonObject): Gate {
  const properties = asObject(resource["properties"]);
  const target = asObject(properties["target"]);
  const place = asObject(target["updateRunProperties"]);
  return {
    ...identity(resource),
    displayName: asText(properties["displayName"]) ?? "",
    state: (asText(properties["state"]) ?? "Pending") as Gate["state"],
    runId: asText(target["id"]) ?? "",
    stage: asText(place["stage"]) ?? "",
    group: asText(place["group"]),
    timing: (asText(place["timing"]) ?? "After") as Gate["timing"],
  };
}

/** The body that creates a run. */
export function fromRunSpec(spec: UpdateRunSpec): JsonObject {
  return {
    properties: compact<JsonObject>({
      updateStrategyId: spec.strategyId,
      strategy: spec.stages === undefined ? undefined : { stages: spec.stages },
      managedClusterUpdate: {
        upgrade: compact<JsonObject>({
          type: spec.upgradeType,
          kubernetesVersion: spec.kubernetesVersion,
        }),
        ...selectionBody(spec),
      },
    }),
  };
}

/** A control plane has no node image: the service refuses the field there. */
function selectionBody({ upgradeType, nodeImageSelection }: UpdateRunSpec): JsonObject {
  if (upgradeType === "ControlPlaneOnly") return {};
  const versions = nodeImageSelection.customNodeImageVersions?.map((version) => ({ version }));
  return {
    nodeImageSelection: compact<JsonObject>({
      type: nodeImageSelection.type,
      customNodeImageVersions: versions,
    }),
  };
}

function identity(resource: JsonObject): { id: string; name: string; etag: string } {
  return {
    id: asText(resource["id"]) ?? "",
    name: asText(resource["name"]) ?? "",
    etag: asText(resource["eTag"]) ?? asText(resource["etag"]) ?? "",
  };
}

function toStages(strategy: JsonObject): readonly UpdateStage[] {
  return asList(strategy["stages"]).map((stage) =>
    compact<UpdateStage>({
      name: asText(stage["name"]) ?? "",
      groups: asList(stage["groups"]).map(toGroup),
      maxConcurrency: amount(stage["maxConcurrency"]),
      maxAllowedFailures: amount(stage["maxAllowedFailures"]),
      afterStageWaitInSeconds: asNumber(stage["afterStageWaitInSeconds"]),
      beforeGates: toGates(stage["beforeGates"]),
      afterGates: toGates(stage["afterGates"]),
    }),
  );
}

function toGroup(group: JsonObject): UpdateGroup {
  return compact<UpdateGroup>({
    name: asText(group["name"]) ?? "",
    maxConcurrency: amount(group["maxConcurrency"]),
    maxAllowedFailures: amount(group["maxAllowedFailures"]),
    beforeGates: toGates(group["beforeGates"]),
    afterGates: toGates(group["afterGates"]),
  });
}

function toGates(gates: unknown): readonly GateSpec[] | undefined {
  if (!Array.isArray(gates)) return undefined;
  return asList(gates).map((gate) => ({
    displayName: asText(gate["displayName"]) ?? "",
    // One of a later api-version is passed on as it is, so that it is no Approval for whoever compares.
    type: (asText(gate["type"]) ?? "Approval") as GateSpec["type"],
  }));
}

/** A string in a strategy, a number in the status of a run: one form for both. */
function amount(value: unknown): string | undefined {
  return asText(value) ?? asNumber(value)?.toString();
}

function toSelection(selection: JsonObject): NodeImageSelection {
  const versions = selection["customNodeImageVersions"];
  return compact<NodeImageSelection>({
    type: (asText(selection["type"]) ?? "Latest") as NodeImageSelection["type"],
    customNodeImageVersions: Array.isArray(versions)
      ? asList(versions).flatMap((image) => asText(image["version"]) ?? [])
      : undefined,
  });
}
