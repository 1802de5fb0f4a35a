import type { Cluster, Instant, NodePool, Operation } from "../../shared/simulator/model.ts";
import { clusterId, clusterKey } from "../arm/ids.ts";
import type { LongRunningOperation, Operations } from "../arm/operations.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { notFound } from "../arm/refusal.ts";
import type { ResourceStore } from "../arm/store.ts";
import type { Environment, WireReply } from "../service.ts";

/** What the parts of the AKS provider share. The world is the truth; stores keep what callers wrote beside it. */
export interface AksContext {
  readonly environment: Environment;
  readonly operations: Operations;
  readonly clusters: ResourceStore;
  readonly pools: ResourceStore;
  readonly snapshots: ResourceStore;
  readonly maintenance: ResourceStore;
  /** By id: what `runCommand` began. */
  readonly commands: Map<string, CommandResult>;
}

/** A command that runs, or has run, in a cluster. */
export interface CommandResult {
  readonly clusterId: string;
  readonly startedAt: Instant;
  end: { readonly at: Instant; readonly exitCode: number; readonly logs: string } | undefined;
}

export interface ClusterTarget {
  readonly id: string;
  readonly cluster: Cluster;
}

export interface PoolTarget extends ClusterTarget {
  readonly poolId: string;
  readonly pool: NodePool;
}

/** Id and world key of the cluster that a request names, whether it exists or not. */
export function clusterIds(request: ArmRequest): { id: string; key: string; name: string } {
  const name = request.segments[0]?.[1] ?? "";
  const group = request.resourceGroup ?? "";
  return {
    id: clusterId(request.subscription, group, name),
    key: clusterKey(request.subscription, group, name),
    name,
  };
}

export function requireCluster(context: AksContext, request: ArmRequest): ClusterTarget {
  const { id, key } = clusterIds(request);
  const cluster = context.environment.world.clusters.get(key);
  if (!cluster) throw notFound(id);
  return { id: context.clusters.get(id)?.id ?? id, cluster };
}

export function requirePool(context: AksContext, request: ArmRequest): PoolTarget {
  const target = requireCluster(context, request);
  const name = request.segments[1]?.[1]?.toLowerCase() ?? "";
  const pool = target.cluster.pools.get(name);
  const poolId = `${target.id}/agentPools/${name}`;
  if (!pool) throw new ArmError(404, "NotFound", `The agent pool ${poolId} was not found.`);
  return { ...target, poolId, pool };
}

/** Several operations of the world as one of ARM: over when all are, failed when one is. */
export function clusterOperation(
  request: ArmRequest,
  cluster: Cluster,
  begun: readonly [Operation, ...Operation[]],
  result?: () => WireReply,
): LongRunningOperation {
  // The world may replace an operation's record as it goes on: look it up at every poll.
  const current = (): Operation[] => begun.map((one) => cluster.operations.get(one.id) ?? one);
  return {
    id: begun[0].id,
    subscription: request.subscription,
    location: cluster.region,
    state() {
      const operations = current();
      const running = operations.some(({ status }) => status === "InProgress");
      const bad = operations.find(({ status }) => status === "Failed" || status === "Canceled");
      const ends = operations.map(({ endedAt }) => endedAt ?? 0);
      return {
        status: running ? "InProgress" : (bad?.status ?? "Succeeded"),
        startedAt: begun[0].startedAt,
        endedAt: running ? undefined : Math.max(...ends),
        error: running ? undefined : bad?.error,
      };
    },
    ...(result ? { result } : {}),
  };
}

/** PUT answers with the operation alone: clients then read the resource at its own address. */
export function putHeaders(
  context: AksContext,
  request: ArmRequest,
  operation: LongRunningOperation,
): Record<string, string> {
  const { Location: _location, ...headers } = context.operations.track(
    operation,
    request.apiVersion,
  );
  return headers;
}
