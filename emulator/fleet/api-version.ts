import { objectsAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";

/**
 * What an api-version of Fleet has: `plain` up to 2025-03-01; `gated` with gates and maxConcurrency, since
 * 2026-06-01 and the previews of April 2025; `preview` with what only the previews since 2026-06-02 have.
 */
export type FleetApi = "plain" | "gated" | "preview";

export function fleetApi(apiVersion: string): FleetApi {
  const date = apiVersion.slice(0, "2026-06-01".length);
  if (!apiVersion.toLowerCase().endsWith("-preview"))
    return date >= "2026-06-01" ? "gated" : "plain";
  if (date >= "2026-06-02") return "preview";
  return date >= "2025-04-01" ? "gated" : "plain";
}

const OF_GATED = ["maxConcurrency", "beforeGates", "afterGates"];
const OF_PREVIEW = ["maxAllowedFailures", "memberSelector", "scheduledStartConfiguration"];

const UNKNOWN: Readonly<Record<FleetApi, ReadonlySet<string>>> = {
  plain: new Set([...OF_GATED, ...OF_PREVIEW]),
  gated: new Set(OF_PREVIEW),
  preview: new Set(),
};

/**
 * A strategy as a caller wrote it, with what its api-version knows, and beside it what is there already and only
 * newer ones know: stages and groups are found again by their names.
 * Source: update orchestration concept: what was set by REST stays when the portal edits the strategy.
 */
export function writtenStrategy(
  api: FleetApi,
  asked: JsonObject,
  existing: JsonObject | undefined,
): JsonObject {
  const known = strategyOf(api, asked);
  if (existing === undefined || UNKNOWN[api].size === 0) return known;
  const stages = objectsAt(known, "stages").map((stage) => {
    const before = namesake(existing, "stages", stage);
    if (before === undefined) return stage;
    const groups = objectsAt(stage, "groups").map((group) =>
      keptFields(api, group, namesake(before, "groups", group)),
    );
    return keptFields(api, "groups" in stage ? { ...stage, groups } : stage, before);
  });
  return { ...known, stages };
}

/** A stage or group with what it had that only newer api-versions know, its gates included. */
function keptFields(api: FleetApi, asked: JsonObject, before: JsonObject = {}): JsonObject {
  const gates = objectsAt(asked, "beforeGates").map((gate) => ({
    ...gate,
    ...unknownFields(api, namesake(before, "beforeGates", gate, "displayName")),
  }));
  return {
    ...asked,
    ...(gates.length > 0 && { beforeGates: gates }),
    ...unknownFields(api, before),
  };
}

function namesake(
  from: JsonObject,
  key: string,
  of: JsonObject,
  name = "name",
): JsonObject | undefined {
  return objectsAt(from, key).find((one) => one[name] === of[name]);
}

function unknownFields(api: FleetApi, from: JsonObject = {}): JsonObject {
  return Object.fromEntries(Object.entries(from).filter(([key]) => UNKNOWN[api].has(key)));
}

/** A strategy with the fields of an api-version: what it does not know it neither shows nor takes. */
export function strategyOf(api: FleetApi, strategy: JsonObject): JsonObject {
  const unknown = UNKNOWN[api];
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== "object" || value === null) return value;
    const kept = Object.entries(value).filter(([key]) => !unknown.has(key));
    return Object.fromEntries(kept.map(([key, member]) => [key, strip(member)]));
  };
  return unknown.size === 0 ? strategy : (strip(strategy) as JsonObject);
}
