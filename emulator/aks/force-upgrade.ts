import type { Cluster, Instant } from "../../shared/simulator/model.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";

/** `upgradeSettings.overrideSettings` of a cluster: without `until` nothing is overridden. */
export function applyForceUpgrade(cluster: Cluster, properties: JsonObject): void {
  const override = objectAt(objectAt(properties, "upgradeSettings"), "overrideSettings");
  cluster.forceUpgrades(override["forceUpgrade"] === true ? untilOf(override) : undefined);
}

function untilOf(override: JsonObject): Instant | undefined {
  const until = textAt(override, "until");
  if (until === undefined) return undefined;
  const time = Date.parse(until);
  if (Number.isFinite(time)) return time;
  throw invalid(`overrideSettings.until '${until}' is not a time.`);
}
