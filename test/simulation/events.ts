import type { Transition, World } from "../../shared/simulator/model.ts";
import type { Chance } from "./chance.ts";
import { FLEET, SUBSCRIPTION } from "./cloud.ts";
import type { Sightings } from "./coverage.ts";
import type { FaultOptions } from "./faults.ts";

/** What Event Grid carries, as far as the handlers read it. */
export type Delivery =
  | { readonly trigger: "gate"; readonly event: Typed & { readonly subject: string } }
  | { readonly trigger: "node-pool"; readonly event: Typed & { readonly source: string } }
  | { readonly trigger: "node-image"; readonly event: Typed & { readonly data: unknown } }
  | {
      readonly trigger: "kubernetes-version";
      readonly event: Typed & { readonly source: string; readonly data: unknown };
    };

interface Typed {
  readonly type: string;
}

interface Queued {
  readonly at: number;
  /** Order in which events happened. */
  readonly order: number;
  readonly attempt: number;
  readonly delivery: Delivery;
}

export interface EventGrid {
  push(delivery: Delivery): void;
  takeDue(): readonly Queued[];
  /** A handler that failed is asked again later. */
  redeliver(queued: Queued): void;
}

const MINUTE = 60_000;
const MOST_ATTEMPTS = 4;

/** Event Grid as it is: at least once at best, in no order, sometimes never. */
export function createEventGrid(
  world: World,
  { chance, seen, luck }: { chance: Chance; seen: Sightings; luck: () => FaultOptions },
): EventGrid {
  let queue: Queued[] = [];
  let happened = 0;
  let newest = -1;
  const later = (): number => world.now + (1 + chance.below(60)) * MINUTE;
  const push = (delivery: Delivery): void => {
    const order = happened++;
    const { eventLost, eventDuplicated, eventCopies, eventDelayed } = luck();
    if (chance.happens(eventLost)) {
      if (delivery.trigger === "kubernetes-version") seen.add("event of a Kubernetes version lost");
      return void seen.add("event lost");
    }
    const copies = chance.happens(eventDuplicated) ? 2 + chance.below(eventCopies - 1) : 1;
    if (copies > 1) seen.add("event duplicated");
    for (let copy = 0; copy < copies; copy++) {
      const delayed = chance.happens(eventDelayed);
      if (delayed) seen.add("event delayed");
      queue.push({ at: delayed ? later() : world.now, order, attempt: 1, delivery });
    }
  };
  world.subscribe((transition) => {
    const delivery = deliveryOf(transition);
    if (delivery) push(delivery);
  });
  return {
    push,
    takeDue() {
      if (chance.happens(luck().foreignEventPerStep)) {
        seen.add("event of a foreign resource");
        queue.push({ at: world.now, order: happened++, attempt: MOST_ATTEMPTS, delivery: FOREIGN });
      }
      const due = queue.filter(({ at }) => at <= world.now);
      if (due.length === 0) return due;
      queue = queue.filter(({ at }) => at > world.now);
      // Deliveries of one moment come in any order.
      due.sort(() => chance.draw() - 0.5);
      for (const { order } of due) {
        if (order < newest) seen.add("events reordered");
        newest = Math.max(newest, order);
      }
      return due;
    },
    redeliver(queued) {
      if (queued.attempt >= MOST_ATTEMPTS) return;
      seen.add("event redelivered");
      queue.push({ ...queued, at: later(), attempt: queued.attempt + 1 });
    },
  };
}

const GATE_UPDATED = "Microsoft.ResourceNotifications.AKSResources.FleetGateUpdated";

/** Well formed, and of nothing that is declared. */
const FOREIGN: Delivery = {
  trigger: "gate",
  event: {
    type: GATE_UPDATED,
    subject: `/subscriptions/${SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.ContainerService/fleets/other/gates/g`,
  },
};

function deliveryOf(transition: Transition): Delivery | undefined {
  if (transition.kind === "gate") {
    const subject = `${FLEET}/gates/${transition.gate}`;
    return { trigger: "gate", event: { type: GATE_UPDATED, subject } };
  }
  if (transition.kind === "pool" && transition.change.startsWith("Rolling")) {
    const type = "Microsoft.ContainerService.NodePoolRollingSucceeded";
    return { trigger: "node-pool", event: { type, source: transition.cluster } };
  }
  return undefined;
}
