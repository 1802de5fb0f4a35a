import { createHash } from "node:crypto";
import { armKey } from "../../shared/core/arm-id.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import type { EventSchema } from "./grid-event.ts";
import type { Registry, Topic } from "./registry.ts";

export interface TopicsDeps {
  readonly registry: Registry;
  readonly origin: () => string;
}

/** `Microsoft.EventGrid/topics`: custom topics and their keys. */
export function handleTopics(deps: TopicsDeps, request: ArmRequest): WireReply {
  const name = request.segments[0]?.[1];
  if (name === undefined) return listTopics(deps, request);
  const id = topicId(request, name);
  switch (request.method) {
    case "PUT":
    case "PATCH":
      return putTopic(deps, request, id);
    case "GET":
      return { status: 200, body: render(deps, existing(deps.registry, id)) };
    case "DELETE":
      return deleteTopic(deps.registry, id);
    case "POST":
      return topicAction(deps.registry, request, existing(deps.registry, id));
    default:
      throw methodNotAllowed(request.method);
  }
}

function topicId(request: ArmRequest, name: string): string {
  if (request.resourceGroup === undefined) throw invalid("A topic lives in a resource group.");
  return `/subscriptions/${request.subscription}/resourceGroups/${request.resourceGroup}/providers/Microsoft.EventGrid/topics/${name}`;
}

function listTopics(deps: TopicsDeps, request: ArmRequest): WireReply {
  const group = request.resourceGroup;
  const scope = `/subscriptions/${request.subscription}/${group === undefined ? "" : `resourceGroups/${group}/`}`;
  const found = [...deps.registry.topics.values()].filter(({ id }) =>
    armKey(id).startsWith(scope.toLowerCase()),
  );
  const topics = found.map((topic) => render(deps, topic));
  return page(request, topics, { origin: deps.origin() });
}

function existing(registry: Registry, id: string): Topic {
  const topic = registry.topics.get(armKey(id));
  if (!topic) throw notFound(id);
  return topic;
}

function putTopic(deps: TopicsDeps, request: ArmRequest, id: string): WireReply {
  const { registry } = deps;
  const before = registry.topics.get(armKey(id));
  if (request.method === "PATCH" && !before) throw notFound(id);
  const name = before?.name ?? id.split("/").at(-1) ?? "";
  const twin = registry.topicNamed(name);
  if (twin && armKey(twin.id) !== armKey(id)) {
    throw invalid(
      `The topic name '${name}' is taken: it is part of a host name.`,
      "InvalidRequest",
    );
  }
  const body = request.method === "PATCH" ? merge(before?.body ?? {}, request.body) : request.body;
  if (textAt(body, "location") === undefined) {
    throw invalid("The location property is required for this definition.", "LocationRequired");
  }
  const properties = objectAt(body, "properties");
  const topic: Topic = {
    id: before?.id ?? id,
    name,
    // The schema of a topic cannot be changed after its creation.
    inputSchema: before?.inputSchema ?? parseInputSchema(properties),
    disableLocalAuth: properties["disableLocalAuth"] === true,
    keys: before?.keys ?? [makeKey(id, "key1", ""), makeKey(id, "key2", "")],
    body,
  };
  registry.topics.set(armKey(id), topic);
  return { status: before ? 200 : 201, body: render(deps, topic) };
}

function merge(before: JsonObject, patch: JsonObject): JsonObject {
  const properties = { ...objectAt(before, "properties"), ...objectAt(patch, "properties") };
  return { ...before, ...patch, properties };
}

function parseInputSchema(properties: JsonObject): EventSchema {
  const schema = textAt(properties, "inputSchema") ?? "EventGridSchema";
  if (schema === "EventGridSchema" || schema === "CloudEventSchemaV1_0") return schema;
  throw invalid(`The input schema '${schema}' is not offered here.`, "InvalidRequest");
}

function makeKey(id: string, name: string, salt: string): string {
  return createHash("sha256")
    .update(`${armKey(id)} ${name} ${salt}`)
    .digest("base64");
}

function deleteTopic(registry: Registry, id: string): WireReply {
  if (!registry.topics.delete(armKey(id))) return { status: 204 };
  registry.deleteSubscriptionsOf(id);
  return { status: 200 };
}

function topicAction(registry: Registry, request: ArmRequest, topic: Topic): WireReply {
  if (request.action?.toLowerCase() === "listkeys") return renderKeys(topic);
  if (request.action?.toLowerCase() !== "regeneratekey") throw methodNotAllowed(request.method);
  const which = ["key1", "key2"].indexOf(textAt(request.body, "keyName") ?? "");
  if (which < 0) throw invalid("The keyName is key1 or key2.", "InvalidRequest");
  const [key1, key2] = topic.keys;
  const keys: Topic["keys"] =
    which === 0 ? [makeKey(topic.id, "key1", key1), key2] : [key1, makeKey(topic.id, "key2", key2)];
  const regenerated = { ...topic, keys };
  registry.topics.set(armKey(topic.id), regenerated);
  return renderKeys(regenerated);
}

function renderKeys({ keys: [key1, key2] }: Topic): WireReply {
  return { status: 200, body: { key1, key2 } };
}

function render({ origin }: TopicsDeps, topic: Topic): JsonObject {
  return {
    ...topic.body,
    id: topic.id,
    name: topic.name,
    type: "Microsoft.EventGrid/topics",
    properties: {
      publicNetworkAccess: "Enabled",
      ...objectAt(topic.body, "properties"),
      provisioningState: "Succeeded",
      endpoint: `${origin()}/topics/${topic.name}/api/events`,
      inputSchema: topic.inputSchema,
      disableLocalAuth: topic.disableLocalAuth,
      metricResourceId: topic.id,
    },
  };
}
