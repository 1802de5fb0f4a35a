import type { NodePoolSpec, Operation, PoolChange } from "../../shared/simulator/model.ts";
import { textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { changing } from "../arm/refusal.ts";
import type { AksContext, ClusterTarget } from "./context.ts";
import { resolveVersion } from "./kubernetes-versions.ts";
import { changeOf, poolSpec } from "./pools.ts";

/** A PUT of a cluster: one operation for all that it changes, or a reconciliation when it changes nothing. */
export function beginClusterChange(
  context: AksContext,
  { cluster }: ClusterTarget,
  properties: JsonObject,
  profiles: readonly JsonObject[],
): Operation {
  const asked = textAt(properties, "kubernetesVersion");
  const supported = [...context.environment.world.kubernetesVersions, cluster.kubernetesVersion];
  const version =
    asked === undefined ? cluster.kubernetesVersion : resolveVersion(supported, asked);
  const pools = new Map<string, PoolChange>();
  const newPools: NodePoolSpec[] = [];
  for (const profile of profiles) {
    const name = textAt(profile, "name")?.toLowerCase() ?? "";
    const pool = cluster.pools.get(name);
    if (pool === undefined) {
      const input = { name, properties: profile, controlPlane: version } as const;
      newPools.push(poolSpec(context, { ...input, defaultMode: "User" }));
      continue;
    }
    const change = changeOf(context, pool, profile);
    if (Object.keys(change).length > 0) pools.set(name, change);
  }
  const upgrades = version !== cluster.kubernetesVersion;
  if (!upgrades && pools.size + newPools.length === 0) return changing(() => cluster.reconcile());
  const kubernetesVersion = upgrades ? { kubernetesVersion: version } : {};
  return changing(() => cluster.change({ ...kubernetesVersion, pools, newPools }));
}
