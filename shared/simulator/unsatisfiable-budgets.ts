import { isUnsatisfiable, statusOf } from "./budgets.ts";
import { SimulationError } from "./model.ts";
import type { ClusterState } from "./state.ts";

/** `overrideSettings` of the cluster. Source: learn.microsoft.com/azure/aks/upgrade-options, force upgrade */
export function isForced({ forcedUntil, kernel }: ClusterState): boolean {
  return forcedUntil !== undefined && kernel.timeline.now < forcedUntil;
}

/** The pre-check of newer API versions, before any drain, in its own words (AKS#4860); a switch, off by default. */
export function refuseUnsatisfiableBudgets(cluster: ClusterState): void {
  if (!cluster.kernel.rules.checkUnsatisfiableBudgets || isForced(cluster)) return;
  const blocking = [...cluster.budgets.values()].filter(isUnsatisfiable);
  if (blocking.length === 0) return;
  const lines = blocking.map((state) => {
    const { namespace, name } = state.budget;
    const { desiredHealthy, expectedPods } = statusOf(state);
    return `* PDB ${namespace}/${name} has minAvailable(${desiredHealthy}) >= expectedPods(${expectedPods}) can't proceed with put operation`;
  });
  throw new SimulationError(
    "UnsatisfiablePDB",
    `Upgrade is blocked due to invalid Pod Disruption Budgets (PDBs). ${lines.join(" ")}`,
  );
}
