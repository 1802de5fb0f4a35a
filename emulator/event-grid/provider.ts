import { ArmError } from "../arm/provider.ts";
import type { ResourceProvider } from "../arm/provider.ts";
import { handleEventSubscriptions, listRegionalSubscriptions } from "./subscriptions.ts";
import type { SubscriptionsDeps } from "./subscriptions.ts";
import { handleSystemTopics } from "./system-topics.ts";
import { topicTypesReply } from "./topic-types.ts";
import { handleTopics } from "./topics.ts";

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
        case "locations/topictypes/eventsubscriptions":
          return listRegionalSubscriptions(deps, request);
        case "eventsubscriptions":
        case "topics/eventsubscriptions":
        case "systemtopics/eventsubscriptions":
          return handleEventSubscriptions(deps, request);
        default:
          throw new ArmError(
            404,
            "InvalidResourceType",
            `The resource type '${type}' could not be found in the namespace 'Microsoft.EventGrid'.`,
          );
      }
    },
  };
}
