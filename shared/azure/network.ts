import { armKey } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { isError, toError } from "../core/errors.ts";
import type { NetworkSpace, SubnetSpace } from "../update-run/preflight/addresses.ts";
import type { ArmClient } from "./arm-client.ts";
import { asNumber, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { readPages } from "./paged-list.ts";

const NETWORK_API_VERSION = "2024-05-01";

/**
 * How many addresses the subnets of a virtual network have and hold, as Azure counts them: one request for all of them.
 * Source: https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/list-usage
 */
export async function readNetworkSpace(arm: ArmClient, network: ArmId): Promise<NetworkSpace> {
  try {
    const usages = await readPages(arm, `${network}/usages`, NETWORK_API_VERSION);
    return { readable: true, subnets: new Map(usages.flatMap(toSpace)) };
  } catch (error) {
    // `invalid-input`: a cloud that does not know this provider or version.
    const unreadable = (["unauthorized", "not-found", "invalid-input"] as const).some((code) =>
      isError(error, code),
    );
    if (unreadable) return { readable: false, reason: toError(error).message };
    throw error;
  }
}

/** Azure says -1 where it does not count, as of a gateway's subnet. */
function toSpace({ id, currentValue, limit }: JsonObject): readonly [string, SubnetSpace][] {
  const [subnet, used, size] = [asText(id), asNumber(currentValue), asNumber(limit)];
  if (subnet === undefined || used === undefined || size === undefined) return [];
  return used < 0 || size < 0 ? [] : [[armKey(subnet), { used, limit: size }]];
}
