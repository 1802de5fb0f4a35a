import { sendMessages } from "../../shared/core/outbox.ts";
import { recordSupport } from "../../shared/promotion/support.ts";
import type { App } from "./compose.ts";
import {
  clusterOf,
  fleetOf,
  imageOf,
  loggerOf,
  versionEventOf,
  type DeliveredEvent,
} from "./event.ts";
import { followMembers } from "./follow-members.ts";
import { atOneCommit, isDeclaredCluster, lookAtNodeImages, lookAtRuns } from "./look.ts";
import { lookAtLeftovers } from "./look-at-leftovers.ts";
import { lookAtVersions } from "./look-at-versions.ts";
import { oneByOne } from "./one-by-one.ts";

/*
 * What each trigger does, apart from its registration with the host: decode, look. The reliability test
 * runs these, so that nothing but the triggers' own lines is left to the host.
 */

/** A gate of an update run was created or changed: judge the gates of its fleet's runs. */
export async function gateChanged(app: App, event: DeliveredEvent): Promise<void> {
  const logger = loggerOf(app.logger, event);
  const fleet = fleetOf(event);
  if (fleet) await lookAtRuns(atOneCommit({ ...app, logger }), { kind: "fleet", id: fleet }, "now");
  else logger.warn("the event names no gate of a fleet; nothing to look at");
}

/** A node pool began or ended a rolling upgrade: look at the runs of its cluster's fleet. */
export async function nodePoolRolled(app: App, event: DeliveredEvent): Promise<void> {
  const logger = loggerOf(app.logger, event);
  const cluster = clusterOf(event);
  if (cluster) {
    const here = atOneCommit({ ...app, logger });
    await lookAtRuns(here, { kind: "cluster", id: cluster }, "now");
    await lookAtLeftovers(here, cluster);
  } else logger.warn("the event names no managed cluster; nothing to look at");
}

/** A node image became available in a region: take the outgoing snapshots, propose it by pull request. */
export async function nodeImageReleased(app: App, event: DeliveredEvent): Promise<void> {
  const logger = loggerOf(app.logger, event);
  if (imageOf(event)) await lookAtNodeImages(atOneCommit({ ...app, logger }), "now");
  else logger.warn("the event names no node image of a region; nothing to look at");
}

/** A Kubernetes version came, or its support goes: propose it, or warn. */
export async function kubernetesVersionChanged(app: App, event: DeliveredEvent): Promise<void> {
  const logger = loggerOf(app.logger, event);
  const here = atOneCommit({ ...app, logger });
  const found = versionEventOf(event);
  if (!found || !(await isDeclaredCluster(here, found.cluster))) {
    logger.warn("the event names no version of a cluster of ours; nothing to look at");
    return;
  }
  const { cluster, support } = found;
  if (support) {
    const { state, version } = support;
    await recordSupport(app.store, { cluster, kubernetesVersion: version, state });
  }
  await lookAtVersions(here, "now");
}

/**
 * The same looks as the events ask for, so that no lost event matters: at what is due. Runs come first, for they are
 * listed every time: the answer sets Azure's clock, by which all else is due.
 */
export async function swept(app: App): Promise<void> {
  const here = atOneCommit(app);
  const looks: readonly (readonly [string, () => Promise<void>])[] = [
    ["runs", () => lookAtRuns(here, { kind: "everywhere" }, "when-due")],
    ["node images", () => lookAtNodeImages(here, "when-due")],
    ["leftovers", () => lookAtLeftovers(here)],
    ["event subscriptions", () => followMembers(here)],
    ["Kubernetes versions", () => lookAtVersions(here, "when-due")],
    // Last, so that what the looks found is told at once.
    ["messages", () => sendMessages(here)],
  ];
  await oneByOne(here.logger, looks, (look) => look());
}
