import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { nodeImageReleased } from "./host/asked.ts";
import { compose } from "./host/compose.ts";

export async function onNodeImageReleased(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await nodeImageReleased(compose(context), event);
}

app.eventGrid("on-node-image-released", { handler: onNodeImageReleased });
