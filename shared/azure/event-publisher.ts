import { EventGridPublisherClient } from "@azure/eventgrid";
import type { SendCloudEventInput } from "@azure/eventgrid";
import type { TokenCredential } from "@azure/identity";
import { context, propagation } from "@opentelemetry/api";
import { digest } from "../core/digest.ts";
import type { EventPublisher, NodeImageReleased } from "../promotion/ports.ts";
import { toFleetwrightError } from "./errors.ts";

const NODE_IMAGE_RELEASED = "Fleetwright.NodeImageReleased";

/** Event Grid takes 1 MB per request; our events are below 1 kB. */
const MAX_EVENTS_PER_REQUEST = 500;

/** Publishes CloudEvents 1.0 to an Event Grid topic, such as `https://….eventgrid.azure.net/api/events`. */
export function createEventPublisher(
  endpoint: string,
  credential: TokenCredential,
): EventPublisher {
  const client = new EventGridPublisherClient(endpoint, "CloudEvent", credential);
  return {
    async publish(events) {
      for (let start = 0; start < events.length; start += MAX_EVENTS_PER_REQUEST) {
        const batch = events.slice(start, start + MAX_EVENTS_PER_REQUEST);
        try {
          await client.send(batch.map(toCloudEvent));
        } catch (error) {
          throw toFleetwrightError(error, {
            id: endpoint,
            action: "Microsoft.EventGrid/events/send/action",
            role: "EventGrid Data Sender",
          });
        }
      }
    },
  };
}

/** One image in one region is one event: the id says so to whoever counts duplicates. */
function toCloudEvent(event: NodeImageReleased): SendCloudEventInput<NodeImageReleased> {
  const { region, nodeImageVersion, noticedAt } = event;
  return {
    id: digest({ region, nodeImageVersion }),
    type: NODE_IMAGE_RELEASED,
    source: "/fleetwright",
    subject: `locations/${region}/nodeImages/${nodeImageVersion}`,
    time: new Date(noticedAt),
    data: { region, nodeImageVersion, noticedAt },
    extensionAttributes: traceOf(),
  };
}

/**
 * What is being done now, for the trace of whoever takes the event; nothing where nobody traces.
 * Source: https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
 */
function traceOf(): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}
