import { autoscalersV1 } from "./autoscalers-v1.ts";
import { controllerRevisions } from "./controller-revisions.ts";
import { daemonSets } from "./daemon-sets.ts";
import { deployments } from "./deployments.ts";
import { disruptionBudgets } from "./disruption-budgets.ts";
import { coreEvents, events } from "./events.ts";
import { leases } from "./leases.ts";
import { nodeMetrics, podMetrics } from "./metrics.ts";
import { namespaces } from "./namespaces.ts";
import { nodes } from "./nodes.ts";
import { plainResources } from "./plain-resources.ts";
import { pods } from "./pods.ts";
import { replicaSets } from "./replica-sets.ts";
import type { Resource } from "./resource.ts";
import { statefulSets } from "./stateful-sets.ts";

/** Every kind of object that the API serves, in the order of discovery. */
export const RESOURCES: readonly Resource[] = [
  coreEvents,
  namespaces,
  nodes,
  pods,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  controllerRevisions,
  events,
  disruptionBudgets,
  leases,
  ...plainResources,
  autoscalersV1(),
  nodeMetrics,
  podMetrics,
];

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return RESOURCES.find(
    (resource) =>
      resource.group === group && resource.version === version && resource.plural === plural,
  );
}

/** Groups that have more than one; asked for every request. */
const VERSIONED = new Set(["autoscaling"]);

/** The same kind in other versions. */
export function otherVersions({ group, plural, version }: Resource): readonly Resource[] {
  const isOther = (one: Resource): boolean =>
    one.group === group && one.plural === plural && one.version !== version;
  return VERSIONED.has(group) ? RESOURCES.filter(isOther) : [];
}
