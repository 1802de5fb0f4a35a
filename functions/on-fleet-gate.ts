import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { gateChanged } from "./host/asked.ts";
import { compose } from "./host/compose.ts";
import { traced } from "./host/telemetry.ts";

export async function onFleetGate(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await traced(context, () => gateChanged(compose(context), event), event);
}

app.eventGrid("on-fleet-gate", { handler: onFleetGate });
