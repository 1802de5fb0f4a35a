import { FleetwrightError } from "../../shared/core/errors.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";

/** Keeps the pools that were asked for, as `pool` or `cluster/pool`; a name that fits none is an error. */
export function selectPools(
  environment: string,
  clusters: readonly ManagedCluster[],
  wanted: readonly string[],
): readonly ManagedCluster[] {
  if (wanted.length === 0) return clusters;
  const found = new Set<string>();
  const selected = clusters.map((cluster) => ({
    ...cluster,
    nodePools: cluster.nodePools.filter((pool) => {
      const names = [pool.name, `${cluster.name}/${pool.name}`].filter((name) =>
        wanted.includes(name),
      );
      for (const name of names) found.add(name);
      return names.length > 0;
    }),
  }));
  const absent = wanted.filter((name) => !found.has(name));
  if (absent.length > 0) {
    throw new FleetwrightError(
      "invalid-input",
      `input node-pools: no cluster of ${environment} has ${absent.join(", ")}`,
      { remedy: "write `pool` or `cluster/pool`" },
    );
  }
  return selected.filter(({ nodePools }) => nodePools.length > 0);
}
