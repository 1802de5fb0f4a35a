import { app, type InvocationContext, type Timer } from "@azure/functions";
import { swept } from "./host/asked.ts";
import { compose } from "./host/compose.ts";
import { traced } from "./host/telemetry.ts";

export async function sweep(_timer: Timer, context: InvocationContext): Promise<void> {
  await traced(context, () => swept(compose(context)));
}

// Every minute: a run that no event speaks of is seen at most this late.
app.timer("sweep", { schedule: "0 * * * * *", handler: sweep });
