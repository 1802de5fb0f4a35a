import { compareVersions } from "../../shared/core/node-image.ts";
import type { NodePool } from "../../shared/simulator/model.ts";
import type { JsonObject } from "../arm/json.ts";
import { armTime } from "../arm/time.ts";
import type { ArmRequest } from "../arm/provider.ts";
import type { WireReply } from "../service.ts";
import { requireCluster, requirePool } from "./context.ts";
import type { AksContext } from "./context.ts";
import { defaultVersion, poolUpgradesFrom, upgradesFrom } from "./kubernetes-versions.ts";

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
        recentlyUsedVersions: recentlyUsedVersions(pool),
      },
    },
  };
}

function recentlyUsedVersions({ recentlyUsed }: NodePool): readonly JsonObject[] {
  if (recentlyUsed === undefined) return [];
  const { kubernetesVersion, nodeImageVersion, lastUsedAt } = recentlyUsed;
  const timestamp = armTime(lastUsedAt);
  return [{ orchestratorVersion: kubernetesVersion, nodeImageVersion, timestamp }];
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

/** Versions that a new pool of the cluster may have. */
export function availablePoolVersions(context: AksContext, request: ArmRequest): WireReply {
  const { id, cluster } = requireCluster(context, request);
  const supported = context.environment.world.kubernetesVersions;
  const versions = supported.filter(
    (version) => compareVersions(version, cluster.kubernetesVersion) <= 0,
  );
  const agentPoolVersions = versions.map((kubernetesVersion) => ({
    kubernetesVersion,
    ...(kubernetesVersion === cluster.kubernetesVersion ? { default: true } : {}),
  }));
  return {
    status: 200,
    body: {
      id: `${id}/availableAgentPoolVersions`,
      name: "default",
      type: "Microsoft.ContainerService/managedClusters/availableAgentPoolVersions",
      properties: { agentPoolVersions },
    },
  };
}

/** The list of before 2023, with one entry per patch: what Azure CLI versions of that time read. */
export function orchestrators(context: AksContext, request: ArmRequest): WireReply {
  const supported = context.environment.world.kubernetesVersions;
  const location = request.segments[0]?.[1] ?? "";
  const versions = supported.map((orchestratorVersion) => ({
    orchestratorType: "Kubernetes",
    orchestratorVersion,
    ...(orchestratorVersion === defaultVersion(supported) ? { default: true } : {}),
    upgrades: upgradesFrom(supported, orchestratorVersion).map((upgrade) => ({
      orchestratorType: "Kubernetes",
      orchestratorVersion: upgrade,
    })),
  }));
  return {
    status: 200,
    body: {
      id: `/subscriptions/${request.subscription}/providers/Microsoft.ContainerService/locations/${location}/orchestrators`,
      name: "default",
      type: "Microsoft.ContainerService/locations/orchestrators",
      properties: { orchestrators: versions },
    },
  };
}

function minorVersion(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function asUpgrades(versions: readonly string[]): readonly JsonObject[] {
  return versions.map((kubernetesVersion) => ({ kubernetesVersion }));
}
