import { parseArmId } from "../core/arm-id.ts";
import { isError } from "../core/errors.ts";
import type { PreflightPort } from "../update-run/preflight/facts.ts";
import type { ArmClient } from "./arm-client.ts";
import { AKS_API_VERSION } from "./clusters.ts";
import { asList, asObject, asText } from "./json.ts";
import { readNetworkSpace } from "./network.ts";
import { toMaintenanceWindow } from "./maintenance-window.ts";
import { listResources } from "./raw-fleet.ts";

/** What is asked only before a run; whoever may not read a part gets no answer for it. */
export function createPreflightPort(arm: ArmClient): PreflightPort {
  return {
    listAutoUpgradeProfiles: (fleet) =>
      unlessForbidden(async () => {
        const profiles = await listResources(arm, `${fleet}/autoUpgradeProfiles`);
        return profiles.map(({ name, properties }) => ({
          name: asText(name) ?? "",
          channel: asText(asObject(properties)["channel"]) ?? "",
          disabled: asObject(properties)["disabled"] === true,
        }));
      }),
    listKubernetesVersions: (cluster, location) =>
      unlessForbidden(async () => {
        const { subscription } = parseArmId(cluster);
        const path = `/subscriptions/${subscription}/providers/Microsoft.ContainerService/locations/${location}/kubernetesVersions`;
        const { body } = await arm.rest
          .pathUnchecked(`${path}?api-version=${AKS_API_VERSION}`)
          .get();
        return asList(asObject(body)["values"]).flatMap(({ patchVersions }) =>
          Object.keys(asObject(patchVersions)),
        );
      }),
    readNetworkSpace: (network) => readNetworkSpace(arm, network),
    async readMaintenanceWindow(cluster, name) {
      const path = `${cluster}/maintenanceConfigurations/${name}`;
      try {
        const { body } = await arm.rest
          .pathUnchecked(`${path}?api-version=${AKS_API_VERSION}`)
          .get();
        return toMaintenanceWindow(asObject(body));
      } catch (error) {
        if (isError(error, "not-found")) return "none";
        if (isError(error, "unauthorized")) return undefined;
        throw error;
      }
    },
  };
}

async function unlessForbidden<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isError(error, "unauthorized") || isError(error, "not-found")) return undefined;
    throw error;
  }
}
