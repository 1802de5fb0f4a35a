import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { compose } from "./host/compose.ts";
import { clusterOf } from "./host/event.ts";
import { lookAtRuns } from "./host/look.ts";

/** A node pool began or ended a rolling upgrade: look at the runs of its cluster's fleet. */
export async function onNodePoolRolling(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  const cluster = clusterOf(event);
  if (cluster) await lookAtRuns(compose(context), { kind: "cluster", id: cluster });
  else context.warn("the event names no managed cluster; nothing to look at");
}

app.eventGrid("on-node-pool-rolling", { handler: onNodePoolRolling });
