import { app, type EventGridEvent, type InvocationContext } from "@azure/functions";
import { kubernetesVersionChanged } from "./host/asked.ts";
import { compose } from "./host/compose.ts";

export async function onKubernetesVersion(
  event: EventGridEvent,
  context: InvocationContext,
): Promise<void> {
  await kubernetesVersionChanged(compose(context), event);
}

app.eventGrid("on-kubernetes-version", { handler: onKubernetesVersion });
