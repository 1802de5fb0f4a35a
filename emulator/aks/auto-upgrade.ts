import type { AutoUpgradeChannels, Cluster } from "../../shared/simulator/model.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";

const CHANNELS = ["none", "patch", "stable", "rapid", "node-image"] as const;
const NODE_OS_CHANNELS = ["None", "Unmanaged", "SecurityPatch", "NodeImage"] as const;

/** The channels of a cluster's properties; throws when one is none of Azure's. */
export function parseAutoUpgrade(properties: JsonObject): AutoUpgradeChannels {
  const profile = objectAt(properties, "autoUpgradeProfile");
  return {
    upgradeChannel: oneOf(CHANNELS, profile, "upgradeChannel") ?? "none",
    nodeOsUpgradeChannel: oneOf(NODE_OS_CHANNELS, profile, "nodeOSUpgradeChannel") ?? "None",
  };
}

export function applyAutoUpgrade(cluster: Cluster, properties: JsonObject): void {
  const channels = parseAutoUpgrade(properties);
  const { upgradeChannel, nodeOsUpgradeChannel } = cluster.autoUpgrade;
  const isSame =
    channels.upgradeChannel === upgradeChannel &&
    channels.nodeOsUpgradeChannel === nodeOsUpgradeChannel;
  if (!isSame) cluster.setAutoUpgrade(channels);
}

function oneOf<T extends string>(
  values: readonly T[],
  from: JsonObject,
  key: string,
): T | undefined {
  const given = textAt(from, key);
  if (given === undefined) return undefined;
  const found = values.find((value) => value.toLowerCase() === given.toLowerCase());
  if (found) return found;
  throw invalid(`The value '${given}' of ${key} is not one of ${values.join(", ")}.`);
}
