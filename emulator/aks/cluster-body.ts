import { objectAt, textAt, withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { guidFrom } from "../guid.ts";
import { storedPool } from "./pools.ts";
import { poolEtag, poolProperties } from "./pool-body.ts";
import type { AksContext, ClusterTarget } from "./context.ts";

/**
 * A cluster with every field that clients read unasked: the Azure CLI breaks when servicePrincipalProfile
 * or maxAgentPools is missing.
 */
export function renderCluster(
  context: AksContext,
  { apiVersion }: ArmRequest,
  { id, cluster }: ClusterTarget,
): JsonObject {
  const stored = context.clusters.get(id)?.body ?? {};
  const parts = id.split("/");
  return {
    ...withoutUndefined(stored),
    id,
    name: parts.at(-1),
    type: "Microsoft.ContainerService/ManagedClusters",
    location: cluster.region,
    eTag: clusterEtag(context, { id, cluster }),
    sku: { name: "Base", tier: "Free", ...objectAt(stored, "sku") },
    identity: identity(context, id, objectAt(stored, "identity")),
    properties: {
      ...clusterProperties({ id, cluster }, objectAt(stored, "properties")),
      agentPoolProfiles: [...cluster.pools.values()].map((pool) => {
        const own = storedPool(context, `${id}/agentPools/${pool.name}`);
        return { name: pool.name, ...poolProperties(cluster, pool, { stored: own, apiVersion }) };
      }),
    },
  };
}

function clusterProperties({ id, cluster }: ClusterTarget, stored: JsonObject): JsonObject {
  const resourceGroup = id.split("/")[4] ?? "";
  const dnsPrefix = textAt(stored, "dnsPrefix") ?? `${cluster.name}-dns`;
  const nodeResourceGroup =
    textAt(stored, "nodeResourceGroup") ?? `MC_${resourceGroup}_${cluster.name}_${cluster.region}`;
  const host = `${dnsPrefix}-${guidFrom(id).slice(0, 8)}`;
  return {
    maxAgentPools: 100,
    servicePrincipalProfile: { clientId: "msi" },
    enableRBAC: true,
    supportPlan: "KubernetesOfficial",
    disableLocalAccounts: false,
    ...withoutUndefined(stored),
    ...(stored["servicePrincipalProfile"] ? {} : { servicePrincipalProfile: { clientId: "msi" } }),
    networkProfile: {
      networkPlugin: "azure",
      loadBalancerSku: "standard",
      outboundType: "loadBalancer",
      ...objectAt(stored, "networkProfile"),
    },
    provisioningState: cluster.provisioningState,
    powerState: { code: cluster.powerState },
    kubernetesVersion: cluster.kubernetesVersion,
    currentKubernetesVersion: cluster.kubernetesVersion,
    dnsPrefix,
    fqdn: `${host}.hcp.${cluster.region}.azmk8s.io`,
    azurePortalFQDN: `${host}.portal.hcp.${cluster.region}.azmk8s.io`,
    nodeResourceGroup,
    identityProfile: {
      kubeletidentity: kubeletIdentity(id, nodeResourceGroup),
      ...objectAt(stored, "identityProfile"),
    },
    resourceUID: guidFrom(id).replaceAll("-", "").slice(0, 24),
  };
}

/** The identity by which nodes pull images: `az aks update` reads it before anything else. */
function kubeletIdentity(id: string, nodeResourceGroup: string): JsonObject {
  const [, , subscription = ""] = id.split("/");
  const name = `${id.split("/").at(-1) ?? ""}-agentpool`;
  return {
    resourceId: `/subscriptions/${subscription}/resourcegroups/${nodeResourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    clientId: guidFrom(`client of the kubelets of ${id}`),
    objectId: guidFrom(`identity of the kubelets of ${id}`),
  };
}

export function clusterEtag(context: AksContext, { id, cluster }: ClusterTarget): string {
  const pools = [...cluster.pools.values()].map((pool) =>
    poolEtag(cluster, pool, storedPool(context, `${id}/agentPools/${pool.name}`)),
  );
  const { kubernetesVersion, provisioningState, powerState } = cluster;
  const revision = context.clusters.get(id)?.revision ?? 0;
  return guidFrom(
    JSON.stringify([id, revision, kubernetesVersion, provisioningState, powerState, pools]),
  );
}

function identity(context: AksContext, id: string, stored: JsonObject): JsonObject {
  const type = textAt(stored, "type") ?? "SystemAssigned";
  if (type.toLowerCase() === "none") return { type };
  return {
    ...stored,
    type,
    principalId: guidFrom(`identity of ${id}`),
    tenantId: context.environment.tenant,
  };
}
