import type { ArmRequest } from "../arm/provider.ts";
import { methodNotAllowed, notFound } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";

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

/** `az eventgrid topic-type list`, `show` and `list-event-types`. */
export function topicTypesReply(request: ArmRequest): WireReply {
  const [[, name] = ["", undefined], child] = request.segments;
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  if (name === undefined) return { status: 200, body: { value: TOPIC_TYPES.map(render) } };
  const type = findTopicType(name);
  if (!type || (child !== undefined && child[0] !== "eventtypes"))
    throw notFound(request.wire.path);
  if (child === undefined) return { status: 200, body: render(type) };
  return { status: 200, body: { value: type.eventTypes.map((one) => renderEventType(type, one)) } };
}

/** `{scope}/providers/Microsoft.EventGrid/eventTypes`: what a resource may emit. */
export function eventTypesOfScope(request: ArmRequest): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const scope = request.scope ?? request.wire.path.replace(/\/providers\/.*$/i, "");
  const types = TOPIC_TYPES.filter(({ source }) => source.test(scope));
  const value = types.flatMap((type) => type.eventTypes.map((one) => renderEventType(type, one)));
  return { status: 200, body: { value } };
}

function renderEventType(type: TopicType, eventType: string): object {
  return {
    id: `${idOf(type)}/eventTypes/${eventType}`,
    name: eventType,
    type: "Microsoft.EventGrid/topicTypes/eventTypes",
    properties: { displayName: eventType, description: eventType, isInDefaultSet: true },
  };
}

function idOf({ name }: TopicType): string {
  return `providers/Microsoft.EventGrid/topicTypes/${name}`;
}

function render(type: TopicType): object {
  return {
    id: idOf(type),
    name: type.name,
    type: "Microsoft.EventGrid/topicTypes",
    properties: {
      provider: type.name.split(".").slice(0, -1).join("."),
      displayName: type.name,
      description: type.name,
      resourceRegionType: type.source === CLUSTER ? "RegionalResource" : "GlobalResource",
      provisioningState: "Succeeded",
    },
  };
}

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
