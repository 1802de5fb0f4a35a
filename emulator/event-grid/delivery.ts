import { MINUTE, SECOND } from "../../shared/core/duration.ts";
import type { Pacer } from "../service.ts";
import { draw } from "./chance.ts";
import type { DeadLetter, DeadLetters } from "./dead-letters.ts";
import type { EventSubscription } from "./event-subscription.ts";
import { attributeHeaders } from "./delivery-attributes.ts";
import { encodeEvent } from "./grid-event.ts";
import type { GridEvent } from "./grid-event.ts";
import { nextStep } from "./retry.ts";
import type { DeadLetterReason, Outcome } from "./retry.ts";
import type { WebhookClient } from "./webhook.ts";

/** Deliveries of one subscription under way at once; the others of it wait their turn. */
const MAX_CONCURRENT_DELIVERIES = 8;
/** Deliveries waiting or under way: thousands of clusters may roll at once, memory stays bounded. */
const MAX_PENDING_DELIVERIES = 200_000;
/** Shuffled deliveries are spread over this much virtual time. */
const SHUFFLE_SPREAD = 60 * SECOND;

export interface EventCounters {
  /** Events taken in, at a custom topic or from a resource that somebody listens to. */
  published: number;
  /** Answered with success; a duplicate counts as well. */
  delivered: number;
  /** Attempts after the first. */
  retried: number;
  /** Deliveries made on purpose beside the one that is due. */
  duplicated: number;
  /** Deliveries withheld on purpose, or for want of room. */
  lost: number;
  deadLettered: number;
  /** Given up without a dead letter destination. */
  dropped: number;
  /** Deliveries that are neither done nor given up. */
  pending: number;
  /** Of these, requests that a webhook has not answered yet. */
  underWay: number;
}

/** What a test does to every delivery from now on. At-least-once and unordered is what Azure promises. */
export interface DeliveryFaults {
  /** Additional deliveries of each event: 9 delivers it ten times. Default 0. */
  readonly duplicates?: number;
  /** Deliveries come in any order, spread over a virtual minute. Default false. */
  readonly shuffle?: boolean;
  /** Fraction of events that a subscription never gets. Default 0. */
  readonly lose?: number;
  readonly seed?: number;
}

interface Delivery {
  readonly subscriptionId: string;
  readonly event: GridEvent;
  readonly copy: number;
  readonly publishedAt: number;
  attempts: number;
  lastAttemptAt: number | undefined;
  lastOutcome: Outcome | undefined;
}

interface Lane {
  readonly waiting: Delivery[];
  underWay: number;
}

export interface DeliveryDeps {
  readonly pacer: Pacer;
  readonly client: WebhookClient;
  readonly deadLetters: DeadLetters;
  readonly counters: EventCounters;
  /** The subscription as it is now; undefined once it is deleted. */
  readonly subscription: (id: string) => EventSubscription | undefined;
}

