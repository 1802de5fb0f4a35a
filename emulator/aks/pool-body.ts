import { canonicalJson } from "../../shared/core/digest.ts";
import type {
  Cluster,
  NodePool,
  NodePoolSpec,
  PoolChange,
  UpgradeSettings,
} from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { numberAt, objectAt, textAt, textListAt, textsAt, withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";
import { amount, oneOf, wholeNumber } from "./body-fields.ts";
import { blueGreenFields, knowsPreviews, previewFields } from "./pool-previews.ts";
import type { SnapshotContent } from "./snapshot-rules.ts";

/** Source: learn.microsoft.com/azure/aks/create-node-pools, limitations */
const LINUX_POOL_NAME = /^[a-z][a-z0-9]{0,11}$/;
const WINDOWS_POOL_NAME = /^[a-z][a-z0-9]{0,5}$/;
const MAX_POOL_NODES = 1_000;
const DEFAULT_VM_SIZE = "Standard_D4ds_v5";

/** The pool as a profile of its cluster, and (with id and type around it) as a resource of its own. */
export function poolProperties(
  cluster: Cluster,
  pool: NodePool,
  { stored, apiVersion }: { readonly stored: JsonObject; readonly apiVersion: string },
): JsonObject {
  const previews = knowsPreviews(apiVersion);
  const { maxBlockedNodes: _inWorld, ...storedSettings } = objectAt(stored, "upgradeSettings");
  const { maxBlockedNodes, ...upgradeSettings } = pool.upgradeSettings;
  const shown = previews
    ? withoutUndefined({ ...upgradeSettings, maxBlockedNodes })
    : upgradeSettings;
  return withoutUndefined({
    osDiskSizeGB: 128,
    osDiskType: "Managed",
    kubeletDiskType: "OS",
    type: "VirtualMachineScaleSets",
    enableAutoScaling: false,
    scaleDownMode: "Delete",
    enableNodePublicIP: false,
    enableEncryptionAtHost: false,
    enableUltraSSD: false,
    enableFIPS: false,
    ...stored,
    ...(numberAt(stored, "osDiskSizeGB") === 0 ? { osDiskSizeGB: 128 } : {}),
    eTag: poolEtag(cluster, pool, stored),
    count: pool.count,
    vmSize: pool.vmSize,
    mode: pool.mode,
    maxPods: pool.maxPods,
    osType: pool.osType,
    osSKU: pool.osSku,
    orchestratorVersion: pool.kubernetesVersion,
    currentOrchestratorVersion: pool.kubernetesVersion,
    nodeImageVersion: pool.nodeImageVersion,
    provisioningState: pool.provisioningState,
    powerState: { code: cluster.powerState === "Stopped" ? "Stopped" : pool.powerState },
    upgradeSettings: { ...storedSettings, ...shown },
    ...(previews && previewFields(pool)),
    nodeLabels: Object.keys(pool.nodeLabels).length > 0 ? pool.nodeLabels : undefined,
    nodeTaints: pool.nodeTaints.length > 0 ? pool.nodeTaints : undefined,
    creationData: pool.snapshotId === undefined ? undefined : { sourceResourceId: pool.snapshotId },
  });
}

export function poolEtag(cluster: Cluster, pool: NodePool, stored: JsonObject): string {
  const { name, count, kubernetesVersion, nodeImageVersion, provisioningState, upgradeSettings } =
    pool;
  return guidFrom(
    JSON.stringify([
      cluster.id,
      name,
      [count, kubernetesVersion, nodeImageVersion, provisioningState, pool.powerState],
      upgradeSettings,
      [pool.upgradeStrategy, pool.upgradeSettingsBlueGreen],
      [pool.nodeLabels, pool.nodeTaints, pool.mode, pool.snapshotId],
      stored,
    ]),
  );
}

export interface NewPool {
  readonly name: string;
  readonly properties: JsonObject;
  readonly kubernetesVersion: string;
  readonly snapshot: SnapshotContent | undefined;
  readonly defaultMode: "System" | "User";
}

export function newPoolSpec(input: NewPool): NodePoolSpec {
  const { name, properties, snapshot } = input;
  const osType = oneOf(properties, "osType", ["Linux", "Windows"]) ?? snapshot?.osType ?? "Linux";
  const pattern = osType === "Windows" ? WINDOWS_POOL_NAME : LINUX_POOL_NAME;
  if (!pattern.test(name)) {
    throw invalid(
      `The agent pool name '${name}' is invalid: it must match ${pattern.source}.`,
      "InvalidAgentPoolName",
    );
  }
  const mode = oneOf(properties, "mode", ["System", "User"]) ?? input.defaultMode;
  // Source: learn.microsoft.com/azure/aks/use-system-pools
  if (osType === "Windows" && mode === "System") {
    throw invalid(`The system agent pool '${name}' must have the OS type Linux.`);
  }
  const settings = upgradeSettings(properties, mode);
  const nodeLabels = textsAt(properties, "nodeLabels");
  const nodeTaints = textListAt(properties, "nodeTaints");
  return {
    name,
    mode,
    osType,
    osSku: textAt(properties, "osSKU") ?? snapshot?.osSku ?? defaultOsSku(osType),
    vmSize: textAt(properties, "vmSize") ?? snapshot?.vmSize ?? DEFAULT_VM_SIZE,
    count: nodeCount(properties) ?? 1,
    kubernetesVersion: input.kubernetesVersion,
    ...maxPods(properties),
    ...blueGreenFields(properties),
    ...(settings ? { upgradeSettings: settings } : {}),
    ...(nodeLabels ? { nodeLabels } : {}),
    ...(nodeTaints ? { nodeTaints } : {}),
    ...(snapshot ? { nodeImageVersion: snapshot.nodeImageVersion, snapshotId: snapshot.id } : {}),
  };
}

/** What a PUT changes of a pool that exists; fields that the body leaves out stay as they are. */
export function poolChange(pool: NodePool, properties: JsonObject): PoolChange {
  const count = nodeCount(properties);
  const mode = oneOf(properties, "mode", ["System", "User"]);
  const powerState = oneOf(objectAt(properties, "powerState"), "code", ["Running", "Stopped"]);
  const settings = upgradeSettings(properties, mode ?? pool.mode);
  const nodeLabels = textsAt(properties, "nodeLabels");
  const nodeTaints = textListAt(properties, "nodeTaints");
  const { upgradeStrategy, upgradeSettingsBlueGreen } = blueGreenFields(properties);
  refuseChange(properties, "vmSize", pool.vmSize);
  refuseChange(properties, "osType", pool.osType);
  return {
    ...(count !== undefined && count !== pool.count ? { count } : {}),
    ...(mode !== undefined && mode !== pool.mode ? { mode } : {}),
    ...(powerState !== undefined && powerState !== pool.powerState ? { powerState } : {}),
    ...(settings && !includes(pool.upgradeSettings, settings) ? { upgradeSettings: settings } : {}),
    ...(upgradeStrategy && upgradeStrategy !== pool.upgradeStrategy ? { upgradeStrategy } : {}),
    ...(upgradeSettingsBlueGreen &&
    !includes(pool.upgradeSettingsBlueGreen, upgradeSettingsBlueGreen)
      ? { upgradeSettingsBlueGreen }
      : {}),
    ...(nodeLabels && !equal(nodeLabels, pool.nodeLabels) ? { nodeLabels } : {}),
    ...(nodeTaints && !equal(nodeTaints, pool.nodeTaints) ? { nodeTaints } : {}),
  };
}

/** The snapshot that a body asks for: its id, null to drop the present one, undefined to say nothing. */
export function askedSnapshot(properties: JsonObject): string | null | undefined {
  if (!("creationData" in properties)) return undefined;
  return textAt(objectAt(properties, "creationData"), "sourceResourceId") ?? null;
}

function upgradeSettings(
  properties: JsonObject,
  mode: NodePool["mode"],
): Partial<UpgradeSettings> | undefined {
  if (!("upgradeSettings" in properties)) return undefined;
  const from = objectAt(properties, "upgradeSettings");
  // Source: learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling, maximum unavailable nodes
  if (mode === "System" && Number.parseInt(amount(from, "maxUnavailable") ?? "0", 10) > 0) {
    throw invalid("upgradeSettings.maxUnavailable is not supported on system node pools.");
  }
  const settings = {
    maxSurge: amount(from, "maxSurge"),
    maxUnavailable: amount(from, "maxUnavailable"),
    drainTimeoutInMinutes: wholeNumber(from, "drainTimeoutInMinutes", 5, 1_440),
    nodeSoakDurationInMinutes: wholeNumber(from, "nodeSoakDurationInMinutes", 0, 30),
    undrainableNodeBehavior: oneOf(from, "undrainableNodeBehavior", ["Schedule", "Cordon"]),
    maxBlockedNodes: amount(from, "maxBlockedNodes"),
  };
  return withoutUndefined(settings) as Partial<UpgradeSettings>;
}

/** Source: learn.microsoft.com/azure/aks/quotas-skus-regions, maximum pods per node */
function maxPods(properties: JsonObject): Pick<NodePoolSpec, "maxPods"> {
  const asked = wholeNumber(properties, "maxPods", 10, 250);
  return asked === undefined ? {} : { maxPods: asked };
}

function nodeCount(properties: JsonObject): number | undefined {
  return wholeNumber(properties, "count", 0, MAX_POOL_NODES);
}

function refuseChange(properties: JsonObject, key: string, current: string): void {
  const given = textAt(properties, key);
  if (given === undefined || given.toLowerCase() === current.toLowerCase()) return;
  throw invalid(
    `Changing property 'properties.${key}' from '${current}' to '${given}' is not allowed.`,
    "PropertyChangeNotAllowed",
  );
}

function defaultOsSku(osType: "Linux" | "Windows"): string {
  return osType === "Windows" ? "Windows2022" : "Ubuntu";
}

function includes(whole: object, part: object): boolean {
  const members = new Map<string, unknown>(Object.entries(whole));
  return Object.entries(part).every(([key, value]) => members.get(key) === value);
}

function equal(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
