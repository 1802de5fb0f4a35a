import { isObject, numberAt, objectAt, objectsAt, textAt, textListAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";
import { parseDeliveryAttributes, renderDeliveryAttributes } from "./delivery-attributes.ts";
import type { DeliveryAttribute } from "./delivery-attributes.ts";
import { isKnownOperator } from "./filter.ts";
import type { AdvancedFilter, EventFilter } from "./filter.ts";
import type { EventSchema } from "./grid-event.ts";
import type { RetryPolicy } from "./retry.ts";
import { emits } from "./topic-types.ts";
import type { TopicType } from "./topic-types.ts";

export interface EventSubscription {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** ARM id of the topic, or of the resource that emits the events. */
  readonly topicId: string;
  /** Key of the events that it hears of (registry.ts). */
  readonly route: string;
  readonly endpointUrl: string;
  readonly attributes: readonly DeliveryAttribute[];
  readonly filter: EventFilter;
  readonly schema: EventSchema;
  readonly retryPolicy: RetryPolicy;
  /** Absent: what cannot be delivered is dropped. */
  readonly deadLetterDestination: JsonObject | undefined;
  /** `properties` as they were PUT. */
  readonly properties: JsonObject;
}

/** Limits and defaults of Event Grid (event-grid/delivery-and-retry.md, quotas-limits.md). */
const MAX_DELIVERY_ATTEMPTS = 30;
const MAX_TIME_TO_LIVE_MINUTES = 1_440;
const MAX_ADVANCED_FILTERS = 25;
/** Host names for which http is accepted here; Azure itself takes https alone. */
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** What a subscription is attached to. */
export interface Attachment {
  readonly topicId: string;
  readonly route: string;
  /** Schema of the publisher; undefined when Azure is, which speaks both. */
  readonly inputSchema: EventSchema | undefined;
  readonly topicType: TopicType | undefined;
}

/** Reads the `properties` of a PUT; throws ArmError 400. */
export function parseEventSubscription(
  identity: Pick<EventSubscription, "id" | "name" | "type">,
  properties: JsonObject,
  attachment: Attachment,
): EventSubscription {
  const destination = objectAt(properties, "destination");
  return {
    ...identity,
    topicId: attachment.topicId,
    route: attachment.route,
    endpointUrl: parseEndpoint(destination),
    attributes: parseDeliveryAttributes(objectAt(destination, "properties")),
    filter: parseFilter(objectAt(properties, "filter"), attachment.topicType),
    schema: parseSchema(properties, attachment.inputSchema),
    retryPolicy: parseRetryPolicy(objectAt(properties, "retryPolicy")),
    deadLetterDestination: parseDeadLetter(properties),
    properties,
  };
}

function parseEndpoint(destination: JsonObject): string {
  const type = textAt(destination, "endpointType");
  if (type?.toLowerCase() !== "webhook") {
    throw invalid(
      `The endpoint type '${type ?? ""}' is not offered here; use WebHook with an endpointUrl ` +
        "(an Azure Function is reached at /runtime/webhooks/EventGrid).",
      "InvalidRequest",
    );
  }
  const endpointUrl = textAt(objectAt(destination, "properties"), "endpointUrl") ?? "";
  const url = URL.canParse(endpointUrl) ? new URL(endpointUrl) : undefined;
  const isLocal = url?.protocol === "http:" && LOOPBACK.has(url.hostname);
  if (url?.protocol === "https:" || isLocal) return endpointUrl;
  throw invalid(
    `The endpointUrl '${endpointUrl}' must be a valid HTTPS endpoint (or http on the loopback interface).`,
    "InvalidRequest",
  );
}

function parseFilter(filter: JsonObject, topicType: TopicType | undefined): EventFilter {
  const includedEventTypes = parseEventTypes(filter, topicType);
  const advancedFilters = objectsAt(filter, "advancedFilters").map(parseAdvancedFilter);
  if (advancedFilters.length > MAX_ADVANCED_FILTERS) {
    throw invalid(
      `At most ${MAX_ADVANCED_FILTERS} advanced filters are allowed.`,
      "InvalidRequest",
    );
  }
  return {
    includedEventTypes,
    subjectBeginsWith: textAt(filter, "subjectBeginsWith") ?? "",
    subjectEndsWith: textAt(filter, "subjectEndsWith") ?? "",
    isSubjectCaseSensitive: filter["isSubjectCaseSensitive"] === true,
    advancedFilters,
    looksIntoArrays: filter["enableAdvancedFilteringOnArrays"] === true,
  };
}

function parseEventTypes(
  filter: JsonObject,
  topicType: TopicType | undefined,
): readonly string[] | undefined {
  const included = textListAt(filter, "includedEventTypes");
  if (included === undefined || included.some((type) => type.toLowerCase() === "all")) {
    return undefined;
  }
  const strange = topicType && included.find((type) => !emits(topicType, type));
  if (strange === undefined) return included;
  throw invalid(
    `The event type '${strange}' is not valid for the topic type '${topicType?.name}'. ` +
      `Its event types are: ${topicType?.eventTypes.join(", ")}.`,
    "InvalidRequest",
  );
}

function parseAdvancedFilter(filter: JsonObject): AdvancedFilter {
  const operatorType = textAt(filter, "operatorType") ?? "";
  const key = textAt(filter, "key");
  if (!isKnownOperator(operatorType) || key === undefined) {
    throw invalid(
      `The advanced filter ${JSON.stringify(filter)} needs a key and a known operatorType.`,
      "InvalidRequest",
    );
  }
  const { values, value } = filter;
  return { operatorType, key, values: Array.isArray(values) ? values : [value] };
}

function parseSchema(properties: JsonObject, input: EventSchema | undefined): EventSchema {
  const wanted = textAt(properties, "eventDeliverySchema") ?? input ?? "EventGridSchema";
  if (wanted !== "EventGridSchema" && wanted !== "CloudEventSchemaV1_0") {
    throw invalid(`The event delivery schema '${wanted}' is not offered here.`, "InvalidRequest");
  }
  // Event Grid turns its own schema into CloudEvents, never the other way (event-grid/event-schema.md).
  if (input === "CloudEventSchemaV1_0" && wanted !== input) {
    throw invalid(
      "A topic whose input schema is CloudEventSchemaV1_0 delivers in that schema only.",
      "InvalidRequest",
    );
  }
  return wanted;
}

function parseRetryPolicy(policy: JsonObject): RetryPolicy {
  return {
    maxDeliveryAttempts: within(policy, "maxDeliveryAttempts", MAX_DELIVERY_ATTEMPTS),
    eventTimeToLiveInMinutes: within(policy, "eventTimeToLiveInMinutes", MAX_TIME_TO_LIVE_MINUTES),
  };
}

/** The default of both numbers is also the most that is allowed. */
function within(policy: JsonObject, key: string, most: number): number {
  const value = numberAt(policy, key) ?? most;
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalid(`The retry policy's ${key} must be between 1 and ${most}.`, "InvalidRequest");
}

function parseDeadLetter(properties: JsonObject): JsonObject | undefined {
  const destination = properties["deadLetterDestination"];
  if (!isObject(destination)) return undefined;
  const target = objectAt(destination, "properties");
  const isBlob = textAt(destination, "endpointType")?.toLowerCase() === "storageblob";
  if (isBlob && textAt(target, "resourceId") && textAt(target, "blobContainerName")) {
    return destination;
  }
  throw invalid(
    "A dead letter destination is a StorageBlob with resourceId and blobContainerName.",
    "InvalidRequest",
  );
}

/** What ARM answers: the full URL may hold a key, so only its base is shown. */
export function renderEventSubscription(subscription: EventSubscription): JsonObject {
  const { filter, retryPolicy, properties } = subscription;
  return {
    id: subscription.id,
    name: subscription.name,
    type: subscription.type,
    properties: {
      labels: null,
      ...properties,
      topic: subscription.topicId,
      provisioningState: "Succeeded",
      destination: renderDestination(subscription),
      filter: {
        ...objectAt(properties, "filter"),
        includedEventTypes: filter.includedEventTypes ?? null,
        subjectBeginsWith: filter.subjectBeginsWith,
        subjectEndsWith: filter.subjectEndsWith,
      },
      eventDeliverySchema: subscription.schema,
      retryPolicy,
    },
  };
}

function renderDestination(subscription: EventSubscription): JsonObject {
  const { properties, endpointUrl } = subscription;
  const { endpointUrl: _, ...shown } = objectAt(objectAt(properties, "destination"), "properties");
  return {
    endpointType: "WebHook",
    properties: {
      maxEventsPerBatch: 1,
      preferredBatchSizeInKilobytes: 64,
      ...shown,
      ...(shown["deliveryAttributeMappings"] === undefined
        ? {}
        : { deliveryAttributeMappings: renderDeliveryAttributes(subscription.attributes) }),
      endpointBaseUrl: endpointUrl.split("?", 1)[0],
    },
  };
}