/** Brings events to webhooks: one event per request, at least once, in no order. */
export class DeliveryEngine {
  readonly #deps: DeliveryDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #timers = new Set<() => void>();
  #faults: DeliveryFaults = {};
  #closed = false;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
  }

  setFaults(faults: DeliveryFaults): void {
    this.#faults = faults;
  }

  enqueue(subscription: EventSubscription, event: GridEvent): void {
    const { counters, pacer } = this.#deps;
    const { duplicates = 0, lose = 0, seed = 0 } = this.#faults;
    const copies = 1 + duplicates;
    const isFull = counters.pending + copies > MAX_PENDING_DELIVERIES;
    if (isFull || draw(seed, "lose", subscription.id, event.id) < lose) {
      counters.lost += 1;
      return;
    }
    counters.pending += copies;
    counters.duplicated += duplicates;
    const publishedAt = pacer.now();
    for (let copy = 0; copy < copies; copy += 1) {
      this.#begin({
        subscriptionId: subscription.id,
        event,
        copy,
        publishedAt,
        attempts: 0,
        lastAttemptAt: undefined,
        lastOutcome: undefined,
      });
    }
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#lanes.clear();
  }

  #begin(delivery: Delivery): void {
    const { shuffle = false, seed = 0 } = this.#faults;
    if (!shuffle) return this.#admit(delivery);
    const chance = draw(seed, "shuffle", delivery.subscriptionId, delivery.event.id, delivery.copy);
    this.#later(Math.round(chance * SHUFFLE_SPREAD), () => this.#admit(delivery));
  }

  #later(milliseconds: number, task: () => void): void {
    const cancel = this.#deps.pacer.at(this.#deps.pacer.now() + milliseconds, () => {
      this.#timers.delete(cancel);
      task();
    });
    this.#timers.add(cancel);
  }

  #admit(delivery: Delivery): void {
    const lane = this.#lane(delivery.subscriptionId);
    lane.waiting.push(delivery);
    this.#pump(lane);
  }

  #lane(subscriptionId: string): Lane {
    const lane = this.#lanes.get(subscriptionId) ?? { waiting: [], underWay: 0 };
    this.#lanes.set(subscriptionId, lane);
    return lane;
  }

  #pump(lane: Lane): void {
    while (!this.#closed && lane.underWay < MAX_CONCURRENT_DELIVERIES) {
      const delivery = lane.waiting.shift();
      if (!delivery) return;
      lane.underWay += 1;
      this.#deps.counters.underWay += 1;
      void this.#attempt(delivery).finally(() => {
        lane.underWay -= 1;
        this.#deps.counters.underWay -= 1;
        this.#pump(lane);
      });
    }
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { counters, pacer, subscription: find } = this.#deps;
    const subscription = find(delivery.subscriptionId);
    if (!subscription) {
      counters.pending -= 1;
      return;
    }
    const { retryPolicy } = subscription;
    const age = pacer.now() - delivery.publishedAt;
    if (delivery.attempts > 0 && age >= retryPolicy.eventTimeToLiveInMinutes * MINUTE) {
      this.#giveUp(delivery, subscription, "TimeToLiveExceeded");
      return;
    }
    const outcome = await this.#send(delivery, subscription);
    if (!this.#closed) this.#conclude(delivery, subscription, outcome);
  }

  async #send(delivery: Delivery, subscription: EventSubscription): Promise<Outcome> {
    const { contentType, body } = encodeEvent(delivery.event, subscription.schema);
    const deliveryCount = delivery.attempts;
    delivery.attempts += 1;
    delivery.lastAttemptAt = this.#deps.pacer.now();
    if (deliveryCount > 0) this.#deps.counters.retried += 1;
    return this.#deps.client.send({
      method: "POST",
      url: subscription.endpointUrl,
      headers: {
        ...attributeHeaders(subscription.attributes, delivery.event),
        "content-type": contentType,
        "aeg-event-type": "Notification",
        "aeg-subscription-name": subscription.name.toUpperCase(),
        "aeg-delivery-count": String(deliveryCount),
        "aeg-data-version": delivery.event.dataVersion,
        "aeg-metadata-version": "1",
      },
      body,
    });
  }

  #conclude(delivery: Delivery, subscription: EventSubscription, outcome: Outcome): void {
    const { event, copy, attempts } = delivery;
    delivery.lastOutcome = outcome;
    const seed = this.#faults.seed ?? 0;
    const chance = draw(seed, "retry", subscription.id, event.id, copy, attempts);
    const step = nextStep({ outcome, attempts, policy: subscription.retryPolicy, chance });
    switch (step.kind) {
      case "done":
        this.#deps.counters.delivered += 1;
        this.#deps.counters.pending -= 1;
        return;
      case "retry":
        this.#later(step.delayMilliseconds, () => this.#admit(delivery));
        return;
      case "give-up":
        this.#giveUp(delivery, subscription, step.reason);
        return;
    }
  }

  #giveUp(delivery: Delivery, subscription: EventSubscription, reason: DeadLetterReason): void {
    const { counters, deadLetters } = this.#deps;
    counters.pending -= 1;
    if (!subscription.deadLetterDestination) {
      counters.dropped += 1;
      return;
    }
    counters.deadLettered += 1;
    const letter: DeadLetter = {
      subscription,
      event: delivery.event,
      reason,
      attempts: delivery.attempts,
      outcome: delivery.lastOutcome,
      publishedAt: delivery.publishedAt,
      lastAttemptAt: delivery.lastAttemptAt,
    };
    this.#later(deadLetters.delayMilliseconds, () => deadLetters.add(letter));
  }
}

export function newCounters(): EventCounters {
  return {
    published: 0,
    delivered: 0,
    retried: 0,
    duplicated: 0,
    lost: 0,
    deadLettered: 0,
    dropped: 0,
    pending: 0,
    underWay: 0,
  };
}
