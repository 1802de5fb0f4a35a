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
