import { armKey, type ArmId } from "../core/arm-id.ts";
import { FleetwrightError, isError } from "../core/errors.ts";
import type { ClusterSubscriptionPort } from "../update-run/follow-members.ts";
import type { ArmClient } from "./arm-client.ts";
import { EVENT_GRID_API_VERSION, listClusterListeners } from "./event-subscriptions.ts";
import { settle } from "./long-running.ts";

/** Where the functions take events: the function app itself, or the webhook of a host on this machine. */
export type EventDestination =
  | { readonly kind: "function-app"; readonly id: ArmId }
  /** `http://127.0.0.1:7071/runtime/webhooks/EventGrid?code=…`: a secret. */
  | { readonly kind: "webhook"; readonly url: string };

/** Event Grid tries for a day, then drops: the sweep sees within a minute what an event would have said. */
const RETRY_POLICY = { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1_440 };

/** The event subscriptions of clusters whose destination is ours: nobody else's is ever touched. */
export function createClusterSubscriptions(
  arm: ArmClient,
  destination: EventDestination,
): ClusterSubscriptionPort {
  const url = (id: ArmId): string => `${id}?api-version=${EVENT_GRID_API_VERSION}`;
  return {
    async listOurs(subscription, region) {
      const listeners = await listClusterListeners(arm, subscription, region);
      return listeners
        .filter((listener) => isOurs(listener.destination, destination))
        .map(({ id, source }) => ({ id, cluster: source, name: id.split("/").at(-1) ?? "" }));
    },
    async create(cluster, { name, functionName, eventTypes }) {
      const id = `${cluster}/providers/Microsoft.EventGrid/eventSubscriptions/${name}`;
      const body = {
        properties: {
          destination: endpoint(destination, functionName),
          eventDeliverySchema: "CloudEventSchemaV1_0",
          filter: { includedEventTypes: [...eventTypes] },
          retryPolicy: RETRY_POLICY,
        },
      };
      await arm.attempt(id, "Microsoft.EventGrid/eventSubscriptions/write", () =>
        settle(arm, () => arm.rest.pathUnchecked(url(id)).put({ body })),
      );
    },
    async remove(id) {
      try {
        await arm.attempt(id, "Microsoft.EventGrid/eventSubscriptions/delete", () =>
          settle(arm, () => arm.rest.pathUnchecked(url(id)).delete()),
        );
      } catch (error) {
        if (!isError(error, "not-found")) throw error;
      }
    },
  };
}

/** One event per request: a failing one would bring its whole batch again. */
function endpoint(destination: EventDestination, functionName: string): object {
  if (destination.kind === "function-app") {
    const resourceId = `${destination.id}/functions/${functionName}`;
    return { endpointType: "AzureFunction", properties: { resourceId, maxEventsPerBatch: 1 } };
  }
  const url = new URL(destination.url);
  url.searchParams.set("functionName", functionName);
  return { endpointType: "WebHook", properties: { endpointUrl: url.href, maxEventsPerBatch: 1 } };
}

/** Azure shows a webhook without its query, for that may hold a key. */
function isOurs(shown: string | undefined, ours: EventDestination): boolean {
  if (shown === undefined) return false;
  if (ours.kind === "function-app")
    return armKey(shown).startsWith(`${armKey(ours.id)}/functions/`);
  return shown.split("?", 1)[0] === ours.url.split("?", 1)[0];
}

/** The setting FLEETWRIGHT_EVENT_DESTINATION: the id of the function app, or a webhook on this machine. */
export function parseDestination(text: string): EventDestination {
  if (
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Web\/sites\/[^/]+$/i.test(
      text,
    )
  ) {
    return { kind: "function-app", id: text };
  }
  if (URL.canParse(text) && /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(text)) {
    return { kind: "webhook", url: text };
  }
  // A webhook's address holds a key: it is not repeated.
  throw new FleetwrightError(
    "invalid-input",
    "FLEETWRIGHT_EVENT_DESTINATION is neither the id of a function app nor an https address",
    {
      remedy:
        "set it to the function app's ARM id, or remove it for the minimal mode (docs/deploy.md)",
    },
  );
}
