import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { compose } from "./host/compose.ts";
import { fleetOf } from "./host/event.ts";
import { lookAtRuns } from "./host/look.ts";

/** A gate of an update run was created or changed: judge the gates of its fleet's runs. */
export async function onFleetGate(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  const fleet = fleetOf(event);
  if (fleet) await lookAtRuns(compose(context), { kind: "fleet", id: fleet });
  else context.warn("the event names no gate of a fleet; nothing to look at");
}

app.eventGrid("on-fleet-gate", { handler: onFleetGate });
