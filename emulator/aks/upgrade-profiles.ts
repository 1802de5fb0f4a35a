import type { JsonObject } from "../arm/json.ts";
import type { ArmRequest } from "../arm/provider.ts";
import type { WireReply } from "../service.ts";
import { requireCluster, requirePool } from "./context.ts";
import type { AksContext } from "./context.ts";
import { poolUpgradesFrom, upgradesFrom } from "./kubernetes-versions.ts";

export function clusterUpgradeProfile(context: AksContext, request: ArmRequest): WireReply {
  const { id, cluster } = requireCluster(context, request);
  const supported = context.environment.world.kubernetesVersions;
  const upgrades = asUpgrades(upgradesFrom(supported, cluster.kubernetesVersion));
  const agentPoolProfiles = [...cluster.pools.values()].map((pool) => ({
    name: pool.name,
    kubernetesVersion: pool.kubernetesVersion,
    osType: pool.osType,
    upgrades: asUpgrades(
      poolUpgradesFrom(supported, pool.kubernetesVersion, cluster.kubernetesVersion),
    ),
  }));
  return {
    status: 200,
    body: {
      id: `${id}/upgradeProfiles/default`,
      name: "default",
      type: "Microsoft.ContainerService/managedClusters/upgradeProfiles",
      properties: {
        controlPlaneProfile: {
          kubernetesVersion: cluster.kubernetesVersion,
          osType: "Linux",
          upgrades,
        },
        agentPoolProfiles,
      },
    },
  };
}

/** The authoritative word on the newest node image of a pool's family in its region. */
export function poolUpgradeProfile(context: AksContext, request: ArmRequest): WireReply {
  const { poolId, cluster, pool } = requirePool(context, request);
  const { world } = context.environment;
  return {
    status: 200,
    body: {
      id: `${poolId}/upgradeProfiles/default`,
      name: "default",
      type: "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles",
      properties: {
        kubernetesVersion: pool.kubernetesVersion,
        osType: pool.osType,
        upgrades: asUpgrades(
          poolUpgradesFrom(
            world.kubernetesVersions,
            pool.kubernetesVersion,
            cluster.kubernetesVersion,
          ),
        ),
        latestNodeImageVersion:
          world.images.latest(cluster.region, pool.imageFamily) ?? pool.nodeImageVersion,
        recentlyUsedVersions: [],
      },
    },
  };
}

/** `az aks get-versions`: minor versions with their patches. */
export function kubernetesVersions(context: AksContext): WireReply {
  const supported = context.environment.world.kubernetesVersions;
  const minors = [...new Set(supported.map(minorVersion))];
  const values = minors.map((version) => ({
    version,
    isDefault: false,
    isPreview: false,
    capabilities: { supportPlan: ["KubernetesOfficial"] },
    patchVersions: Object.fromEntries(
      supported
        .filter((full) => minorVersion(full) === version)
        .map((full) => [full, { upgrades: upgradesFrom(supported, full) }]),
    ),
  }));
  return { status: 200, body: { values } };
}

function minorVersion(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function asUpgrades(versions: readonly string[]): readonly JsonObject[] {
  return versions.map((kubernetesVersion) => ({ kubernetesVersion }));
}
