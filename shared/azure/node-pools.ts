import { get as getAgentPool } from "@azure/arm-containerservice/api/agentPools";
import { get as getManagedCluster } from "@azure/arm-containerservice/api/managedClusters";
import type { AgentPool } from "@azure/arm-containerservice/models";
import { parseArmId } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { isError } from "../core/errors.ts";
import type { NodePoolDetails, NodePoolPort } from "../node-pool/ports.ts";
import type { ArmClient } from "./arm-client.ts";
import { AKS_API_VERSION, toCluster, toNodePool } from "./clusters.ts";
import { asObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { beginOperation } from "./long-running.ts";
import { copiedProperties, keptProperties, withSettings } from "./node-pool-wire.ts";

const TYPE = "Microsoft.ContainerService/managedClusters/agentPools";

/** Node pools over ARM. Bodies are written by hand, so that a PUT returns all that a GET gave. */
export function createNodePoolPort(arm: ArmClient): NodePoolPort {
  const write = `${TYPE}/write`;
  const at = (pool: ArmId, action = "") =>
    arm.rest.pathUnchecked(`${pool}${action}?api-version=${AKS_API_VERSION}`);
  const propertiesOf = async (pool: ArmId): Promise<JsonObject> =>
    asObject(asObject((await at(pool).get()).body)["properties"]);
  return {
    getCluster: (cluster) => absentIfMissing(() => readCluster(arm, cluster)),
    getPool: (pool) => absentIfMissing(() => readPool(arm, pool)),
    async addPool(pool, { like, properties = {}, ...settings }) {
      const copied = like === undefined ? {} : copiedProperties(await propertiesOf(like));
      const body = { properties: withSettings({ ...copied, ...properties }, settings) };
      return beginOperation(arm, { id: pool, action: write }, () =>
        at(pool).put({ body, headers: { "If-None-Match": "*" } }),
      );
    },
    async updatePool(pool, settings, etag) {
      const body = { properties: withSettings(keptProperties(await propertiesOf(pool)), settings) };
      return beginOperation(arm, { id: pool, action: write }, () =>
        at(pool).put({ body, headers: { "If-Match": etag } }),
      );
    },
    upgradeNodeImage(pool, snapshotId) {
      const action = `${TYPE}/upgradeNodeImageVersion/action`;
      // Source: az aks nodepool upgrade --node-image-only --snapshot-id, which sends this header.
      const headers = snapshotId === undefined ? {} : { AKSSnapshotId: snapshotId };
      return beginOperation(arm, { id: pool, action }, () =>
        at(pool, "/upgradeNodeImageVersion").post({ headers }),
      );
    },
    deletePool: (pool, etag) =>
      beginOperation(arm, { id: pool, action: `${TYPE}/delete` }, () =>
        at(pool).delete({ headers: { "If-Match": etag } }),
      ),
    deleteMachines: (pool, machines) =>
      beginOperation(arm, { id: pool, action: `${TYPE}/deleteMachines/action` }, () =>
        at(pool, "/deleteMachines").post({ body: { machineNames: [...machines] } }),
      ),
  };
}

async function readCluster(arm: ArmClient, id: ArmId) {
  const { subscription, resourceGroup, name } = parseArmId(id);
  const context = arm.context(subscription, AKS_API_VERSION);
  return toCluster(await getManagedCluster(context, resourceGroup, name));
}

async function readPool(arm: ArmClient, id: ArmId): Promise<NodePoolDetails> {
  const { subscription, resourceGroup, names } = parseArmId(id);
  const [cluster = "", pool = ""] = names;
  const context = arm.context(subscription, AKS_API_VERSION);
  return toDetails(id, await getAgentPool(context, resourceGroup, cluster, pool));
}

function toDetails(id: ArmId, pool: AgentPool): NodePoolDetails {
  const { upgradeSettings } = pool;
  const cluster = id.split("/").slice(0, -2).join("/");
  return {
    ...toNodePool(cluster, { ...pool, name: pool.name ?? "" }),
    etag: pool.eTag ?? "",
    labels: pool.nodeLabels ?? {},
    taints: pool.nodeTaints ?? [],
    zones: pool.availabilityZones ?? [],
    tags: pool.tags ?? {},
    autoscaler:
      pool.enableAutoScaling === true
        ? { minCount: pool.minCount ?? 0, maxCount: pool.maxCount ?? 0 }
        : undefined,
    maxUnavailable: upgradeSettings?.maxUnavailable,
    drainTimeoutMinutes: upgradeSettings?.drainTimeoutInMinutes,
    nodeSoakMinutes: upgradeSettings?.nodeSoakDurationInMinutes,
  };
}

async function absentIfMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isError(error, "not-found")) return undefined;
    throw error;
  }
}
