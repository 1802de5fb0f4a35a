import { app, type InvocationContext, type Timer } from "@azure/functions";
import { compose } from "./host/compose.ts";
import { detectImages } from "./host/detect-images.ts";
import { traced } from "./host/telemetry.ts";

/** Azure has no event for a new node image: ask once per region and image family, and publish one. */
export async function detectNodeImages(_timer: Timer, context: InvocationContext): Promise<void> {
  await traced(context, () => detectImages(compose(context)));
}

// Images come out weekly and reach regions over days: every 10 minutes is soon enough.
app.timer("detect-node-images", { schedule: "0 */10 * * * *", handler: detectNodeImages });
