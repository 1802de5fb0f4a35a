import { setClusterState, setPoolState } from "./announce.ts";
import { SimulationError } from "./model.ts";
import type { ProvisioningState } from "./model.ts";
import { guid } from "./random.ts";
import { ABORTED, SUCCEEDED } from "./rolling-upgrade.ts";
import type { Outcome } from "./rolling-upgrade.ts";
import { OperationState } from "./state.ts";
import type { ClusterState, PoolState } from "./state.ts";
import { isForced } from "./unsatisfiable-budgets.ts";

/** Begins an operation of the whole cluster; nothing else may be in flight. */
export function beginClusterOperation(
  cluster: ClusterState,
  kind: string,
  state: ProvisioningState,
): OperationState {
  requireRunning(cluster, kind);
  refuseIfBusy(cluster);
  for (const pool of cluster.pools.values()) refuseIfPoolBusy(pool);
  const operation = newOperation(cluster, kind, undefined);
  cluster.operation = operation;
  setClusterState(cluster, state);
  return operation;
}

/** Begins an operation of one pool; other pools may have theirs. */
export function beginPoolOperation(
  pool: PoolState,
  kind: string,
  state: ProvisioningState,
): OperationState {
  const { cluster } = pool;
  requireRunning(cluster, kind);
  refuseIfBusy(cluster);
  refuseIfPoolBusy(pool);
  const operation = newOperation(cluster, kind, pool.name);
  pool.operation = operation;
  setPoolState(pool, state);
  return operation;
}

export function newOperation(
  cluster: ClusterState,
  kind: string,
  pool: string | undefined,
): OperationState {
  const { seed, timeline } = cluster.kernel;
  const id = guid(seed, `${cluster.id}/operations/${cluster.operations.size}`);
  const operation = new OperationState(id, kind, { pool, now: timeline.now });
  operation.forced = isForced(cluster);
  cluster.operations.set(id, operation);
  return operation;
}

/** Cluster and pools are busy for a while, and end as they were. */
export function settleIn(
  cluster: ClusterState,
  kind: string,
  milliseconds: number,
): OperationState {
  const before = cluster.provisioningState;
  const operation = beginClusterOperation(cluster, kind, "Updating");
  const pools = [...cluster.pools.values()].map((pool) => ({ pool, was: pool.provisioningState }));
  for (const { pool } of pools) {
    pool.operation = operation;
    setPoolState(pool, "Updating");
  }
  cluster.kernel.timeline.after(milliseconds, () => {
    if (operation.isOver) return;
    for (const { pool, was } of pools) {
      pool.operation = undefined;
      setPoolState(pool, was);
    }
    cluster.operation = undefined;
    setClusterState(cluster, before);
    settle(cluster, operation, SUCCEEDED);
  });
  return operation;
}

function requireRunning(cluster: ClusterState, kind: string): void {
  if (cluster.powerState === "Running" || kind === "Start" || kind === "Delete") return;
  throw new SimulationError(
    "OperationNotAllowed",
    `Managed cluster '${cluster.name}' is stopped: start it before ${kind} is possible.`,
  );
}

function refuseIfBusy({ operation, name, provisioningState }: ClusterState): void {
  if (operation === undefined) return;
  throw busy(operation.pool ?? name, provisioningState);
}

function refuseIfPoolBusy({ operation, name, provisioningState }: PoolState): void {
  if (operation === undefined) return;
  throw busy(name, provisioningState);
}

function busy(name: string, state: ProvisioningState): SimulationError {
  return new SimulationError(
    "OperationNotAllowed",
    `Another operation (${name} - ${state}) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details.`,
  );
}

export function endClusterOperation(
  cluster: ClusterState,
  operation: OperationState,
  outcome: Outcome = SUCCEEDED,
): void {
  if (operation.isOver) return;
  if (cluster.operation === operation) cluster.operation = undefined;
  setClusterState(cluster, outcome.status);
  settle(cluster, operation, outcome);
}

/** Undrainable nodes leave the managed cluster in the state of their pool; repairing all pools repairs it. */
export function endPoolOperation(
  pool: PoolState,
  operation: OperationState,
  outcome: Outcome = SUCCEEDED,
): void {
  const { cluster } = pool;
  if (operation.isOver) return;
  if (pool.operation === operation) pool.operation = undefined;
  pool.abort = undefined;
  setPoolState(pool, outcome.status);
  if (outcome.status !== "Succeeded") {
    if (outcome !== ABORTED) setClusterState(cluster, outcome.status);
  } else if (cluster.provisioningState !== "Succeeded" && arePoolsWell(cluster)) {
    setClusterState(cluster, "Succeeded");
  }
  settle(cluster, operation, outcome);
}

function arePoolsWell(cluster: ClusterState): boolean {
  if (cluster.operation !== undefined) return false;
  return [...cluster.pools.values()].every(
    ({ provisioningState }) => provisioningState !== "Failed" && provisioningState !== "Canceled",
  );
}

export function settle(cluster: ClusterState, operation: OperationState, outcome: Outcome): void {
  if (operation.isOver) return;
  operation.endedAt = cluster.kernel.timeline.now;
  operation.status = outcome.status;
  if (outcome.status !== "Succeeded") {
    operation.error = outcome.error;
    operation.onlyQuarantine = outcome.onlyQuarantine;
  }
  for (const listener of operation.whenEnded) listener();
}
