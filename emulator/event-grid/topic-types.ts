/** What can be listened to without a custom topic (azure-docs, event-grid/system-topics.md). */
export interface TopicType {
  readonly name: string;
  /** What a source id looks like. */
  readonly source: RegExp;
  readonly eventTypes: readonly string[];
}

const CLUSTER =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerService\/managedClusters\/[^/]+$/i;
const SUBSCRIPTION = /^\/subscriptions\/[^/]+$/i;

export const CLUSTER_TOPIC_TYPE = "Microsoft.ContainerService.ManagedClusters";
export const AKS_RESOURCES_TOPIC_TYPE = "Microsoft.ResourceNotifications.AKSResources";
/** What a subscription-wide event subscription hears: writes and deletes of any resource. */
export const SUBSCRIPTION_TOPIC_TYPE = "Microsoft.Resources.Subscriptions";

const TOPIC_TYPES: readonly TopicType[] = [
  {
    name: CLUSTER_TOPIC_TYPE,
    source: CLUSTER,
    eventTypes: [
      "NewKubernetesVersionAvailable",
      "ClusterSupportEnding",
      "ClusterSupportEnded",
      "NodePoolRollingStarted",
      "NodePoolRollingSucceeded",
      "NodePoolRollingFailed",
    ].map((name) => `Microsoft.ContainerService.${name}`),
  },
  {
    name: AKS_RESOURCES_TOPIC_TYPE,
    source: SUBSCRIPTION,
    eventTypes: ["FleetGateCreated", "FleetGateUpdated", "FleetGateDeleted"].map(
      (name) => `Microsoft.ResourceNotifications.AKSResources.${name}`,
    ),
  },
  {
    name: "Microsoft.ResourceNotifications.ContainerServiceEventResources",
    source: SUBSCRIPTION,
    eventTypes: [
      "Microsoft.ResourceNotifications.ContainerServiceEventResources.ScheduledEventEmitted",
    ],
  },
  {
    name: SUBSCRIPTION_TOPIC_TYPE,
    source: SUBSCRIPTION,
    eventTypes: ["Write", "Delete", "Action"].flatMap((verb) =>
      ["Success", "Failure", "Cancel"].map((end) => `Microsoft.Resources.Resource${verb}${end}`),
    ),
  },
];

export function findTopicType(name: string): TopicType | undefined {
  return TOPIC_TYPES.find((type) => type.name.toLowerCase() === name.toLowerCase());
}

export function topicTypeOfEvent(eventType: string): TopicType | undefined {
  return TOPIC_TYPES.find((type) => emits(type, eventType));
}

export function emits(type: TopicType, eventType: string): boolean {
  return type.eventTypes.some((name) => name.toLowerCase() === eventType.toLowerCase());
}

export function isClusterId(id: string): boolean {
  return CLUSTER.test(id);
}
