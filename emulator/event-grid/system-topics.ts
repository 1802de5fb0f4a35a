import { armKey } from "../../shared/core/arm-id.ts";
import type { World } from "../../shared/simulator/model.ts";
import { objectAt, textAt, withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { guidFrom } from "../guid.ts";
import type { WireReply } from "../service.ts";
import type { Registry, SystemTopic } from "./registry.ts";
import { findTopicType, isClusterId } from "./topic-types.ts";

export interface SystemTopicsDeps {
  readonly registry: Registry;
  readonly world: World;
  readonly origin: () => string;
}

/** `Microsoft.EventGrid/systemTopics`: the events of one resource or subscription, given a name. */
export function handleSystemTopics(deps: SystemTopicsDeps, request: ArmRequest): WireReply {
  const name = request.segments[0]?.[1];
  if (name === undefined) return listSystemTopics(deps, request);
  const id = systemTopicId(request, name);
  switch (request.method) {
    case "PUT":
      return putSystemTopic(deps, request, id);
    case "PATCH":
      return patchSystemTopic(deps, request, id);
    case "GET":
      return { status: 200, body: render(existingSystemTopic(deps.registry, id)) };
    case "DELETE":
      if (!deps.registry.systemTopics.delete(armKey(id))) return { status: 204 };
      deps.registry.deleteSubscriptionsOf(id);
      return { status: 200 };
    default:
      throw methodNotAllowed(request.method);
  }
}

export function systemTopicId(request: ArmRequest, name: string): string {
  if (request.resourceGroup === undefined)
    throw invalid("A system topic lives in a resource group.");
  return `/subscriptions/${request.subscription}/resourceGroups/${request.resourceGroup}/providers/Microsoft.EventGrid/systemTopics/${name}`;
}

export function existingSystemTopic(registry: Registry, id: string): SystemTopic {
  const topic = registry.systemTopics.get(armKey(id));
  if (!topic) throw notFound(id);
  return topic;
}

function listSystemTopics({ registry, origin }: SystemTopicsDeps, request: ArmRequest): WireReply {
  const group = request.resourceGroup;
  const scope = `/subscriptions/${request.subscription}/${group === undefined ? "" : `resourceGroups/${group}/`}`;
  const found = [...registry.systemTopics.values()].filter(({ id }) =>
    armKey(id).startsWith(scope.toLowerCase()),
  );
  return page(request, found.map(render), { origin: origin() });
}

function putSystemTopic(deps: SystemTopicsDeps, request: ArmRequest, id: string): WireReply {
  const { registry } = deps;
  const before = registry.systemTopics.get(armKey(id));
  const properties = objectAt(request.body, "properties");
  const source = textAt(properties, "source") ?? "";
  const topicType = textAt(properties, "topicType") ?? "";
  requireSource(deps.world, source, topicType);
  const twin = registry.systemTopicOf(source, topicType);
  if (twin && armKey(twin.id) !== armKey(id)) {
    throw invalid(
      `Only one system topic is allowed per source: ${twin.id} exists for ${source}.`,
      "InvalidRequest",
    );
  }
  if (textAt(request.body, "location") === undefined) {
    throw invalid("The location property is required for this definition.", "LocationRequired");
  }
  const name = before?.name ?? id.split("/").at(-1) ?? "";
  const topic: SystemTopic = { id: before?.id ?? id, name, source, topicType, body: request.body };
  registry.systemTopics.set(armKey(id), topic);
  return { status: before ? 200 : 201, body: render(topic) };
}

/** SystemTopicUpdateParameters: tags and identity; what is left out stays. */
function patchSystemTopic(deps: SystemTopicsDeps, request: ArmRequest, id: string): WireReply {
  const before = existingSystemTopic(deps.registry, id);
  const { tags, identity } = request.body;
  const topic = { ...before, body: { ...before.body, ...withoutUndefined({ tags, identity }) } };
  deps.registry.systemTopics.set(armKey(id), topic);
  return { status: 200, body: render(topic) };
}

function requireSource(world: World, source: string, topicType: string): void {
  const type = findTopicType(topicType);
  if (!type) throw invalid(`The topic type '${topicType}' is not offered here.`, "InvalidRequest");
  if (!type.source.test(source)) {
    throw invalid(
      `The source '${source}' is not valid for the topic type '${type.name}'.`,
      "InvalidRequest",
    );
  }
  if (isClusterId(source) && !world.clusters.has(armKey(source))) throw notFound(source);
}

function render(topic: SystemTopic): JsonObject {
  return {
    ...topic.body,
    id: topic.id,
    name: topic.name,
    type: "Microsoft.EventGrid/systemTopics",
    properties: {
      provisioningState: "Succeeded",
      source: topic.source,
      topicType: topic.topicType,
      metricResourceId: guidFrom(armKey(topic.id)),
    },
  };
}
