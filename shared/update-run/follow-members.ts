import { armKey, parseArmId, type ArmId } from "../core/arm-id.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";

/** What the functions want to hear of a cluster: one event subscription for each function. */
export const CLUSTER_SUBSCRIPTIONS = [
  {
    name: "fleetwright",
    functionName: "on-node-pool-rolling",
    eventTypes: [
      "Microsoft.ContainerService.NodePoolRollingStarted",
      "Microsoft.ContainerService.NodePoolRollingSucceeded",
      "Microsoft.ContainerService.NodePoolRollingFailed",
    ],
  },
  {
    name: "fleetwright-on-kubernetes-version",
    functionName: "on-kubernetes-version",
    eventTypes: [
      "Microsoft.ContainerService.NewKubernetesVersionAvailable",
      "Microsoft.ContainerService.ClusterSupportEnding",
      "Microsoft.ContainerService.ClusterSupportEnded",
    ],
  },
] as const;

export type WantedSubscription = (typeof CLUSTER_SUBSCRIPTIONS)[number];

/** An event subscription of a cluster whose destination is this function app. */
export interface ClusterSubscription {
  readonly id: ArmId;
  readonly name: string;
  readonly cluster: ArmId;
}

export interface ClusterSubscriptionPort {
  /** Those of ours among the clusters of a region: one list, however many clusters there are. */
  listOurs(subscription: string, region: string): Promise<readonly ClusterSubscription[]>;
  create(cluster: ArmId, wanted: WantedSubscription): Promise<void>;
  /** One that is gone already is removed. */
  remove(id: ArmId): Promise<void>;
}

export interface SubscriptionPlan {
  readonly create: readonly { readonly cluster: ArmId; readonly wanted: WantedSubscription }[];
  readonly remove: readonly ClusterSubscription[];
}

/** What is missing at members, and what is left at clusters that are none any more. Pure. */
export function planSubscriptions(
  members: readonly Pick<ManagedCluster, "id">[],
  existing: readonly ClusterSubscription[],
): SubscriptionPlan {
  const keyOf = (cluster: ArmId, name: string): string => `${armKey(cluster)} ${name}`;
  const have = new Set(existing.map(({ cluster, name }) => keyOf(cluster, name)));
  const joined = new Set(members.map(({ id }) => armKey(id)));
  return {
    create: members.flatMap(({ id }) =>
      CLUSTER_SUBSCRIPTIONS.filter(({ name }) => !have.has(keyOf(id, name))).map((wanted) => ({
        cluster: id,
        wanted,
      })),
    ),
    remove: existing.filter(({ cluster }) => !joined.has(armKey(cluster))),
  };
}

/** Where clusters live, as subscriptions are listed: `<subscription>/<region>`, each once. */
export function placesOf(clusters: readonly Pick<ManagedCluster, "id" | "location">[]) {
  const places = clusters.map(
    ({ id, location }) => `${parseArmId(id).subscription.toLowerCase()}/${location}`,
  );
  return [...new Set(places)].toSorted();
}
