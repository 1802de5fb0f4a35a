import { greenNeed } from "./blue-green-upgrade.ts";
import type { PoolChange } from "./model.ts";
import { isAt, isQuarantined } from "./nodes.ts";
import { spareNodes } from "./rolling-upgrade.ts";
import type { ClusterState, PoolState, Version } from "./state.ts";
import { upgradeWidth } from "./surge.ts";

/** Machines that a pool needs beside those that it has. */
export interface Need {
  readonly vmSize: string;
  readonly machines: number;
}

/** AKS looks at the quotas before anything begins. */
export function requireQuota({ kernel, region }: ClusterState, needs: readonly Need[]): void {
  if (!kernel.rules.enforceQuotas) return;
  const wanted = new Map<string, number>();
  for (const { vmSize, machines } of needs) {
    wanted.set(vmSize, (wanted.get(vmSize) ?? 0) + machines);
  }
  kernel.machines.requireQuota(region, wanted);
}

/** The surge nodes of an upgrade to a version; all nodes have to go there when it is undefined. */
export function surgeNeed(pool: PoolState, goal: Version | undefined): Need {
  if (pool.upgradeStrategy === "BlueGreen") return blueGreenNeed(pool, goal);
  const spares = spareNodes(pool);
  const lagging = pool.nodes.filter(
    (node) =>
      !(goal && isAt(node, goal)) &&
      !isQuarantined(node) &&
      node.phase !== "Deleting" &&
      !spares.includes(node),
  );
  const { count, vmSize, upgradeSettings } = pool;
  const { surge } = upgradeWidth(upgradeSettings, { count, toUpgrade: lagging.length });
  return { vmSize, machines: Math.max(0, surge - spares.length) };
}

/** As many again as there are. */
function blueGreenNeed(pool: PoolState, goal: Version | undefined): Need {
  const machines = goal === undefined ? pool.wantedNodes : greenNeed(pool, goal);
  return { vmSize: pool.vmSize, machines };
}

/** The nodes that a pool gets when it grows or is started. */
export function growthNeed(pool: PoolState, { count, powerState }: PoolChange): Need {
  const isRunning = (powerState ?? pool.powerState) === "Running";
  const wanted = isRunning ? (count ?? pool.count) : 0;
  return { vmSize: pool.vmSize, machines: Math.max(0, wanted - pool.nodes.length) };
}
