import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { nodePoolRolled } from "./host/asked.ts";
import { compose } from "./host/compose.ts";
import { traced } from "./host/telemetry.ts";

export async function onNodePoolRolling(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await traced(context, () => nodePoolRolled(compose(context), event), event);
}

app.eventGrid("on-node-pool-rolling", { handler: onNodePoolRolling });
