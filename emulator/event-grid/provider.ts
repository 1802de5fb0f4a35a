import type { ArmRequest, ResourceProvider } from "../arm/provider.ts";
import { invalid, notFound, unknownType } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { handleEventSubscriptions, listSubscriptionsOfRegion } from "./subscriptions.ts";
import type { SubscriptionsDeps } from "./subscriptions.ts";
import { handleSystemTopics } from "./system-topics.ts";
import { eventTypesOfScope, topicTypesReply } from "./topic-types.ts";
import { handleTopics } from "./topics.ts";

/** Types of Event Grid of which there is none here. */
const ABSENT_TYPES = new Set([
  "domains",
  "domains/topics",
  "namespaces",
  "partnerconfigurations",
  "partnernamespaces",
  "partnerregistrations",
  "partnertopics",
  "verifiedpartners",
]);

function absentTypeReply(request: ArmRequest, type: string): WireReply {
  const name = request.segments.at(-1)?.[1];
  if (request.method === "GET" && name === undefined) return { status: 200, body: { value: [] } };
  if (request.method === "GET") throw notFound(request.wire.path);
  if (request.method === "DELETE") return { status: 204 };
  const message = `Event Grid's ${type} are not offered here: topics and system topics are.`;
  throw invalid(message, "NotSupported");
}

/** `Microsoft.EventGrid` in ARM. */
export function createEventGridProvider(deps: SubscriptionsDeps): ResourceProvider {
  return {
    namespace: "microsoft.eventgrid",
    deleteGroup(subscription, resourceGroup) {
      deps.registry.deleteGroup(`/subscriptions/${subscription}/resourceGroups/${resourceGroup}`);
    },
    handle(request) {
      const type = request.segments.map(([segment]) => segment.toLowerCase()).join("/");
      switch (type) {
        case "topictypes":
        case "topictypes/eventtypes":
          return topicTypesReply(request);
        case "topics":
          return handleTopics(deps, request);
        case "systemtopics":
          return handleSystemTopics(deps, request);
        case "locations/eventsubscriptions":
        case "locations/topictypes/eventsubscriptions":
        case "topictypes/eventsubscriptions":
          return listSubscriptionsOfRegion(deps, request);
        case "eventtypes":
          return eventTypesOfScope(request);
        case "eventsubscriptions":
        case "topics/eventsubscriptions":
        case "systemtopics/eventsubscriptions":
          return handleEventSubscriptions(deps, request);
        default:
          if (ABSENT_TYPES.has(type)) return absentTypeReply(request, type);
          throw unknownType("Microsoft.EventGrid", request);
      }
    },
  };
}
