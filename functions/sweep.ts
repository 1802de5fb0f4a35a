import { app, type InvocationContext, type Timer } from "@azure/functions";
import { compose } from "./host/compose.ts";
import { lookAtNodeImages, lookAtRuns } from "./host/look.ts";

/** The same looks as the events ask for, so that no lost event matters. */
export async function sweep(_timer: Timer, context: InvocationContext): Promise<void> {
  const composed = compose(context);
  await lookAtRuns(composed, { kind: "everywhere" });
  await lookAtNodeImages(composed);
}

// Every minute: a run that no event speaks of is seen at most this late.
app.timer("sweep", { schedule: "0 * * * * *", handler: sweep });
