import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { compose } from "./host/compose.ts";
import { lookAtNodeImages } from "./host/look.ts";

/** A node image became available in a region: take the outgoing snapshots, propose it by pull request. */
export async function onNodeImageReleased(
  _event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await lookAtNodeImages(compose(context));
}

app.eventGrid("on-node-image-released", { handler: onNodeImageReleased });
