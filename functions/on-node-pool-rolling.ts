import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { nodePoolRolled } from "./host/asked.ts";
import { compose } from "./host/compose.ts";

export async function onNodePoolRolling(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await nodePoolRolled(compose(context), event);
}

app.eventGrid("on-node-pool-rolling", { handler: onNodePoolRolling });
