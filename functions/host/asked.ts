import type { App } from "./compose.ts";
import { clusterOf, fleetOf, type DeliveredEvent } from "./event.ts";
import { lookAtNodeImages, lookAtRuns } from "./look.ts";

/*
 * What each trigger does, apart from its registration with the host: decode, look. The reliability test
 * runs these, so that nothing but the triggers' own lines is left to the host.
 */

/** A gate of an update run was created or changed: judge the gates of its fleet's runs. */
export async function gateChanged(app: App, event: DeliveredEvent): Promise<void> {
  const fleet = fleetOf(event);
  if (fleet) await lookAtRuns(app, { kind: "fleet", id: fleet });
  else app.logger.warn("the event names no gate of a fleet; nothing to look at");
}

/** A node pool began or ended a rolling upgrade: look at the runs of its cluster's fleet. */
export async function nodePoolRolled(app: App, event: DeliveredEvent): Promise<void> {
  const cluster = clusterOf(event);
  if (cluster) await lookAtRuns(app, { kind: "cluster", id: cluster });
  else app.logger.warn("the event names no managed cluster; nothing to look at");
}

/** A node image became available in a region: take the outgoing snapshots, propose it by pull request. */
export async function nodeImageReleased(app: App): Promise<void> {
  await lookAtNodeImages(app);
}

/** The same looks as the events ask for, so that no lost event matters. */
export async function swept(app: App): Promise<void> {
  await lookAtRuns(app, { kind: "everywhere" });
  await lookAtNodeImages(app);
}
