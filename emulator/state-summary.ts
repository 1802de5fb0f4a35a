import type { Cluster, Fleet, World } from "../shared/simulator/model.ts";
import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../shared/core/kubernetes-labels.ts";

/** The world at a glance, for a person or a test. */
export function summarizeState(world: World): object {
  return {
    now: new Date(world.now).toISOString(),
    clusters: [...world.clusters.values()].map(summarizeCluster),
    fleets: [...world.fleets.values()].map(summarizeFleet),
  };
}

function summarizeCluster(cluster: Cluster): object {
  const { id, name, region, kubernetesVersion, provisioningState, powerState } = cluster;
  const pools = [...cluster.pools.values()].map((pool) => ({
    name: pool.name,
    count: pool.count,
    kubernetesVersion: pool.kubernetesVersion,
    nodeImageVersion: pool.nodeImageVersion,
    provisioningState: pool.provisioningState,
    ...(pool.operation ? { operation: pool.operation.kind } : {}),
  }));
  const nodes = [...cluster.nodes.values()].map((node) => ({
    name: node.name,
    pool: node.pool,
    phase: node.phase,
    kubernetesVersion: node.kubernetesVersion,
    nodeImageVersion: node.nodeImageVersion,
    unschedulable: node.unschedulable,
    surge: node.surge,
    quarantined: node.labels[UPGRADE_STATUS_LABEL] === QUARANTINED,
  }));
  const identity = { id, name, region };
  return { ...identity, kubernetesVersion, provisioningState, powerState, pools, nodes };
}

function summarizeFleet(fleet: Fleet): object {
  return {
    id: fleet.id,
    members: [...fleet.members.values()].map(({ name, group }) => ({ name, group })),
    runs: [...fleet.runs.values()].map((run) => ({
      name: run.name,
      state: run.status.state,
      stages: run.stages.map(({ name, state, groups }) => ({
        name,
        state,
        groups: groups.map((group) => ({
          name: group.name,
          state: group.state,
          members: (group.members ?? []).map((member) => ({
            name: member.name,
            state: member.state,
          })),
        })),
      })),
    })),
    gates: [...fleet.gates.values()],
  };
}
