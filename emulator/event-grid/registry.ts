import { armKey } from "../../shared/core/arm-id.ts";
import type { JsonObject } from "../arm/json.ts";
import type { EventSubscription } from "./event-subscription.ts";
import type { EventSchema } from "./grid-event.ts";

/** A custom topic. */
export interface Topic {
  readonly id: string;
  readonly name: string;
  readonly inputSchema: EventSchema;
  readonly disableLocalAuth: boolean;
  /** `key1` and `key2`, base64. */
  readonly keys: readonly [string, string];
  /** As it was PUT. */
  readonly body: JsonObject;
}

/** The events that a resource of Azure emits by itself. */
export interface SystemTopic {
  readonly id: string;
  readonly name: string;
  /** ARM id of the emitter. */
  readonly source: string;
  readonly topicType: string;
  readonly body: JsonObject;
}

/** Everything that ARM created, and who listens to what. */
export class Registry {
  readonly topics = new Map<string, Topic>();
  readonly systemTopics = new Map<string, SystemTopic>();
  readonly #subscriptions = new Map<string, EventSubscription>();
  readonly #byRoute = new Map<string, Map<string, EventSubscription>>();

  subscription(id: string): EventSubscription | undefined {
    return this.#subscriptions.get(armKey(id));
  }

  subscriptions(): readonly EventSubscription[] {
    return [...this.#subscriptions.values()];
  }

  /** The subscriptions that hear of the events of one route. */
  listeners(route: string): readonly EventSubscription[] {
    return [...(this.#byRoute.get(route)?.values() ?? [])];
  }

  putSubscription(subscription: EventSubscription): void {
    const key = armKey(subscription.id);
    this.deleteSubscription(subscription.id);
    this.#subscriptions.set(key, subscription);
    const listeners = this.#byRoute.get(subscription.route) ?? new Map();
    listeners.set(key, subscription);
    this.#byRoute.set(subscription.route, listeners);
  }

  deleteSubscription(id: string): boolean {
    const key = armKey(id);
    const found = this.#subscriptions.get(key);
    if (!found) return false;
    this.#subscriptions.delete(key);
    this.#byRoute.get(found.route)?.delete(key);
    return true;
  }

  /** A topic takes its subscriptions with it. */
  deleteSubscriptionsOf(topicId: string): void {
    for (const subscription of this.subscriptions()) {
      if (armKey(subscription.topicId) === armKey(topicId))
        this.deleteSubscription(subscription.id);
    }
  }

  /** Topics of a resource group, and whatever listens to its resources. */
  deleteGroup(groupId: string): void {
    const prefix = `${armKey(groupId)}/`;
    for (const topics of [this.topics, this.systemTopics]) {
      for (const key of topics.keys()) if (key.startsWith(prefix)) topics.delete(key);
    }
    for (const { id } of this.subscriptions()) {
      if (armKey(id).startsWith(prefix)) this.deleteSubscription(id);
    }
  }

  topicNamed(name: string): Topic | undefined {
    const wanted = name.toLowerCase();
    return [...this.topics.values()].find((topic) => topic.name.toLowerCase() === wanted);
  }

  /** Azure keeps one system topic per source and kind of events. */
  systemTopicOf(source: string, topicType: string): SystemTopic | undefined {
    const wanted = systemRoute(source, topicType);
    return [...this.systemTopics.values()].find(
      (topic) => systemRoute(topic.source, topic.topicType) === wanted,
    );
  }
}

export function customRoute(topicId: string): string {
  return armKey(topicId);
}

export function systemRoute(source: string, topicType: string): string {
  return `${topicType.toLowerCase()}|${armKey(source)}`;
}
