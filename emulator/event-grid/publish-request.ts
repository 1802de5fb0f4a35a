import { isTooDeep, MAX_NESTING } from "../nesting.ts";
import { createHmac, timingSafeEqual } from "node:crypto";
import { isObject, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { WireRequest } from "../service.ts";
import type { GridEvent } from "./grid-event.ts";
import type { Topic } from "./registry.ts";

/** A refusal in the form of Event Grid's data plane. */
export class PublishError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "PublishError";
    this.status = status;
    this.code = code;
  }
}

/** A publish operation takes 1 MB (event-grid/quotas-limits.md). */
const MAX_PUBLISH_BYTES = 1024 * 1024;
const STANDARD_ATTRIBUTES = new Set(["id", "source", "type", "subject", "time", "specversion"]);

/** The events of a publish request; throws PublishError when the body is not of the topic's schema. */
export function parsePublished(request: WireRequest, topic: Topic, now: number): GridEvent[] {
  if (request.body.length > MAX_PUBLISH_BYTES) {
    throw new PublishError(
      413,
      "RequestEntityTooLarge",
      `The maximum size (${MAX_PUBLISH_BYTES} bytes) has been exceeded.`,
    );
  }
  const body = parseJson(request.body.toString("utf8"), topic);
  if (isTooDeep(body)) throw malformed(topic, `It is nested deeper than ${MAX_NESTING} levels.`);
  const isSingle = /^application\/cloudevents\+json/i.test(request.headers["content-type"] ?? "");
  const events = isSingle ? [body] : body;
  if (!Array.isArray(events)) {
    throw malformed(topic, "Token Expected: StartArray, Actual Token Received: StartObject.");
  }
  const parse = topic.inputSchema === "CloudEventSchemaV1_0" ? parseCloudEvent : parseGridEvent;
  return events.map((event, index) => {
    if (!isObject(event)) throw malformed(topic, `Event ${index} is not an object.`);
    return parse(event, topic, new Date(now).toISOString());
  });
}

function parseJson(text: string, topic: Topic): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(topic, "It is not valid JSON.");
  }
}

function parseCloudEvent(event: JsonObject, topic: Topic, now: string): GridEvent {
  if (event["specversion"] !== "1.0") throw malformed(topic, "The specversion must be '1.0'.");
  const others = Object.entries(event).filter(([name]) => !STANDARD_ATTRIBUTES.has(name));
  return {
    id: required(event, "id", topic),
    source: required(event, "source", topic),
    type: required(event, "type", topic),
    subject: textAt(event, "subject"),
    time: parseTime(event, "time", topic) ?? now,
    dataVersion: "",
    attributes: Object.fromEntries(others),
  };
}

function parseGridEvent(event: JsonObject, topic: Topic, now: string): GridEvent {
  return {
    id: required(event, "id", topic),
    source: topic.id,
    type: required(event, "eventType", topic),
    subject: required(event, "subject", topic),
    time: parseTime(event, "eventTime", topic) ?? now,
    dataVersion: textAt(event, "dataVersion") ?? "",
    attributes: { data: event["data"] },
  };
}

function required(event: JsonObject, name: string, topic: Topic): string {
  const value = textAt(event, name);
  if (value === undefined) throw malformed(topic, `The property '${name}' is required.`);
  return value;
}

function parseTime(event: JsonObject, name: string, topic: Topic): string | undefined {
  const value = textAt(event, name);
  if (value !== undefined && Number.isNaN(Date.parse(value))) {
    throw malformed(topic, `The property '${name}' is not a time: '${value}'.`);
  }
  return value;
}

function malformed(topic: Topic, detail: string): PublishError {
  const schema = topic.inputSchema === "CloudEventSchemaV1_0" ? "CloudEventV10" : "EventGridEvent";
  return new PublishError(
    400,
    "BadRequest",
    `This resource is configured to receive event in '${schema}' schema. ` +
      `The JSON received does not conform to the expected schema. ${detail}`,
  );
}

/** Does the request carry a key of the topic, or a signature made with one? */
export function hasTopicKey(request: WireRequest, topic: Topic, realNow: number): boolean {
  const key = single(request.headers["aeg-sas-key"]) ?? request.query.get("aeg-sas-key");
  if (key !== undefined) return topic.keys.some((expected) => sameText(expected, key));
  const token = single(request.headers["aeg-sas-token"]);
  return token !== undefined && topic.keys.some((each) => isSignedWith(each, token, realNow));
}

export function offersTopicKey(request: WireRequest): boolean {
  const { headers, query } = request;
  return (
    headers["aeg-sas-key"] !== undefined ||
    headers["aeg-sas-token"] !== undefined ||
    query.has("aeg-sas-key")
  );
}

/** `r=<resource>&e=<expiry>&s=<HMAC of the rest>` (event-grid/authenticate-with-access-keys-shared-access-signatures.md). */
function isSignedWith(key: string, token: string, realNow: number): boolean {
  const [signed = "", signature = ""] = token.split("&s=");
  const expiry = Date.parse(new URLSearchParams(signed).get("e") ?? "");
  if (Number.isNaN(expiry) || expiry <= realNow) return false;
  const expected = createHmac("sha256", Buffer.from(key, "base64")).update(signed).digest("base64");
  return sameText(expected, decodeURIComponent(signature));
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
