import type { ArmClient } from "../../shared/azure/arm-client.ts";
import {
  listClusterListeners,
  listListeners,
  listTopics,
  type EventListener,
} from "../../shared/azure/event-subscriptions.ts";
import { armKey, parseArmId } from "../../shared/core/arm-id.ts";
import { subscriptionsOf } from "../../shared/snapshot/fleet-clusters.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import { naming, type Diagnosis } from "./diagnosis.ts";

const GATES = "Microsoft.ResourceNotifications.AKSResources";
const GATE_EVENT = `${GATES}.FleetGateUpdated`;
const POOL_EVENT = "Microsoft.ContainerService.NodePoolRollingSucceeded";
/** Custom topics of a subscription that are asked who listens; Fleetwright needs one. */
const MAX_TOPICS = 20;
const DEPLOY = "deploy infra/subscriptions.bicep (docs/deploy.md)";

/** Who is told of gates. Without it the sweep looks once a minute: a delay, not a fault. */
export async function checkGateEvents(
  arm: ArmClient,
  subscription: string,
): Promise<readonly Diagnosis[]> {
  const topics = await listTopics(arm, subscription, "systemTopics");
  const topic = topics.find(({ topicType }) => topicType?.toLowerCase() === GATES.toLowerCase());
  const heard = topic !== undefined && (await listListeners(arm, topic.id)).some(hears(GATE_EVENT));
  return [
    heard
      ? { topic: "events", verdict: "ok", message: `gate events go through ${topic.name}` }
      : {
          topic: "events",
          verdict: "warning",
          message: topic
            ? `nobody listens to gate events of the system topic ${topic.name}`
            : `subscription ${subscription} has no system topic of ${GATES}`,
          remedy: `gates open up to a minute later; ${DEPLOY}`,
        },
  ];
}

/** One list per region, however many clusters there are. */
export async function checkClusterEvents(
  arm: ArmClient,
  clusters: readonly ManagedCluster[],
): Promise<readonly Diagnosis[]> {
  const heard = new Set<string>();
  for (const [subscription, region] of placesOf(clusters)) {
    const listeners = await listClusterListeners(arm, subscription, region);
    for (const one of listeners.filter(hears(POOL_EVENT))) heard.add(armKey(one.source));
  }
  const unheard = clusters.filter(({ id }) => !heard.has(armKey(id))).map(({ name }) => name);
  if (unheard.length === 0) {
    return [
      { topic: "events", verdict: "ok", message: "node pool events of every cluster are heard" },
    ];
  }
  return [
    {
      topic: "events",
      verdict: "warning",
      ...naming(unheard, (names) => `nobody listens to the node pool events of ${names}`),
      remedy: `verdicts and issues come up to a minute later; ${DEPLOY}`,
      subjects: unheard,
    },
  ];
}

/** The topic that carries new node images from one function to the other. */
export async function checkImageTopic(
  arm: ArmClient,
  subscriptions: readonly string[],
): Promise<readonly Diagnosis[]> {
  for (const subscription of subscriptions) {
    const topics = await listTopics(arm, subscription, "topics");
    for (const topic of topics.slice(0, MAX_TOPICS)) {
      const listeners = await listListeners(arm, topic.id);
      if (!listeners.some(({ id }) => /fleetwright/i.test(id))) continue;
      return [
        { topic: "events", verdict: "ok", message: `new node images go through ${topic.name}` },
      ];
    }
  }
  return [
    {
      topic: "events",
      verdict: "warning",
      message: "no custom topic has an event subscription of Fleetwright",
      remedy: `new node images are proposed up to ten minutes later; ${DEPLOY}`,
    },
  ];
}

function hears(type: string): (listener: EventListener) => boolean {
  return ({ eventTypes }) =>
    eventTypes.length === 0 || eventTypes.some((one) => one.toLowerCase() === type.toLowerCase());
}

function placesOf(clusters: readonly ManagedCluster[]): readonly (readonly [string, string])[] {
  const ids = clusters.map(({ id }) => id);
  return subscriptionsOf(ids).flatMap((subscription) => {
    const regions = clusters
      .filter(({ id }) => parseArmId(id).subscription.toLowerCase() === subscription)
      .map(({ location }) => location);
    return [...new Set(regions)].map((region) => [subscription, region] as const);
  });
}
