import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { armIdOf } from "./inputs.ts";

export interface ClusterInputs {
  readonly clusterId: string | undefined;
  readonly resourceGroup: string | undefined;
  readonly clusterName: string | undefined;
  readonly subscriptionId: string | undefined;
}

const TYPE = "Microsoft.ContainerService/managedClusters";

/** The cluster that a step means, by its id or by its names. */
export function clusterTarget(inputs: ClusterInputs): ArmId {
  const { clusterId, resourceGroup, clusterName, subscriptionId } = inputs;
  if (clusterId !== undefined) return checkedId(clusterId, inputs);
  if (resourceGroup === undefined || clusterName === undefined || subscriptionId === undefined) {
    throw new FleetwrightError("invalid-input", "the inputs name no cluster", {
      remedy: "set cluster-id, or subscription-id, resource-group and cluster-name",
    });
  }
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${TYPE}/${clusterName}`;
}

function checkedId(clusterId: string, inputs: ClusterInputs): ArmId {
  const { type, subscription, resourceGroup, name } = armIdOf("cluster-id", clusterId);
  if (type.toLowerCase() !== TYPE.toLowerCase()) {
    throw new FleetwrightError("invalid-input", `cluster-id names a ${type}`, {
      subject: clusterId,
      remedy: `write the id of a ${TYPE}`,
    });
  }
  const other = [
    ["subscription-id", inputs.subscriptionId, subscription],
    ["resource-group", inputs.resourceGroup, resourceGroup],
    ["cluster-name", inputs.clusterName, name],
  ].find(([, wanted, found]) => wanted !== undefined && !sameName(wanted, found));
  if (other === undefined) return clusterId;
  throw new FleetwrightError("invalid-input", `cluster-id and ${other[0]} contradict each other`, {
    subject: clusterId,
    remedy: "correct one of them",
  });
}

function sameName(a: string, b: string | undefined): boolean {
  return a.toLowerCase() === b?.toLowerCase();
}
