import { armKey } from "../../shared/core/arm-id.ts";
import type { Cluster, NodePool } from "../../shared/simulator/model.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { AksContext } from "./context.ts";
import { storedPool } from "./pools.ts";

/** Pods of a subnet of their own get addresses in batches of this many. */
const BATCH = 16;

/** Addresses that the nodes and pods of all clusters hold, by key of their subnet. */
export function addressesHeld(context: AksContext): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  for (const [key, cluster] of context.environment.world.clusters) {
    const network = networkProfile(context, key);
    for (const pool of cluster.pools.values()) {
      const stored = storedPool(context, `${key}/agentPools/${pool.name}`);
      const nodes = nodesOf(cluster, pool);
      for (const [subnet, each] of perNode(network, pool, stored)) {
        held.set(subnet, (held.get(subnet) ?? 0) + nodes * each);
      }
    }
  }
  return held;
}

function networkProfile(context: AksContext, cluster: string): JsonObject {
  return objectAt(
    objectAt(context.clusters.get(cluster)?.body ?? {}, "properties"),
    "networkProfile",
  );
}

function nodesOf(cluster: Cluster, pool: NodePool): number {
  return [...cluster.nodes.values()].filter((node) => node.pool === pool.name).length;
}

/**
 * Sources: learn.microsoft.com/azure/aks/concepts-network-legacy-cni (a node and as many pods as it may take),
 * concepts-network-azure-cni-overlay (the node alone), concepts-network-azure-cni-pod-subnet (pods in batches).
 */
function perNode(network: JsonObject, pool: NodePool, stored: JsonObject): [string, number][] {
  const nodeSubnet = textAt(stored, "vnetSubnetID");
  const podSubnet = textAt(stored, "podSubnetID");
  if (nodeSubnet === undefined) return [];
  if (podSubnet !== undefined) {
    return [
      [armKey(nodeSubnet), 1],
      [armKey(podSubnet), podBatches(pool, stored) * BATCH],
    ];
  }
  const plugin = textAt(network, "networkPlugin") ?? "azure";
  const isFlat = plugin === "azure" && textAt(network, "networkPluginMode") !== "overlay";
  return [[armKey(nodeSubnet), isFlat ? 1 + pool.maxPods : 1]];
}

function podBatches(pool: NodePool, stored: JsonObject): number {
  const isStatic = textAt(stored, "podIPAllocationMode") === "StaticBlock";
  return isStatic ? Math.ceil(pool.maxPods / BATCH) : 1;
}
