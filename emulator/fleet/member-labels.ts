import { parseArmId } from "../../shared/core/arm-id.ts";
import type { Cluster } from "../../shared/simulator/model.ts";

/**
 * What a member can be selected by: its own labels and those that Fleet adds, which nobody can change.
 * Source: learn.microsoft.com/azure/kubernetes-fleet/concepts-member-cluster-labels
 */
export function memberLabels(
  member: { readonly name: string; readonly clusterId: string },
  cluster: Cluster | undefined,
  own: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  if (cluster === undefined) return own;
  const { subscription, resourceGroup, name } = parseArmId(member.clusterId);
  return {
    ...own,
    "fleet.azure.com/location": cluster.region,
    "fleet.azure.com/resource-group": resourceGroup,
    "fleet.azure.com/subscription-id": subscription,
    "fleet.azure.com/cluster-name": name,
    "fleet.azure.com/member-name": member.name,
  };
}
