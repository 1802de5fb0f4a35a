import { refused } from "./plan.ts";
import type { Observed, PoolPlan } from "./plan.ts";

const NOTHING_LEFT = { nodeImageVersion: undefined, kubernetesVersion: undefined };

/** A cluster keeps one System pool; a pool that is gone already is deleted. */
export function planDelete({ cluster, pool }: Observed): PoolPlan {
  if (pool === undefined) return { kind: "planned", steps: [], target: NOTHING_LEFT };
  const systemPools = cluster.nodePools.filter(({ mode }) => mode === "System");
  if (pool.mode === "System" && systemPools.length <= 1) {
    return refused(
      `node pool ${pool.name} is the last System pool of ${cluster.name}`,
      "add another System pool first",
    );
  }
  return { kind: "planned", steps: [{ kind: "delete" }], target: NOTHING_LEFT };
}
