import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { gateChanged } from "./host/asked.ts";
import { compose } from "./host/compose.ts";

export async function onFleetGate(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await gateChanged(compose(context), event);
}

app.eventGrid("on-fleet-gate", { handler: onFleetGate });
