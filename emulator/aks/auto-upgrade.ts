import type { AutoUpgradeChannels, Cluster } from "../../shared/simulator/model.ts";
import { objectAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { oneOf } from "./body-fields.ts";

const CHANNELS = ["none", "patch", "stable", "rapid", "node-image"] as const;
const NODE_OS_CHANNELS = ["None", "Unmanaged", "SecurityPatch", "NodeImage"] as const;

/** The channels of a cluster's properties; throws when one is none of Azure's. */
export function parseAutoUpgrade(properties: JsonObject): AutoUpgradeChannels {
  const profile = objectAt(properties, "autoUpgradeProfile");
  return {
    upgradeChannel: oneOf(profile, "upgradeChannel", CHANNELS) ?? "none",
    nodeOsUpgradeChannel: oneOf(profile, "nodeOSUpgradeChannel", NODE_OS_CHANNELS) ?? "None",
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
