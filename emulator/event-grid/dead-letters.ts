import { MINUTE } from "../../shared/core/duration.ts";
import type { JsonObject } from "../arm/json.ts";
import type { EventSubscription } from "./event-subscription.ts";
import { toCloudEvent, toEventGridEvent } from "./grid-event.ts";
import type { GridEvent } from "./grid-event.ts";
import { outcomeName } from "./retry.ts";
import type { DeadLetterReason, Outcome } from "./retry.ts";

/** Event Grid waits so long before it writes a dead letter (event-grid/delivery-and-retry.md). */
const DEAD_LETTER_DELAY = 5 * MINUTE;
/** Letters kept for reading; the oldest go first. */
const MAX_DEAD_LETTERS = 10_000;

export interface DeadLetter {
  readonly subscription: EventSubscription;
  readonly event: GridEvent;
  readonly reason: DeadLetterReason;
  readonly attempts: number;
  readonly outcome: Outcome | undefined;
  readonly publishedAt: number;
  readonly lastAttemptAt: number | undefined;
}

/** What could not be delivered, in the form of the blobs that Event Grid writes. */
export class DeadLetters {
  readonly delayMilliseconds = DEAD_LETTER_DELAY;
  readonly #letters: JsonObject[] = [];

  add(letter: DeadLetter): void {
    this.#letters.push(render(letter));
    if (this.#letters.length > MAX_DEAD_LETTERS) this.#letters.shift();
  }

  /** Oldest first. */
  list(): readonly JsonObject[] {
    return this.#letters;
  }
}

function render(letter: DeadLetter): JsonObject {
  const { subscription, event } = letter;
  const isCloudEvent = subscription.schema === "CloudEventSchemaV1_0";
  return {
    ...(isCloudEvent ? toCloudEvent(event) : toEventGridEvent(event)),
    deadLetterReason: letter.reason,
    deliveryAttempts: letter.attempts,
    lastDeliveryOutcome: outcomeName(letter.outcome),
    publishTime: new Date(letter.publishedAt).toISOString(),
    ...(letter.lastAttemptAt === undefined
      ? {}
      : { lastDeliveryAttemptTime: new Date(letter.lastAttemptAt).toISOString() }),
    eventSubscription: subscription.id,
  };
}
