import { isUnsatisfiable, statusOf } from "./budgets.ts";
import { SimulationError } from "./model.ts";
import type { ClusterState } from "./state.ts";

/** `overrideSettings` of the cluster, compared with the start of an upgrade. Source: API reference, `UpgradeOverrideSettings` */
export function isForced({ forcedUntil, kernel }: ClusterState): boolean {
  return forcedUntil !== undefined && kernel.timeline.now < forcedUntil;
}

/** The pre-check of newer API versions, before any drain, in its own words (AKS#4860); a switch, off by default. */
export function refuseUnsatisfiableBudgets(cluster: ClusterState): void {
  if (!cluster.kernel.rules.checkUnsatisfiableBudgets || isForced(cluster)) return;
  const blocking = [...cluster.budgets.values()].filter(isUnsatisfiable);
  if (blocking.length === 0) return;
  const lines = blocking.map((state) => {
    const { namespace, name, minAvailable } = state.budget;
    const { desiredHealthy, expectedPods } = statusOf(state);
    const reason =
      minAvailable === undefined
        ? "maxUnavailable == 0"
        : `minAvailable(${desiredHealthy}) >= expectedPods(${expectedPods})`;
    return `* PDB ${namespace}/${name} has ${reason} can't proceed with put operation`;
  });
  throw new SimulationError(
    "UnsatisfiablePDB",
    `Upgrade is blocked due to invalid Pod Disruption Budgets (PDBs). ${lines.join(" ")}`,
  );
}
