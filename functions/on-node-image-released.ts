import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { nodeImageReleased } from "./host/asked.ts";
import { compose } from "./host/compose.ts";
import { traced } from "./host/telemetry.ts";

export async function onNodeImageReleased(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await traced(context, () => nodeImageReleased(compose(context), event), event);
}

app.eventGrid("on-node-image-released", { handler: onNodeImageReleased });
