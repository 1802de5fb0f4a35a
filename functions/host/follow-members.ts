import { MINUTE } from "../../shared/core/duration.ts";
import { isError, toError } from "../../shared/core/errors.ts";
import { placesOf, planSubscriptions } from "../../shared/update-run/follow-members.ts";
import type { SubscriptionPlan } from "../../shared/update-run/follow-members.ts";
import type { ClusterSubscriptionPort } from "../../shared/update-run/follow-members.ts";
import { writeRow } from "../../shared/update-run/ledger.ts";
import type { App } from "./compose.ts";
import { declaredMembers, exclusively } from "./look.ts";

/** A cluster that joined is heard of this late; until then the sweep looks at it. */
const LOOK_AGAIN_MILLISECONDS = 10 * MINUTE;
/** Each is validated by a delivery and takes a second or two; the rest comes with the next look. */
const MAX_WRITES_PER_LOOK = 20;

interface Followed {
  readonly nextCheckAt: number;
  /** Where we ever had subscriptions: the last member of a region may have left. */
  readonly places: readonly string[];
}

const ROW = { partition: "event-subscriptions", row: "followed" } as const;

/** Subscribes to the events of clusters that joined a declared fleet, and takes back those of clusters that left. */
export async function followMembers(app: App): Promise<void> {
  const { subscriptions } = app;
  if (!subscriptions) return;
  await exclusively(app, "event-subscriptions", async () => {
    const known = await app.store.get<Followed>(ROW.partition, ROW.row);
    const now = app.clock.now();
    if ((known?.value.nextCheckAt ?? 0) > now) return;
    const members = await declaredMembers(app);
    const places = [...new Set([...placesOf(members), ...(known?.value.places ?? [])])];
    const existing = await Promise.all(
      places.map((place) => {
        const [subscription = "", region = ""] = place.split("/");
        return subscriptions.listOurs(subscription, region);
      }),
    );
    const plan = planSubscriptions(members, existing.flat());
    const left = await carryOut(app, subscriptions, plan);
    const nextCheckAt = left > 0 ? now : now + LOOK_AGAIN_MILLISECONDS;
    await writeRow(app.store, ROW.partition, ROW.row, { nextCheckAt, places });
  });
}

/** @returns how many changes are left for the next look. */
async function carryOut(
  { logger }: App,
  port: ClusterSubscriptionPort,
  { create, remove }: SubscriptionPlan,
): Promise<number> {
  const changes = [
    ...remove.map(({ id, cluster }) => ({
      what: "event subscription removed",
      cluster,
      write: () => port.remove(id),
    })),
    ...create.map(({ cluster, wanted }) => ({
      what: "event subscription created",
      cluster,
      write: () => port.create(cluster, wanted),
    })),
  ];
  for (const { what, cluster, write } of changes.slice(0, MAX_WRITES_PER_LOOK)) {
    try {
      await write();
      logger.info(what, { cluster });
    } catch (error) {
      // Without events the sweep sees the cluster: the others must not go without for the sake of one.
      logger.warn("an event subscription could not be changed", {
        cluster,
        why: toError(error).message,
      });
      if (isError(error, "unauthorized")) return 0;
    }
  }
  return Math.max(0, changes.length - MAX_WRITES_PER_LOOK);
}
