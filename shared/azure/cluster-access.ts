import { listClusterUserCredentials } from "@azure/arm-containerservice/api/managedClusters";
import { parseArmId } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError } from "../core/errors.ts";
import type { ArmClient } from "./arm-client.ts";
import { AKS_API_VERSION } from "./clusters.ts";
import { parseKubeconfig } from "./kubeconfig.ts";
import type { ClusterAccess } from "./kubeconfig.ts";

/** Asks ARM for the cluster's kubeconfig of an ordinary user; never for the administrator's. */
export async function readClusterAccess(arm: ArmClient, cluster: ArmId): Promise<ClusterAccess> {
  const { subscription, resourceGroup, name } = parseArmId(cluster);
  const context = arm.context(subscription, AKS_API_VERSION);
  const credentials = await listClusterUserCredentials(context, resourceGroup, name, {
    format: "exec",
  });
  const kubeconfig = credentials.kubeconfigs?.[0]?.value;
  if (kubeconfig === undefined) {
    throw new FleetwrightError("service-error", `${cluster} gave no kubeconfig`, {
      subject: cluster,
    });
  }
  return parseKubeconfig(Buffer.from(kubeconfig).toString("utf8"));
}
