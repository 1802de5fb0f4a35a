import type { NodePoolSettings } from "../node-pool/ports.ts";
import { asObject, compact } from "./json.ts";
import type { JsonObject } from "./json.ts";

/** What AKS tells and nobody writes. */
const READ_ONLY = [
  "eTag",
  "currentOrchestratorVersion",
  "provisioningState",
  "status",
  "virtualMachineNodesStatus",
  // Since 2026-04-01 writing it asks for a rollback.
  "nodeImageVersion",
];

/** The properties of a pool that a PUT must send again, or AKS would take them for removed. */
export function keptProperties(properties: JsonObject): JsonObject {
  return without(properties, READ_ONLY);
}

/** The properties that a second pool may have too: all but what the first one is at the moment. */
export function copiedProperties(properties: JsonObject): JsonObject {
  return without(keptProperties(properties), ["powerState", "creationData"]);
}

/** Lays wanted settings over properties in ARM's words. */
export function withSettings(properties: JsonObject, settings: NodePoolSettings): JsonObject {
  const { count, mode, vmSize, snapshotId, kubernetesVersion, autoscaler } = settings;
  const upgradeSettings = { ...asObject(properties["upgradeSettings"]), ...upgrade(settings) };
  const changed = {
    count,
    mode,
    vmSize,
    nodeLabels: settings.labels,
    nodeTaints: settings.taints,
    availabilityZones: settings.zones,
    tags: settings.tags,
    orchestratorVersion: kubernetesVersion,
    creationData: creationData(snapshotId),
    upgradeSettings: Object.keys(upgradeSettings).length === 0 ? undefined : upgradeSettings,
  };
  return withAutoscaler({ ...properties, ...compact(changed) }, autoscaler);
}

function upgrade(settings: NodePoolSettings): JsonObject {
  return compact({
    maxSurge: settings.maxSurge,
    undrainableNodeBehavior: settings.undrainableNodeBehavior,
    drainTimeoutInMinutes: settings.drainTimeoutMinutes,
    nodeSoakDurationInMinutes: settings.nodeSoakMinutes,
  });
}

function creationData(snapshotId: string | null | undefined): JsonObject | null | undefined {
  if (snapshotId === undefined || snapshotId === null) return snapshotId;
  return { sourceResourceId: snapshotId };
}

function withAutoscaler(
  properties: JsonObject,
  autoscaler: NodePoolSettings["autoscaler"],
): JsonObject {
  if (autoscaler === undefined) return properties;
  const rest = without(properties, ["minCount", "maxCount"]);
  if (autoscaler === null) return { ...rest, enableAutoScaling: false };
  return { ...rest, enableAutoScaling: true, ...autoscaler };
}

function without(properties: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));
}
