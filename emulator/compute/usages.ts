import type { World } from "../../shared/simulator/model.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest, ResourceProvider } from "../arm/provider.ts";

/** What a subscription may use in a region, in vCPUs: of one VM family, or of all (`cores`). */
export interface Quota {
  readonly region: string;
  readonly name: string;
  readonly limit: number;
}

/** Where the scenario says nothing: more than any of its fleets needs. */
const DEFAULT_LIMIT = 100_000;
const TOTAL = "cores";

/**
 * `Microsoft.Compute/locations/usages`, as far as AKS nodes go: nothing else runs here. Limits are told, not enforced.
 * Source: https://learn.microsoft.com/rest/api/compute/usage/list
 */
export function createComputeProvider(world: World, quotas: readonly Quota[]): ResourceProvider {
  return {
    namespace: "Microsoft.Compute",
    handle(request) {
      const [location, usages] = request.segments;
      if (request.method !== "GET" || usages?.[0] !== "usages" || location?.[1] === undefined) {
        throw unknown(request);
      }
      const region = location[1].toLowerCase();
      const limits = new Map(
        quotas
          .filter((quota) => quota.region.toLowerCase() === region)
          .map(({ name, limit }): [string, number] => [name.toLowerCase(), limit]),
      );
      const value = [...usedIn(world, region)].map(([name, used]) => ({
        unit: "Count",
        currentValue: used,
        limit: limits.get(name.toLowerCase()) ?? DEFAULT_LIMIT,
        name: { value: name, localizedValue: name },
      }));
      return { status: 200, body: { value } };
    },
  };
}

function usedIn(world: World, region: string): ReadonlyMap<string, number> {
  const used = new Map([[TOTAL, 0]]);
  for (const cluster of world.clusters.values()) {
    if (cluster.region.toLowerCase() !== region) continue;
    for (const node of cluster.nodes.values()) {
      const size = cluster.pools.get(node.pool)?.vmSize ?? "";
      for (const name of [TOTAL, familyOf(size)]) {
        used.set(name, (used.get(name) ?? 0) + vcpusOf(size));
      }
    }
  }
  return used;
}

/** `Standard_D4ds_v5` has four. */
function vcpusOf(vmSize: string): number {
  return Number(/\d+/.exec(vmSize)?.[0] ?? 0);
}

/** `Standard_D4ds_v5` is of `standardDDSv5Family`. */
function familyOf(vmSize: string): string {
  const [, series = "", version = ""] = vmSize.split("_");
  const letters = series.replace(/\d+/, "");
  return `standard${letters.toUpperCase()}${version}Family`;
}

function unknown({ segments }: ArmRequest): ArmError {
  const type = segments.map(([name]) => name).join("/");
  return new ArmError(
    404,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace 'Microsoft.Compute'.`,
  );
}
