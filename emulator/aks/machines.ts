import type { ClusterNode } from "../../shared/simulator/model.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { notFound } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { requirePool } from "./context.ts";
import type { AksContext, PoolTarget } from "./context.ts";

/** The machines behind the nodes of a pool: what `deleteMachines` names. */
export function machines(context: AksContext, request: ArmRequest): WireReply {
  const target = requirePool(context, request);
  const nodes = [...target.cluster.nodes.values()].filter(({ pool }) => pool === target.pool.name);
  const name = request.segments[2]?.[1];
  if (name === undefined) {
    const all = nodes.map((node) => render(context, target, node));
    return page(request, all, { origin: context.environment.origin() });
  }
  const node = nodes.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (!node) throw notFound(`${target.poolId}/machines/${name}`);
  return { status: 200, body: render(context, target, node) };
}

function render(
  context: AksContext,
  { poolId, cluster }: PoolTarget,
  node: ClusterNode,
): JsonObject {
  const [, , subscription = "", , resourceGroup = ""] = poolId.split("/");
  const stored = context.clusters.get(cluster.id)?.body ?? {};
  const nodeGroup =
    textAt(objectAt(stored, "properties"), "nodeResourceGroup") ??
    `MC_${resourceGroup}_${cluster.name}_${cluster.region}`;
  const scaleSet = node.name.slice(0, node.name.lastIndexOf("vmss") + "vmss".length);
  return {
    id: `${poolId}/machines/${node.name}`,
    name: node.name,
    type: "Microsoft.ContainerService/managedClusters/agentPools/machines",
    properties: {
      resourceId: `/subscriptions/${subscription}/resourceGroups/${nodeGroup}/providers/Microsoft.Compute/virtualMachineScaleSets/${scaleSet}/virtualMachines/${node.instance}`,
      provisioningState: node.phase === "Deleting" ? "Deleting" : "Succeeded",
      nodeImageVersion: node.nodeImageVersion,
    },
  };
}
