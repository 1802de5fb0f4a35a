import type { ArmId } from "../core/arm-id.ts";
import type { ArmClient } from "./arm-client.ts";
import { asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { readPages } from "./paged-list.ts";

export const EVENT_GRID_API_VERSION = "2025-02-15";

export interface EventTopic {
  readonly id: ArmId;
  readonly name: string;
  /** Of a system topic: what emits its events. */
  readonly topicType: string | undefined;
}

export interface EventListener {
  readonly id: ArmId;
  /** ARM id of the topic, or of the resource that emits the events. */
  readonly source: ArmId;
  /** Empty: every type. */
  readonly eventTypes: readonly string[];
  /** ARM id of what takes the events, or the address of a webhook without its query. */
  readonly destination: string | undefined;
}

/** Custom topics, or system topics, of a subscription. */
export async function listTopics(
  arm: ArmClient,
  subscription: string,
  type: "topics" | "systemTopics",
): Promise<readonly EventTopic[]> {
  const path = `/subscriptions/${subscription}/providers/Microsoft.EventGrid/${type}`;
  const found = await readPages(arm, path, EVENT_GRID_API_VERSION);
  return found.map((topic) => ({
    id: asText(topic["id"]) ?? "",
    name: asText(topic["name"]) ?? "",
    topicType: asText(asObject(topic["properties"])["topicType"]),
  }));
}

/** Who listens to a topic. */
export async function listListeners(
  arm: ArmClient,
  topic: ArmId,
): Promise<readonly EventListener[]> {
  const path = /\/systemTopics\//i.test(topic)
    ? `${topic}/eventSubscriptions`
    : `${topic}/providers/Microsoft.EventGrid/eventSubscriptions`;
  return (await readPages(arm, path, EVENT_GRID_API_VERSION)).map(toListener);
}

/** Who listens to the clusters of a region: one list, however many clusters there are. */
export async function listClusterListeners(
  arm: ArmClient,
  subscription: string,
  region: string,
): Promise<readonly EventListener[]> {
  const path = `/subscriptions/${subscription}/providers/Microsoft.EventGrid/locations/${region}/topicTypes/Microsoft.ContainerService.ManagedClusters/eventSubscriptions`;
  return (await readPages(arm, path, EVENT_GRID_API_VERSION)).map(toListener);
}

function toListener(subscription: JsonObject): EventListener {
  const properties = asObject(subscription["properties"]);
  const types = asObject(properties["filter"])["includedEventTypes"];
  const destination = asObject(asObject(properties["destination"])["properties"]);
  return {
    id: asText(subscription["id"]) ?? "",
    source: asText(properties["topic"]) ?? "",
    destination: asText(destination["resourceId"]) ?? asText(destination["endpointBaseUrl"]),
    eventTypes: Array.isArray(types) ? types.filter((type) => typeof type === "string") : [],
  };
}
