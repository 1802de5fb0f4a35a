import { nearest } from "../shared/core/nearest.ts";
import { normalRegion } from "../shared/simulator/images.ts";
import type { World } from "../shared/simulator/model.ts";

/** What `GET /subscriptions/ID/locations` lists. */
export const LOCATIONS = [
  "westeurope",
  "northeurope",
  "germanywestcentral",
  "francecentral",
  "uksouth",
  "swedencentral",
  "eastus",
  "eastus2",
  "westus2",
  "westus3",
  "centralus",
  "southeastasia",
  "australiaeast",
];

/** Why a region is none, with the one that was probably meant; a scenario's clusters may stand in others than are listed. */
export function unknownRegion({ clusters }: World, region: string): string | undefined {
  const own = [...clusters.values()].map((cluster) => normalRegion(cluster.region));
  const known = [...new Set([...own, ...LOCATIONS])];
  if (known.includes(normalRegion(region))) return undefined;
  const meant = nearest(region, known);
  const remedy = meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${meant}?`;
  return `region: there is no region ${region}; ${remedy}`;
}
