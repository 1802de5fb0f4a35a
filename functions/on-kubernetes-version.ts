import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { kubernetesVersionChanged } from "./host/asked.ts";
import { compose } from "./host/compose.ts";
import { traced } from "./host/telemetry.ts";

export async function onKubernetesVersion(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await traced(context, () => kubernetesVersionChanged(compose(context), event), event);
}

app.eventGrid("on-kubernetes-version", { handler: onKubernetesVersion });
