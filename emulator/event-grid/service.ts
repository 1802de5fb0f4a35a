import type { ResourceProvider } from "../arm/provider.ts";
import { guidFrom } from "../guid.ts";
import type { ControlService, Environment, Service } from "../service.ts";
import { createEventGridControl } from "./control.ts";
import type { EmittedEvent } from "./control.ts";
import { DeadLetters } from "./dead-letters.ts";
import { DeliveryEngine, newCounters } from "./delivery.ts";
import type { DeliveryFaults, EventCounters } from "./delivery.ts";
import { matchesFilter } from "./filter.ts";
import type { GridEvent } from "./grid-event.ts";
import { createEventGridProvider } from "./provider.ts";
import { createPublishService } from "./publish.ts";
import { Registry, customRoute, systemRoute } from "./registry.ts";
import { systemEventsOf } from "./sources.ts";
import { topicTypeOfEvent } from "./topic-types.ts";
import { createWebhookClient } from "./webhook.ts";

export interface EventGrid {
  /** Data plane: publishing to custom topics. */
  readonly service: Service;
  readonly providers: ResourceProvider[];
  /** What lies under `/_emulator` for tests (control.ts). */
  readonly control: ControlService;
  readonly counters: EventCounters;
  setDelivery(faults: DeliveryFaults): void;
  close(): void;
}

/** The local Event Grid: system topics of the world, custom topics, push to webhooks. */
export function createEventGrid(environment: Environment): EventGrid {
  const { world, pacer } = environment;
  const registry = new Registry();
  const counters = newCounters();
  const deadLetters = new DeadLetters();
  const client = createWebhookClient(() => environment.caPem);
  const engine = new DeliveryEngine({
    pacer,
    client,
    deadLetters,
    counters,
    subscription: (id) => registry.subscription(id),
  });
  const publish = (route: string, event: GridEvent): void => {
    for (const subscription of registry.listeners(route)) {
      if (matchesFilter(event, subscription.filter)) engine.enqueue(subscription, event);
    }
  };
  /** Azure makes no event of a resource that nobody listens to. */
  const publishSystem = (source: string, topicType: string, event: GridEvent): void => {
    const route = systemRoute(source, topicType);
    if (registry.listeners(route).length === 0) return;
    counters.published += 1;
    publish(route, event);
  };
  let sequence = 0;
  const unsubscribe = world.subscribe((transition) => {
    if (!["pool", "gate", "version"].includes(transition.kind)) return;
    sequence += 1;
    for (const emitted of systemEventsOf(world, transition, sequence)) {
      publishSystem(emitted.source, emitted.topicType, emitted.event);
    }
  });
  const emit = (emitted: EmittedEvent): boolean => {
    const topicType = topicTypeOfEvent(emitted.type);
    if (!topicType) return false;
    sequence += 1;
    const id = guidFrom(`emitted event ${sequence}`);
    publishSystem(emitted.source, topicType.name, gridEvent(emitted, id, pacer.now()));
    return true;
  };
  const setDelivery = (faults: DeliveryFaults): void => engine.setFaults(faults);

  return {
    service: createPublishService({
      environment,
      registry,
      accept(topic, events) {
        counters.published += events.length;
        for (const event of events) publish(customRoute(topic.id), event);
      },
    }),
    providers: [
      createEventGridProvider({
        registry,
        world,
        pacer,
        client,
        origin: () => environment.origin(),
      }),
    ],
    control: createEventGridControl({ counters, deadLetters, setDelivery, emit }),
    counters,
    setDelivery,
    close() {
      unsubscribe();
      engine.close();
      client.close();
    },
  };
}

function gridEvent(
  { type, source, subject, data }: EmittedEvent,
  id: string,
  now: number,
): GridEvent {
  const time = new Date(now).toISOString();
  return { id, source, type, subject, time, dataVersion: "1", attributes: { data } };
}
