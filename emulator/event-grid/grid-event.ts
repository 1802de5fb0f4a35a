import type { JsonObject } from "../arm/json.ts";

export type EventSchema = "CloudEventSchemaV1_0" | "EventGridSchema";

/** An event between the schemas: publishers write one of them, subscriptions ask for one of them. */
export interface GridEvent {
  readonly id: string;
  /** `source` of a CloudEvent, `topic` of an Event Grid event. */
  readonly source: string;
  readonly type: string;
  readonly subject: string | undefined;
  /** ISO 8601. */
  readonly time: string;
  readonly dataVersion: string;
  /** What else a CloudEvent carries: `data`, `datacontenttype`, extension attributes. */
  readonly attributes: JsonObject;
}

const CLOUD_EVENT_TYPE = "application/cloudevents+json; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";

export function toCloudEvent(event: GridEvent): JsonObject {
  return {
    id: event.id,
    source: event.source,
    type: event.type,
    ...(event.subject === undefined ? {} : { subject: event.subject }),
    time: event.time,
    specversion: "1.0",
    ...event.attributes,
  };
}

export function toEventGridEvent(event: GridEvent): JsonObject {
  return {
    topic: event.source,
    subject: event.subject ?? "",
    eventType: event.type,
    id: event.id,
    data: event.attributes["data"] ?? null,
    dataVersion: event.dataVersion,
    metadataVersion: "1",
    eventTime: event.time,
  };
}

/** The body of one delivery: an Event Grid event comes in an array, a CloudEvent alone. */
export function encodeEvent(
  event: GridEvent,
  schema: EventSchema,
): { readonly contentType: string; readonly body: string } {
  return schema === "CloudEventSchemaV1_0"
    ? { contentType: CLOUD_EVENT_TYPE, body: JSON.stringify(toCloudEvent(event)) }
    : { contentType: JSON_TYPE, body: JSON.stringify([toEventGridEvent(event)]) };
}
