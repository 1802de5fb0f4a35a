import { FleetwrightError } from "../../shared/core/errors.ts";
import type { NodeView } from "../../shared/quarantine/ports.ts";

/** AKS names the machines of a pool `aks-<pool>-<8 digits>-vmss<6 characters>`, on Windows `aks<pool><6 characters>`. */
const LINUX_NODE = /^aks-([a-z][a-z0-9]{0,11})-\d{8}-vmss[0-9a-z]{6}$/;

/**
 * The named nodes by their pool. A node that is gone may have been fixed by an earlier run, so its pool is
 * read from its name; a name that could belong to no node is refused, as is a pattern.
 */
export function poolsOfNodes(
  names: readonly string[],
  nodes: readonly NodeView[],
): ReadonlyMap<string, readonly string[]> {
  const pools = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const pool = nodes.find((node) => node.name === name)?.nodePool ?? LINUX_NODE.exec(name)?.[1];
    if (pool === undefined || !nodes.some(({ nodePool }) => nodePool === pool))
      throw stranger(name);
    pools.set(pool, [...(pools.get(pool) ?? []), name]);
  }
  return pools;
}

function stranger(name: string): FleetwrightError {
  return new FleetwrightError(
    "invalid-input",
    `input nodes: the cluster has no node ${JSON.stringify(name)}`,
    { remedy: "name each node as `list` shows it; patterns are not taken" },
  );
}
