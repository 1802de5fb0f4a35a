import { armKey } from "../../core/arm-id.ts";
import type { ArmId } from "../../core/arm-id.ts";
import type { ManagedCluster, NodePool } from "../../snapshot/ports.ts";
import { surgeNodes } from "./surge.ts";

/** Addresses of one subnet, without those that Azure keeps for itself. */
export interface SubnetSpace {
  readonly used: number;
  readonly limit: number;
}

/** What cannot be read is told, never taken for empty or for full. Subnets by `armKey`. */
export type NetworkSpace =
  | { readonly readable: true; readonly subnets: ReadonlyMap<string, SubnetSpace> }
  | { readonly readable: false; readonly reason: string };

/** Networks by `armKey`. */
export type NetworkSpaces = ReadonlyMap<string, NetworkSpace>;

/** Pods of a subnet of their own get addresses in batches, and blocks, of this many. */
const BATCH = 16;

/** `/…/virtualNetworks/harbour/subnets/nodes` is of `/…/virtualNetworks/harbour`. */
export function networkOf(subnet: ArmId): ArmId {
  return subnet.split("/").slice(0, -2).join("/");
}

/** The subnets that a cluster's nodes and pods are in; none for one in the network that AKS made for it. */
export function subnetsOf({ nodePools }: ManagedCluster): readonly ArmId[] {
  return nodePools.flatMap(({ network }) =>
    [network?.subnetId, network?.podSubnetId].filter((id) => id !== undefined),
  );
}

/**
 * What surge nodes of a cluster find no address for. AKS upgrades node pools at the same time, so those in one
 * subnet count together. A network of AKS's own has room for 65,000 addresses and is not asked. Pure.
 */
export function shortOfAddresses(
  cluster: ManagedCluster,
  spaces: NetworkSpaces,
): readonly string[] {
  return [...neededBy(cluster)].flatMap(([key, need]) => {
    const space = spaceOf(spaces, key);
    if (space === undefined) return [];
    const free = Math.max(0, space.limit - space.used);
    if (free >= need.addresses) return [];
    return [
      `subnet ${need.name} has ${free} of ${space.limit} addresses free, the surge nodes of ${need.pools.join(", ")} take ${need.addresses}`,
    ];
  });
}

/** Subnets whose room is not known although a surge takes of it, by name. Pure. */
export function subnetsUnknown(cluster: ManagedCluster, spaces: NetworkSpaces): readonly string[] {
  return [...neededBy(cluster)]
    .filter(([key]) => spaceOf(spaces, key) === undefined)
    .map(([, { name }]) => name);
}

function spaceOf(spaces: NetworkSpaces, key: string): SubnetSpace | undefined {
  const network = spaces.get(armKey(networkOf(key)));
  return network?.readable ? network.subnets.get(key) : undefined;
}

interface Need {
  readonly name: string;
  readonly pools: readonly string[];
  readonly addresses: number;
}

function neededBy(cluster: ManagedCluster): ReadonlyMap<string, Need> {
  const needs = new Map<string, Need>();
  for (const pool of cluster.nodePools) {
    const nodes = surgeNodes(pool);
    for (const [subnet, each] of nodes === 0 ? [] : addressesPerNode(cluster, pool)) {
      const key = armKey(subnet);
      const before = needs.get(key) ?? { name: nameOf(subnet), pools: [], addresses: 0 };
      needs.set(key, {
        ...before,
        pools: [...before.pools, `${pool.name} (${nodes} × ${each})`],
        addresses: before.addresses + nodes * each,
      });
    }
  }
  return needs;
}

function nameOf(subnet: ArmId): string {
  const parts = subnet.split("/");
  return `${parts.at(-3)}/${parts.at(-1)}`;
}

/**
 * With pods in the nodes' subnet (Azure CNI) a node takes one address and one for each pod that it may get; with an
 * overlay, kubenet or another plugin one; with a subnet for pods one there, and a batch for its pods.
 * Sources: learn.microsoft.com/azure/aks/concepts-network-legacy-cni, concepts-network-azure-cni-overlay,
 * concepts-network-azure-cni-pod-subnet
 */
function addressesPerNode(
  { network: { plugin, mode } = { plugin: "azure", mode: undefined } }: ManagedCluster,
  { network }: NodePool,
): readonly (readonly [ArmId, number])[] {
  if (network?.subnetId === undefined) return [];
  const { subnetId, podSubnetId, maxPods } = network;
  if (podSubnetId !== undefined) {
    const batches = network.staticBlocks ? Math.ceil(maxPods / BATCH) : 1;
    return [
      [subnetId, 1],
      [podSubnetId, batches * BATCH],
    ];
  }
  return [[subnetId, plugin === "azure" && mode !== "overlay" ? 1 + maxPods : 1]];
}
