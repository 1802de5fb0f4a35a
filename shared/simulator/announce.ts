import type {
  NodeChange,
  NodeEvent,
  ProvisioningState,
  Transition,
  WorkloadSpec,
} from "./model.ts";
import { NodeEventState } from "./state.ts";
import type { ClusterState, NodeState, PodState, PoolState } from "./state.ts";

/** The API server keeps events for an hour; this many are more than an hour of upgrades of a large pool. */
export const MAX_NODE_EVENTS = 1_000;

type Resource = Extract<Transition, { kind: "object" }>["resource"];
type ObjectChange = Extract<Transition, { kind: "object" }>["change"];

/** What watchers of a workload ask for; a pod of its own is told as a pod. */
export function resourceOf(
  kind: WorkloadSpec["kind"],
): "daemonsets" | "deployments" | "statefulsets" | undefined {
  switch (kind) {
    case "DaemonSet":
      return "daemonsets";
    case "Deployment":
      return "deployments";
    case "StatefulSet":
      return "statefulsets";
    case "Pod":
      return undefined;
  }
}

export function announceObject(
  cluster: ClusterState,
  resource: Resource,
  change: ObjectChange,
  object: { readonly namespace?: string; readonly name: string },
): void {
  const { hub, timeline } = cluster.kernel;
  if (!hub.listening || !cluster.alive) return;
  hub.emit({
    at: timeline.now,
    kind: "object",
    cluster: cluster.id,
    resource,
    change,
    namespace: object.namespace,
    name: object.name,
  });
}

export function announceNode(
  node: NodeState,
  change: NodeChange,
  { detail, object = "MODIFIED" }: { detail?: string; object?: ObjectChange } = {},
): void {
  const { cluster } = node.owner;
  const { hub, timeline } = cluster.kernel;
  if (!hub.listening || !cluster.alive) return;
  hub.emit({
    at: timeline.now,
    kind: "node",
    cluster: cluster.id,
    pool: node.pool,
    node: node.name,
    change,
    ...(detail !== undefined && { detail }),
  });
  announceObject(cluster, "nodes", object, { name: node.name });
}

export function announcePool(
  pool: PoolState,
  change: Extract<Transition, { kind: "pool" }>["change"],
): void {
  const { cluster } = pool;
  const { hub, timeline } = cluster.kernel;
  if (!hub.listening || !cluster.alive) return;
  hub.emit({
    at: timeline.now,
    kind: "pool",
    cluster: cluster.id,
    pool: pool.name,
    change,
  });
}

export function announceCluster(
  cluster: ClusterState,
  change: Extract<Transition, { kind: "cluster" }>["change"],
): void {
  const { hub, timeline } = cluster.kernel;
  if (hub.listening) hub.emit({ at: timeline.now, kind: "cluster", cluster: cluster.id, change });
}

export function setPoolState(pool: PoolState, state: ProvisioningState): void {
  pool.provisioningState = state;
  announcePool(pool, "Changed");
}

export function setClusterState(cluster: ClusterState, state: ProvisioningState): void {
  cluster.provisioningState = state;
  announceCluster(cluster, "Changed");
}

export function recordNodeEvent(
  node: NodeState,
  event: Pick<NodeEvent, "type" | "reason" | "message"> & { readonly pod?: PodState },
): NodeEventState {
  const { cluster } = node.owner;
  const recorded = new NodeEventState(node, event);
  cluster.nodeEvents.push(recorded);
  if (cluster.nodeEvents.length > MAX_NODE_EVENTS) cluster.nodeEvents.shift();
  announceObject(cluster, "events", "ADDED", { namespace: "default", name: node.name });
  return recorded;
}

/** The same thing again: one event that counts, as the API server's events do. */
export function repeatNodeEvent(cluster: ClusterState, event: NodeEventState): void {
  event.count += 1;
  announceObject(cluster, "events", "MODIFIED", { namespace: "default", name: event.node });
}
