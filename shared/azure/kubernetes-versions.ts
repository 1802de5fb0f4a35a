import { listKubernetesVersions } from "@azure/arm-containerservice/api/managedClusters";
import type { KubernetesVersions } from "../promotion/ports.ts";
import type { ArmClient } from "./arm-client.ts";
import { AKS_API_VERSION } from "./clusters.ts";

/** What AKS offers in a region: full versions, previews left out. */
export function createKubernetesVersions(arm: ArmClient): KubernetesVersions {
  return {
    async supportedVersions(subscription, region) {
      const list = await listKubernetesVersions(arm.context(subscription, AKS_API_VERSION), region);
      return (list.values ?? [])
        .filter(({ isPreview }) => isPreview !== true)
        .flatMap(({ patchVersions }) => Object.keys(patchVersions ?? {}));
    },
  };
}
