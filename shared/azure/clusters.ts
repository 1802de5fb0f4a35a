import { getUpgradeProfile } from "@azure/arm-containerservice/api/agentPools";
import { list as listManagedClusters } from "@azure/arm-containerservice/api/managedClusters";
import type {
  ManagedCluster as WireCluster,
  ManagedClusterAgentPoolProfile,
} from "@azure/arm-containerservice/models";
import { parseArmId } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError } from "../core/errors.ts";
import type { ClusterInventory, ManagedCluster, NodePool } from "../snapshot/ports.ts";
import type { ArmClient } from "./arm-client.ts";

/** The version that arm-containerservice 25.3.0 models. */
export const AKS_API_VERSION = "2026-04-01";

/** Clusters and their node pools from one paged list; pools come inside their cluster. */
export function createClusterInventory(arm: ArmClient): ClusterInventory {
  return {
    async listClusters(subscription) {
      const clusters: ManagedCluster[] = [];
      for await (const cluster of listManagedClusters(arm.context(subscription, AKS_API_VERSION))) {
        clusters.push(toCluster(cluster));
      }
      return clusters;
    },
    async latestNodeImage(nodePool) {
      const { subscription, resourceGroup, names } = parseArmId(nodePool);
      const [cluster = "", pool = ""] = names;
      const context = arm.context(subscription, AKS_API_VERSION);
      const profile = await getUpgradeProfile(context, resourceGroup, cluster, pool);
      return profile.latestNodeImageVersion ?? noImage(nodePool);
    },
  };
}

function noImage(nodePool: ArmId): never {
  throw new FleetwrightError(
    "service-error",
    `the upgrade profile of ${nodePool} names no node image`,
    { subject: nodePool },
  );
}

export function toCluster(cluster: WireCluster): ManagedCluster {
  const id = cluster.id ?? "";
  return {
    id,
    name: cluster.name ?? "",
    location: cluster.location,
    kubernetesVersion: cluster.currentKubernetesVersion ?? cluster.kubernetesVersion ?? "",
    provisioningState: cluster.provisioningState ?? "",
    powerState: cluster.powerState?.code === "Stopped" ? "Stopped" : "Running",
    ...autoUpgradeOf(cluster),
    ...networkOf(cluster),
    nodePools: (cluster.agentPoolProfiles ?? []).map((pool) => toNodePool(id, pool)),
  };
}

/** AKS answers with the channels that it chose; a missing one is off (cluster) or not known (node OS). */
function autoUpgradeOf({ autoUpgradeProfile }: WireCluster): Pick<ManagedCluster, "autoUpgrade"> {
  const nodeOsChannel = autoUpgradeProfile?.nodeOSUpgradeChannel;
  if (nodeOsChannel === undefined) return {};
  return { autoUpgrade: { channel: autoUpgradeProfile?.upgradeChannel ?? "none", nodeOsChannel } };
}

function networkOf({ networkProfile }: WireCluster): Pick<ManagedCluster, "network"> {
  if (networkProfile?.networkPlugin === undefined) return {};
  const { networkPlugin: plugin, networkPluginMode: mode } = networkProfile;
  return { network: { plugin, mode } };
}

function poolNetworkOf(
  pool: Omit<ManagedClusterAgentPoolProfile, "type">,
): Pick<NodePool, "network"> {
  const { maxPods, vnetSubnetID: subnetId, podSubnetID: podSubnetId } = pool;
  if (subnetId === undefined || maxPods === undefined) return {};
  const staticBlocks = pool.podIPAllocationMode === "StaticBlock";
  return { network: { maxPods, subnetId, podSubnetId, staticBlocks } };
}

export function toNodePool(
  cluster: ArmId,
  pool: Omit<ManagedClusterAgentPoolProfile, "type">,
): NodePool {
  return {
    id: `${cluster}/agentPools/${pool.name}`,
    name: pool.name,
    mode: pool.mode ?? "User",
    count: pool.count ?? 0,
    vmSize: pool.vmSize ?? "",
    osType: pool.osType ?? "Linux",
    osSku: pool.osSKU ?? "Ubuntu",
    kubernetesVersion: pool.currentOrchestratorVersion ?? pool.orchestratorVersion ?? "",
    nodeImageVersion: pool.nodeImageVersion ?? "",
    provisioningState: pool.provisioningState ?? "",
    undrainableNodeBehavior:
      pool.upgradeSettings?.undrainableNodeBehavior === "Cordon" ? "Cordon" : "Schedule",
    maxSurge: pool.upgradeSettings?.maxSurge,
    drainTimeoutMinutes: pool.upgradeSettings?.drainTimeoutInMinutes,
    snapshotId: pool.creationData?.sourceResourceId,
    ...poolNetworkOf(pool),
  };
}
