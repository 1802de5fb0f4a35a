import type { ArmId } from "../core/arm-id.ts";
import type { ArmClient } from "./arm-client.ts";
import { asObject, asText } from "./json.ts";
import { listResources } from "./raw-fleet.ts";

export interface AutoUpgradeProfile {
  readonly name: string;
  /** `Stable`, `Rapid`, `NodeImage` or `TargetKubernetesVersion`. */
  readonly channel: string;
  readonly disabled: boolean;
}

/** What makes a fleet start update runs by itself. */
export async function listAutoUpgradeProfiles(
  arm: ArmClient,
  fleet: ArmId,
): Promise<readonly AutoUpgradeProfile[]> {
  return (await listResources(arm, `${fleet}/autoUpgradeProfiles`)).map((profile) => {
    const properties = asObject(profile["properties"]);
    return {
      name: asText(profile["name"]) ?? "",
      channel: asText(properties["channel"]) ?? "",
      disabled: properties["disabled"] === true,
    };
  });
}
