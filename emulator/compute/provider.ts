import type { World } from "../../shared/simulator/model.ts";
import { parseFilter } from "../arm/list-filter.ts";
import { unknownType } from "../arm/refusal.ts";
import type { ArmRequest, ResourceProvider } from "../arm/provider.ts";
import { LOCATIONS } from "../regions.ts";
import type { WireReply } from "../service.ts";
import { skuBody, VM_SIZES, vmSizeBody } from "./vm-sizes.ts";

/** Where the scenario says nothing: more than any of its fleets needs. */
const DEFAULT_LIMIT = 100_000;

/**
 * `Microsoft.Compute`, as far as AKS nodes go, for nothing else runs here: `locations/usages`, `locations/vmSizes`
 * and `skus`. Source: https://learn.microsoft.com/rest/api/compute
 */
export function createComputeProvider({ machines }: Pick<World, "machines">): ResourceProvider {
  return {
    namespace: "Microsoft.Compute",
    handle(request) {
      if (request.method !== "GET") throw unknownType("Microsoft.Compute", request);
      const [[type, region] = [""], child] = request.segments;
      const path = [type, ...(child ? [child[0]] : [])].join("/");
      if (path === "skus" && region === undefined) return skus(request);
      if (region === undefined || child?.[1] !== undefined)
        throw unknownType("Microsoft.Compute", request);
      if (path === "locations/usages") return usages(machines, region.toLowerCase());
      if (path === "locations/vmsizes") {
        return { status: 200, body: { value: VM_SIZES.map(vmSizeBody) } };
      }
      throw unknownType("Microsoft.Compute", request);
    },
  };
}

function usages(machines: World["machines"], region: string): WireReply {
  const value = [...machines.usedVcpus(region)].map(([name, used]) => ({
    unit: "Count",
    currentValue: used,
    limit: machines.quota(region, name) ?? DEFAULT_LIMIT,
    name: { value: name, localizedValue: name },
  }));
  return { status: 200, body: { value } };
}

/** Of all regions, or of the one that `$filter` names. */
function skus({ wire }: ArmRequest): WireReply {
  const wanted = parseFilter(wire.query.get("$filter")).find(({ field }) => field === "location");
  const regions = wanted ? LOCATIONS.filter((region) => region === wanted.value) : LOCATIONS;
  const value = regions.flatMap((region) => VM_SIZES.map((size) => skuBody(size, region)));
  return { status: 200, body: { value } };
}
