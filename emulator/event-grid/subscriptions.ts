import { armKey } from "../../shared/core/arm-id.ts";
import type { World } from "../../shared/simulator/model.ts";
import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { guidFrom } from "../guid.ts";
import type { Pacer, WireReply } from "../service.ts";
import { renderFullAttribute } from "./delivery-attributes.ts";
import { parseEventSubscription, renderEventSubscription } from "./event-subscription.ts";
import type { Attachment, EventSubscription } from "./event-subscription.ts";
import { validateWebhook } from "./handshake.ts";
import { customRoute, systemRoute } from "./registry.ts";
import type { Registry } from "./registry.ts";
import { existingSystemTopic, systemTopicId } from "./system-topics.ts";
import {
  CLUSTER_TOPIC_TYPE,
  SUBSCRIPTION_TOPIC_TYPE,
  findTopicType,
  isClusterId,
} from "./topic-types.ts";
import type { WebhookClient } from "./webhook.ts";

export interface SubscriptionsDeps {
  readonly registry: Registry;
  readonly world: World;
  readonly pacer: Pacer;
  readonly client: WebhookClient;
  readonly origin: () => string;
}

/** Source: learn.microsoft.com, naming rules for eventSubscriptions */
const NAME = /^[-a-zA-Z0-9]{3,64}$/;

/** Where an event subscription stands: below a topic, or as an extension of what emits the events. */
interface Place {
  readonly prefix: string;
  readonly type: string;
  readonly attachment: () => Attachment;
}

/** `…/eventSubscriptions`, as a child of a topic or system topic and as an extension of any scope. */
export async function handleEventSubscriptions(
  deps: SubscriptionsDeps,
  request: ArmRequest,
): Promise<WireReply> {
  const place = placeOf(deps, request);
  const name = request.segments.at(-1)?.[1];
  if (name === undefined) return list(deps, request, place);
  const id = `${place.prefix}/eventSubscriptions/${name}`;
  switch (request.method) {
    case "PUT":
      return put(deps, place, { id, name }, objectAt(request.body, "properties"));
    case "PATCH":
      return put(deps, place, { id, name }, patched(existing(deps, id), request.body));
    case "GET":
      return { status: 200, body: renderEventSubscription(existing(deps, id)) };
    case "DELETE":
      return { status: deps.registry.deleteSubscription(id) ? 200 : 204 };
    case "POST":
      return subscriptionAction(request, existing(deps, id));
    default:
      throw methodNotAllowed(request.method);
  }
}

function placeOf(deps: SubscriptionsDeps, request: ArmRequest): Place {
  const [[type, parent = ""] = []] = request.segments;
  if (type?.toLowerCase() === "systemtopics") {
    const prefix = systemTopicId(request, parent);
    return {
      prefix,
      type: "Microsoft.EventGrid/systemTopics/eventSubscriptions",
      attachment: () => systemTopicAttachment(deps, prefix),
    };
  }
  if (type?.toLowerCase() === "topics") {
    const prefix = `/subscriptions/${request.subscription}/resourceGroups/${request.resourceGroup}/providers/Microsoft.EventGrid/topics/${parent}`;
    return {
      prefix,
      type: "Microsoft.EventGrid/topics/eventSubscriptions",
      attachment: () => scopeAttachment(deps, prefix),
    };
  }
  const scope = request.scope ?? ownScope(request);
  return {
    prefix: `${scope}/providers/Microsoft.EventGrid`,
    type: "Microsoft.EventGrid/eventSubscriptions",
    attachment: () => scopeAttachment(deps, scope),
  };
}

