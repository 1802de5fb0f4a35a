import type { NodePool, PoolChange } from "../../shared/simulator/model.ts";
import { isObject, objectAt, withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";
import { amount, oneOf, wholeNumber } from "./body-fields.ts";

/** Managed blue-green upgrades and maxBlockedNodes: in previews since then, in no stable api-version. */
const FIRST_PREVIEW = "2025-08-02";
const OF_PREVIEW = ["upgradeStrategy", "upgradeSettingsBlueGreen"];

export function knowsPreviews(apiVersion: string): boolean {
  const isPreview = apiVersion.toLowerCase().endsWith("-preview");
  return isPreview && apiVersion.slice(0, FIRST_PREVIEW.length) >= FIRST_PREVIEW;
}

/** What a caller asks of a pool, without what its api-version does not know. */
export function knownFields(properties: JsonObject, apiVersion: string): JsonObject {
  if (knowsPreviews(apiVersion)) return properties;
  const kept = Object.entries(properties).filter(([key]) => !OF_PREVIEW.includes(key));
  const fields: JsonObject = Object.fromEntries(kept);
  if (!isObject(fields["upgradeSettings"])) return fields;
  const { maxBlockedNodes: _unknown, ...upgradeSettings } = objectAt(fields, "upgradeSettings");
  return { ...fields, upgradeSettings };
}

/** The world keeps these: beside it nothing of them is written down. */
export function isPreviewField(key: string): boolean {
  return OF_PREVIEW.includes(key);
}

export function previewFields({ upgradeStrategy, upgradeSettingsBlueGreen }: NodePool): JsonObject {
  return {
    upgradeStrategy,
    // Azure does not say whether a rolling pool shows them.
    ...(upgradeStrategy === "BlueGreen" && {
      upgradeSettingsBlueGreen: { ...upgradeSettingsBlueGreen },
    }),
  };
}

/** Source: learn.microsoft.com/azure/aks/blue-green-node-pool-upgrade */
export function blueGreenFields(
  properties: JsonObject,
): Pick<PoolChange, "upgradeStrategy" | "upgradeSettingsBlueGreen"> {
  const upgradeStrategy = oneOf(properties, "upgradeStrategy", ["Rolling", "BlueGreen"]);
  const from = objectAt(properties, "upgradeSettingsBlueGreen");
  const drainBatchSize = amount(from, "drainBatchSize");
  if (drainBatchSize !== undefined && Number.parseInt(drainBatchSize, 10) === 0) {
    throw invalid(`drainBatchSize '${drainBatchSize}' must be a non-zero number or percentage.`);
  }
  const settings = withoutUndefined({
    drainBatchSize,
    drainTimeoutInMinutes: wholeNumber(from, "drainTimeoutInMinutes", 1, 1_440),
    batchSoakDurationInMinutes: wholeNumber(from, "batchSoakDurationInMinutes", 0, 1_440),
    finalSoakDurationInMinutes: wholeNumber(from, "finalSoakDurationInMinutes", 0, 10_080),
  });
  return {
    ...(upgradeStrategy && { upgradeStrategy }),
    ...(Object.keys(settings).length > 0 && { upgradeSettingsBlueGreen: settings }),
  };
}
