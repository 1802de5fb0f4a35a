import type { ManagedCluster } from "../../snapshot/ports.ts";
import type { UpdateRunSpec } from "../ports.ts";
import type { PreflightFacts } from "./facts.ts";

/**
 * Names of members that the run will leave as they are. Only pins tell: where Azure chooses the images,
 * nobody knows the target beforehand.
 */
export function membersAtTarget({ members, spec }: PreflightFacts): readonly string[] {
  return members.filter(({ cluster }) => isAtTarget(cluster, spec)).map(({ name }) => name);
}

function isAtTarget(
  { kubernetesVersion, nodePools }: ManagedCluster,
  { upgradeType, kubernetesVersion: wanted, nodeImageSelection }: UpdateRunSpec,
): boolean {
  const isWanted = (version: string) =>
    wanted === undefined || version === wanted || version.startsWith(`${wanted}.`);
  if (upgradeType === "ControlPlaneOnly")
    return wanted !== undefined && isWanted(kubernetesVersion);
  const pins = new Set(nodeImageSelection.customNodeImageVersions);
  return (
    isWanted(kubernetesVersion) &&
    nodePools.every((pool) => pins.has(pool.nodeImageVersion) && isWanted(pool.kubernetesVersion))
  );
}
