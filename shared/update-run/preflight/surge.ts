import type { NodePool } from "../../snapshot/ports.ts";

/** Source: learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling, default of maxSurge: 10 %. */
const DEFAULT_SURGE = "10%";

/** Nodes that stand beside those that an upgrade replaces: a percentage is rounded up, and never more than the pool has. */
export function surgeNodes({ maxSurge = DEFAULT_SURGE, count }: NodePool): number {
  const amount = Number.parseInt(maxSurge, 10);
  const nodes = maxSurge.endsWith("%") ? Math.ceil((amount * count) / 100) : amount;
  return Math.min(nodes, count);
}
