import { announcePool } from "./announce.ts";
import { advancePools, requireUpgradePath, upgradeControlPlane } from "./cluster-upgrade.ts";
import { growthNeed, requireQuota, surgeNeed } from "./machine-need.ts";
import type { Need } from "./machine-need.ts";
import { SimulationError } from "./model.ts";
import type { ClusterChange, PoolChange, ProvisioningState } from "./model.ts";
import { removeNodes } from "./node-removal.ts";
import { beginClusterOperation } from "./operations.ts";
import {
  applyChange,
  blockedByScaling,
  isUpgrade,
  newPool,
  requirePool,
  requireSkew,
  stateDuring,
  validateChange,
} from "./pool-operations.ts";
import type { ClusterState, OperationState, PoolState } from "./state.ts";
import { refuseUnsatisfiableBudgets } from "./unsatisfiable-budgets.ts";

interface Step {
  readonly pool: PoolState;
  readonly during: ProvisioningState;
  readonly change: PoolChange | undefined;
}

/** All of it is checked before any of it begins: a PUT that is refused changes nothing. */
export function changeCluster(cluster: ClusterState, change: ClusterChange): OperationState {
  const controlPlane = change.kubernetesVersion ?? cluster.kubernetesVersion;
  requireUpgradePath(cluster, controlPlane);
  for (const pool of cluster.pools.values()) {
    const asked = change.pools.get(pool.name)?.kubernetesVersion;
    if (asked === undefined && change.kubernetesVersion !== undefined) {
      requireSkew(controlPlane, pool.goal.kubernetesVersion);
    }
  }
  const steps = planSteps(cluster, change, controlPlane);
  const upgrades =
    controlPlane !== cluster.kubernetesVersion ||
    steps.some(({ pool, change: one }) => one !== undefined && isUpgrade(pool, one));
  if (upgrades) refuseUnsatisfiableBudgets(cluster);
  requireQuota(cluster, steps.flatMap(needsOf));
  const state = upgrades ? "Upgrading" : "Updating";
  const operation = beginClusterOperation(cluster, "PutManagedCluster", state);
  const blocked = steps.flatMap(({ pool, change: one }) =>
    one ? blockedByScaling(pool, one) : [],
  );
  for (const step of steps) begin(cluster, step, controlPlane);
  const during = new Map(steps.map((step) => [step.pool, step.during]));
  const version = controlPlane === cluster.kubernetesVersion ? undefined : controlPlane;
  upgradeControlPlane(cluster, { version, operation }, () =>
    removeNodes(blocked, {
      drain: false,
      isCancelled: () => false,
      onEnd: () => {
        if (operation.isOver) return;
        advancePools(cluster, {
          pools: [...during.keys()],
          operation,
          stateOf: (pool) => during.get(pool) ?? "Updating",
        });
      },
    }),
  );
  return operation;
}

function planSteps(cluster: ClusterState, change: ClusterChange, controlPlane: string): Step[] {
  const changed = [...change.pools].map(([name, one]): Step => {
    const pool = requirePool(cluster, name);
    validateChange(pool, one, controlPlane);
    return { pool, change: one, during: stateDuring(pool, one) };
  });
  const added = change.newPools.map((spec): Step => {
    if (cluster.pools.has(spec.name)) {
      throw new SimulationError("Conflict", `The agent pool '${spec.name}' exists already.`);
    }
    const pool = newPool(cluster, spec, controlPlane);
    return { pool, change: undefined, during: "Creating" };
  });
  return [...changed, ...added];
}

function needsOf({ pool, change = {} }: Step): readonly Need[] {
  const growth = growthNeed(pool, change);
  return isUpgrade(pool, change) ? [growth, surgeNeed(pool, undefined)] : [growth];
}

function begin(cluster: ClusterState, { pool, change }: Step, controlPlane: string): void {
  if (change !== undefined)
    return applyChange(pool, change, validateChange(pool, change, controlPlane));
  pool.provisioningState = "Creating";
  cluster.pools.set(pool.name, pool);
  announcePool(pool, "Created");
}
