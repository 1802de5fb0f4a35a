import type { ArmId } from "../../shared/core/arm-id.ts";

/** Event Grid delivers either of its two schemas, as the subscription says: only what is read here. */
export interface DeliveredEvent {
  /** CloudEvents 1.0. */
  readonly source?: unknown;
  /** Event Grid schema. */
  readonly topic?: unknown;
  readonly subject?: unknown;
}

const CLUSTER =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerService\/managedClusters\/[^/]+$/i;
const GATE =
  /^(\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerService\/fleets\/[^/]+)\/gates\/[^/]+$/i;

/** The managed cluster that an AKS event came from. */
export function clusterOf(event: DeliveredEvent): ArmId | undefined {
  const id = event.source ?? event.topic;
  return typeof id === "string" && CLUSTER.test(id) ? id : undefined;
}

/** The fleet of the gate that a gate event is about. */
export function fleetOf(event: DeliveredEvent): ArmId | undefined {
  return typeof event.subject === "string" ? GATE.exec(event.subject)?.[1] : undefined;
}
