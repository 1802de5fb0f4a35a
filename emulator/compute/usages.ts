import type { World } from "../../shared/simulator/model.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest, ResourceProvider } from "../arm/provider.ts";

/** Where the scenario says nothing: more than any of its fleets needs. */
const DEFAULT_LIMIT = 100_000;

/**
 * `Microsoft.Compute/locations/usages`, as far as AKS nodes go: nothing else runs here.
 * Source: https://learn.microsoft.com/rest/api/compute/usage/list
 */
export function createComputeProvider({ machines }: Pick<World, "machines">): ResourceProvider {
  return {
    namespace: "Microsoft.Compute",
    handle(request) {
      const [location, usages] = request.segments;
      if (request.method !== "GET" || usages?.[0] !== "usages" || location?.[1] === undefined) {
        throw unknown(request);
      }
      const region = location[1].toLowerCase();
      const value = [...machines.usedVcpus(region)].map(([name, used]) => ({
        unit: "Count",
        currentValue: used,
        limit: machines.quota(region, name) ?? DEFAULT_LIMIT,
        name: { value: name, localizedValue: name },
      }));
      return { status: 200, body: { value } };
    },
  };
}

function unknown({ segments }: ArmRequest): ArmError {
  const type = segments.map(([name]) => name).join("/");
  return new ArmError(
    404,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace 'Microsoft.Compute'.`,
  );
}
