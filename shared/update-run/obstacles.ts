import { armKey } from "../core/arm-id.ts";
import type { QuarantineRecord } from "../quarantine/record.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import { membersOf } from "./state.ts";
import type { UpdateRun } from "./ports.ts";

/**
 * The preflight of a stage, which a before-gate of ours waits for: why a member that has not begun cannot be
 * upgraded now, by member. Every obstacle may pass, so nothing here fails a run. Pure.
 */
export function obstaclesOf(
  run: UpdateRun,
  clusters: ReadonlyMap<string, ManagedCluster>,
  quarantine: readonly QuarantineRecord[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { member } of membersOf(run)) {
    if (member.state !== "NotStarted") continue;
    const key = armKey(member.clusterId);
    const obstacle = obstacleOf(clusters.get(key)) ?? leftNodeOf(key, quarantine);
    if (obstacle !== undefined) found.set(member.name, obstacle);
  }
  return found;
}

function obstacleOf(cluster: ManagedCluster | undefined): string | undefined {
  if (!cluster) return "its cluster cannot be found in Azure";
  if (cluster.powerState === "Stopped") return "its cluster is stopped";
  if (cluster.provisioningState !== "Succeeded") {
    return `its cluster is ${cluster.provisioningState}`;
  }
  const pool = cluster.nodePools.find(({ provisioningState }) => provisioningState !== "Succeeded");
  return pool && `its node pool ${pool.name} is ${pool.provisioningState}`;
}

function leftNodeOf(key: string, quarantine: readonly QuarantineRecord[]): string | undefined {
  const node = quarantine
    .flatMap(({ nodes }) => nodes)
    .find((entry) => !entry.resolvedAt && !entry.releasedAt && armKey(entry.cluster) === key);
  return node && `its node ${node.node} is still left behind by an earlier upgrade`;
}
