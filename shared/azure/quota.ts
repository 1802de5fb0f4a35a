import type { PathUncheckedResponse } from "@azure-rest/core-client";
import type { QuotaPort, VcpuQuota } from "../blue-green/quota.ts";
import { parseArmId } from "../core/arm-id.ts";
import { isError, toError } from "../core/errors.ts";
import type { ArmClient } from "./arm-client.ts";
import { asList, asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";

const COMPUTE_API_VERSION = "2024-07-01";
/** A region has some hundred VM families, on one page as a rule. */
const MAX_PAGES = 10;

/** vCPU quotas of a region. Whoever may not read them, or has no such provider, hears why. */
export function createQuotaPort(arm: ArmClient): QuotaPort {
  return {
    async readQuotas(cluster, location) {
      const { subscription } = parseArmId(cluster);
      const path = `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${location}/usages`;
      try {
        const quotas = await readPages(arm, `${path}?api-version=${COMPUTE_API_VERSION}`);
        return { readable: true, quotas };
      } catch (error) {
        // `invalid-input`: a cloud that does not know this provider or version.
        const unreadable = (["unauthorized", "not-found", "invalid-input"] as const).some((code) =>
          isError(error, code),
        );
        if (unreadable) return { readable: false, reason: toError(error).message };
        throw error;
      }
    },
  };
}

async function readPages(arm: ArmClient, first: string): Promise<readonly VcpuQuota[]> {
  const quotas: VcpuQuota[] = [];
  let next: string | undefined = first;
  for (let page = 0; next !== undefined && page < MAX_PAGES; page++) {
    const response: PathUncheckedResponse = await arm.rest.pathUnchecked(next).get();
    const body = asObject(response.body);
    quotas.push(...asList(body["value"]).map(toQuota));
    next = asText(body["nextLink"]);
  }
  return quotas;
}

function toQuota(usage: JsonObject): VcpuQuota {
  return {
    name: asText(asObject(usage["name"])["value"]) ?? "",
    used: Number(usage["currentValue"]),
    limit: Number(usage["limit"]),
  };
}