function ownScope({ subscription, resourceGroup }: ArmRequest): string {
  const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`;
  return `/subscriptions/${subscription}${group}`;
}

function systemTopicAttachment({ registry }: SubscriptionsDeps, id: string): Attachment {
  const topic = existingSystemTopic(registry, id);
  return {
    topicId: topic.id,
    route: systemRoute(topic.source, topic.topicType),
    inputSchema: undefined,
    topicType: findTopicType(topic.topicType),
  };
}

function scopeAttachment({ registry, world }: SubscriptionsDeps, scope: string): Attachment {
  const topic = registry.topics.get(armKey(scope));
  if (topic) {
    const { id, inputSchema } = topic;
    return { topicId: id, route: customRoute(id), inputSchema, topicType: undefined };
  }
  const isCluster = isClusterId(scope);
  if (isCluster && !world.clusters.has(armKey(scope))) throw notFound(scope);
  if (isCluster) return systemAttachment(scope, CLUSTER_TOPIC_TYPE);
  // Gate events do not come this way in Azure: they need a system topic of the resource notifications.
  if (/^\/subscriptions\/[^/]+$/i.test(scope)) {
    return systemAttachment(scope, SUBSCRIPTION_TOPIC_TYPE);
  }
  if (/\/Microsoft\.EventGrid\/topics\/[^/]+$/i.test(scope)) throw notFound(scope);
  throw invalid(`The scope '${scope}' emits no events here.`, "InvalidRequest");
}

function systemAttachment(scope: string, topicType: string): Attachment {
  return {
    topicId: scope,
    route: systemRoute(scope, topicType),
    inputSchema: undefined,
    topicType: findTopicType(topicType),
  };
}

function list(deps: SubscriptionsDeps, request: ArmRequest, { prefix }: Place): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const wanted = `${armKey(prefix)}/eventsubscriptions/`;
  const found = deps.registry.subscriptions().filter(({ id }) => armKey(id).startsWith(wanted));
  return page(request, found.map(renderEventSubscription), { origin: deps.origin() });
}

/**
 * `[…/locations/{location}][/topicTypes/{type}]/eventSubscriptions`: of all resources of a region and a type,
 * or of those that belong to no region.
 */
export function listSubscriptionsOfRegion(deps: SubscriptionsDeps, request: ArmRequest): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const asked = new Map(request.segments.map(([type, name]) => [type, name?.toLowerCase()]));
  const location = asked.get("locations") ?? "global";
  const type = asked.get("topictypes");
  const group = request.resourceGroup?.toLowerCase();
  const found = deps.registry.subscriptions().filter(({ topicId }) => {
    const source = sourceOf(deps, topicId);
    return (
      source.region === location &&
      (type === undefined || source.topicType.toLowerCase() === type) &&
      (group === undefined || armKey(topicId).split("/")[4] === group)
    );
  });
  return page(request, found.map(renderEventSubscription), { origin: deps.origin() });
}

/** Where a source of events is, and of which topic type. */
function sourceOf(
  { world, registry }: SubscriptionsDeps,
  topicId: string,
): { readonly region: string; readonly topicType: string } {
  const systemTopic = registry.systemTopics.get(armKey(topicId));
  if (systemTopic) return { region: regionOf(systemTopic.body), topicType: systemTopic.topicType };
  const topic = registry.topics.get(armKey(topicId));
  if (topic) return { region: regionOf(topic.body), topicType: "Microsoft.EventGrid.Topics" };
  const cluster = world.clusters.get(armKey(topicId));
  if (cluster) return { region: cluster.region, topicType: CLUSTER_TOPIC_TYPE };
  return { region: "global", topicType: SUBSCRIPTION_TOPIC_TYPE };
}

function regionOf(body: JsonObject): string {
  return textAt(body, "location")?.toLowerCase().replaceAll(" ", "") ?? "global";
}

function existing({ registry }: SubscriptionsDeps, id: string): EventSubscription {
  const subscription = registry.subscription(id);
  if (!subscription) throw notFound(id);
  return subscription;
}

/** The body of a PATCH has the properties at its top (EventSubscriptionUpdateParameters). */
function patched(subscription: EventSubscription, patch: JsonObject): JsonObject {
  return { ...subscription.properties, ...patch };
}

async function put(
  deps: SubscriptionsDeps,
  place: Place,
  { id, name }: { readonly id: string; readonly name: string },
  properties: JsonObject,
): Promise<WireReply> {
  if (!NAME.test(name)) {
    throw invalid(
      `The event subscription name '${name}' is not valid: 3 to 64 letters, digits and hyphens.`,
      "InvalidRequest",
    );
  }
  const before = deps.registry.subscription(id);
  const identity = { id: before?.id ?? id, name: before?.name ?? name, type: place.type };
  const subscription = parseEventSubscription(identity, properties, place.attachment());
  await requireConsent(deps, subscription);
  deps.registry.putSubscription(subscription);
  return { status: before ? 200 : 201, body: renderEventSubscription(subscription) };
}

async function requireConsent(
  { client, pacer }: SubscriptionsDeps,
  { id, name, endpointUrl, schema, topicId }: EventSubscription,
): Promise<void> {
  const now = pacer.now();
  const validation = await validateWebhook(client, {
    url: endpointUrl,
    schema,
    topic: topicId,
    subscriptionName: name,
    validationCode: guidFrom(`validate ${armKey(id)} ${now}`),
    time: new Date(now).toISOString(),
  });
  if (validation.kind === "valid") return;
  throw invalid(
    `Webhook validation handshake failed for ${endpointUrl.split("?", 1)[0]}. ${validation.why}. ` +
      "For troubleshooting, visit https://aka.ms/esvalidation.",
    "UrlValidation",
  );
}

function subscriptionAction(request: ArmRequest, subscription: EventSubscription): WireReply {
  switch (request.action?.toLowerCase()) {
    case "getfullurl":
      return { status: 200, body: { endpointUrl: subscription.endpointUrl } };
    case "getdeliveryattributes":
      return { status: 200, body: { value: subscription.attributes.map(renderFullAttribute) } };
    default:
      throw methodNotAllowed(request.method);
  }
}
