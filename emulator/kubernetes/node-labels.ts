import { parseArmId } from "../../shared/core/arm-id.ts";
import { NODE_IMAGE_LABEL, NODE_POOL_LABEL } from "../../shared/core/kubernetes-labels.ts";
import type { Cluster, ClusterNode, NodePool } from "../../shared/simulator/model.ts";

/** Resource group of a cluster's virtual machines, `MC_<group>_<cluster>_<region>`. */
export function nodeResourceGroup(cluster: Cluster): string {
  return `MC_${parseArmId(cluster.id).resourceGroup}_${cluster.name}_${cluster.region}`;
}

/**
 * The labels that AKS gives every node, then those of its pool. They come back when somebody takes
 * them off, so a change of them is not stored.
 * Source: https://learn.microsoft.com/azure/aks/use-labels#reserved-system-labels
 */
export function systemLabels(cluster: Cluster, node: ClusterNode): Record<string, string> {
  const pool = cluster.pools.get(node.pool);
  return {
    ...pool?.nodeLabels,
    ...kubeletLabels(cluster, node, pool),
    agentpool: node.pool,
    [NODE_POOL_LABEL]: node.pool,
    [NODE_IMAGE_LABEL]: node.nodeImageVersion,
    "kubernetes.azure.com/cluster": nodeResourceGroup(cluster),
    "kubernetes.azure.com/mode": (pool?.mode ?? "User").toLowerCase(),
    "kubernetes.azure.com/nodepool-type": "VirtualMachineScaleSets",
    "kubernetes.azure.com/os-sku": pool?.osSku ?? "Ubuntu",
    "kubernetes.azure.com/role": "agent",
  };
}

function kubeletLabels(
  cluster: Cluster,
  node: ClusterNode,
  pool: NodePool | undefined,
): Record<string, string> {
  const os = (pool?.osType ?? "Linux").toLowerCase();
  const arch = architecture(pool);
  return {
    "beta.kubernetes.io/arch": arch,
    "beta.kubernetes.io/os": os,
    "kubernetes.io/arch": arch,
    "kubernetes.io/hostname": node.name,
    "kubernetes.io/os": os,
    ...(pool && { "node.kubernetes.io/instance-type": pool.vmSize }),
    "topology.kubernetes.io/region": cluster.region,
    // What a node outside availability zones carries: the number of its fault domain.
    "topology.kubernetes.io/zone": "0",
  };
}

export function architecture(pool: NodePool | undefined): "amd64" | "arm64" {
  return pool?.imageFamily.includes("arm64") === true ? "arm64" : "amd64";
}
