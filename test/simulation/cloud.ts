import { FleetwrightError } from "../../shared/core/errors.ts";
import {
  NODE_IMAGE_LABEL,
  QUARANTINED,
  UPGRADE_STATUS_LABEL,
} from "../../shared/core/kubernetes-labels.ts";
import { parseNodeImage } from "../../shared/core/node-image.ts";
import type { BudgetView, NodeReader, PodView } from "../../shared/quarantine/ports.ts";
import type * as model from "../../shared/simulator/model.ts";
import type {
  ClusterInventory,
  ManagedCluster,
  NodePoolSnapshot,
  SnapshotPort,
} from "../../shared/snapshot/ports.ts";
import type {
  FleetPort,
  Gate,
  GateStatus,
  StageStatus,
  UpdateRun,
  UpdateStage,
  UpdateStrategyResource,
} from "../../shared/update-run/ports.ts";

export const SUBSCRIPTION = "11111111-2222-4333-8444-555555555555";
const PROVIDER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
export const FLEET = `${PROVIDER}/fleets/harbour`;

export function clusterId(name: string): string {
  return `${PROVIDER}/managedClusters/${name}`;
}

/** The simulated world behind the product's ports, without wires: what Azure would answer at this moment. */
export interface Cloud {
  readonly fleets: FleetPort;
  readonly inventory: ClusterInventory;
  readonly nodes: NodeReader;
  readonly snapshots: SnapshotPort;
  readonly taken: readonly NodePoolSnapshot[];
  /** Names of started runs, one for each start. */
  readonly starts: readonly string[];
}

const iso = (time: number): string => new Date(time).toISOString();

export function cloudOf(world: model.World): Cloud {
  const taken: NodePoolSnapshot[] = [];
  const starts: string[] = [];
  return {
    fleets: fleetPort(world, starts),
    inventory: inventory(world),
    nodes: nodeReader(world),
    snapshots: snapshotPort(world, taken),
    taken,
    starts,
  };
}

function fleetOf(world: model.World): model.Fleet {
  const fleet = world.fleets.get(FLEET);
  if (!fleet) throw new FleetwrightError("not-found", "no fleet");
  return fleet;
}

function fleetPort(world: model.World, starts: string[]): FleetPort {
  const strategies = new Map<string, UpdateStrategyResource>();
  const specs = new Map<string, UpdateRun>();
  const runOf = (name: string): model.UpdateRun => {
    const run = fleetOf(world).runs.get(name);
    if (!run) throw new FleetwrightError("not-found", `no run ${name}`);
    return run;
  };
  const view = (name: string): UpdateRun | undefined => {
    const run = fleetOf(world).runs.get(name);
    const stored = specs.get(name);
    return run && stored && { ...stored, ...runView(run) };
  };
  return {
    listMembers: async () =>
      [...fleetOf(world).members.values()].map(({ name, cluster, group }) => ({
        name,
        clusterId: cluster.id,
        group,
        etag: "1",
      })),
    setMemberGroup: refuse,
    listStrategies: async () => [...strategies.values()],
    getStrategy: async (_fleet, name) => strategies.get(name),
    async createStrategy(fleet, name, stages) {
      if (strategies.has(name)) throw new FleetwrightError("conflict", "exists");
      const strategy = { id: `${fleet}/updateStrategies/${name}`, name, etag: "1", stages };
      strategies.set(name, strategy);
      return strategy;
    },
    listRuns: async () => [...fleetOf(world).runs.keys()].flatMap((name) => view(name) ?? []),
    getRun: async (_fleet, name) => view(name),
    async createRun(fleet, name, spec) {
      if (specs.has(name)) throw new FleetwrightError("conflict", "exists");
      const strategy = [...strategies.values()].find(({ id }) => id === spec.strategyId);
      const stages = (strategy?.stages ?? spec.stages) as readonly UpdateStage[];
      const run = fleetOf(world).createRun({
        name,
        stages,
        upgrade: { type: spec.upgradeType },
        nodeImageSelection: spec.nodeImageSelection,
      });
      const stored: UpdateRun = {
        ...spec,
        stages,
        id: `${fleet}/updateRuns/${name}`,
        name,
        createdAt: iso(world.now),
        ...runView(run),
      };
      specs.set(name, stored);
      return stored;
    },
    async startRun(_fleet, name) {
      starts.push(name);
      runOf(name).start();
    },
    stopRun: refuse,
    skip: refuse,
    listGates: async () => [...fleetOf(world).gates.values()].map(gateView),
    async getGate(id) {
      const gate = fleetOf(world).gates.get(id.split("/").at(-1) ?? "");
      return gate && gateView(gate);
    },
    async approveGate(id, etag) {
      const gate = fleetOf(world).gates.get(id.split("/").at(-1) ?? "");
      if (!gate || gateView(gate).etag !== etag) throw new FleetwrightError("conflict", "stale");
      fleetOf(world).completeGate(gate.name);
    },
  };
}

/** The functions may read, approve and snapshot: everything else is a person's. */
async function refuse(): Promise<never> {
  throw new FleetwrightError("unauthorized", "the reactor's role does not allow this");
}

function gateView(gate: model.Gate): Gate {
  return {
    id: `${FLEET}/gates/${gate.name}`,
    name: gate.name,
    displayName: gate.displayName,
    state: gate.state,
    runId: `${FLEET}/updateRuns/${gate.run}`,
    stage: gate.stage,
    group: gate.group,
    timing: gate.timing,
    etag: gate.state,
  };
}

function status(value: model.UpdateStatus) {
  const time = (at: number | undefined) => (at === undefined ? undefined : iso(at));
  return {
    state: value.state,
    startTime: time(value.startTime),
    completedTime: time(value.completedTime),
    error: value.error,
  };
}

function gateStatus(gate: model.GateStatus): GateStatus {
  return {
    ...status(gate.status),
    displayName: gate.displayName,
    gateId: gate.gateId && `${FLEET}/gates/${gate.gateId}`,
  };
}

function runView(run: model.UpdateRun) {
  return {
    etag: String(run.revision),
    status: status(run.status),
    stageStatuses: run.stages.map(stageView),
  };
}

function stageView(stage: model.StageStatus): StageStatus {
  return {
    ...status(stage),
    name: stage.name,
    groups: stage.groups.map((group) => ({
      ...status(group),
      name: group.name,
      members: (group.members ?? []).map((member) => ({
        ...status(member),
        name: member.name,
        clusterId: member.clusterId,
        message: member.message,
      })),
      beforeGates: group.beforeGates.map(gateStatus),
      afterGates: group.afterGates.map(gateStatus),
    })),
    beforeGates: stage.beforeGates.map(gateStatus),
    afterGates: stage.afterGates.map(gateStatus),
    afterStageWait: stage.afterStageWait && {
      ...status(stage.afterStageWait),
      waitDurationInSeconds: stage.afterStageWait.waitDurationInSeconds,
    },
  };
}

function inventory(world: model.World): ClusterInventory {
  return {
    listClusters: async () => [...world.clusters.values()].map(clusterView),
    async latestNodeImage(id) {
      const [cluster, pool] = poolOf(world, id);
      return (
        world.images.latest(cluster.region, parseNodeImage(pool.nodeImageVersion).family) ??
        pool.nodeImageVersion
      );
    },
  };
}

function poolOf(world: model.World, id: string): [model.Cluster, model.NodePool] {
  const [cluster, pool] = [...world.clusters.values()].flatMap((one) =>
    [...one.pools.values()].flatMap((candidate) =>
      `${one.id}/agentPools/${candidate.name}` === id ? [one, candidate] : [],
    ),
  ) as [model.Cluster, model.NodePool];
  return [cluster, pool];
}

function clusterView(cluster: model.Cluster): ManagedCluster {
  return {
    id: cluster.id,
    name: cluster.name,
    location: cluster.region,
    kubernetesVersion: cluster.kubernetesVersion,
    provisioningState: cluster.provisioningState,
    powerState: cluster.powerState,
    nodePools: [...cluster.pools.values()].map((pool) => ({
      id: `${cluster.id}/agentPools/${pool.name}`,
      name: pool.name,
      mode: pool.mode,
      count: pool.count,
      vmSize: pool.vmSize,
      osType: pool.osType,
      osSku: pool.osSku,
      kubernetesVersion: pool.kubernetesVersion,
      nodeImageVersion: pool.nodeImageVersion,
      provisioningState: pool.provisioningState,
      undrainableNodeBehavior: pool.upgradeSettings.undrainableNodeBehavior,
      maxSurge: pool.upgradeSettings.maxSurge,
      snapshotId: pool.snapshotId,
    })),
  };
}

function nodeReader(world: model.World): NodeReader {
  const find = (id: string): model.Cluster => {
    const cluster = world.clusters.get(id);
    if (!cluster) throw new FleetwrightError("not-found", id);
    return cluster;
  };
  return {
    readNodes: async (id) => ({ visible: true, nodes: [...find(id).nodes.values()].map(nodeView) }),
    readPods: async (id, node) =>
      [...find(id).pods.values()]
        .filter((pod) => pod.node === node)
        .map((pod): PodView => ({
          namespace: pod.namespace,
          name: pod.name,
          node: pod.node,
          labels: pod.labels,
          owner: pod.workload.replace(/\/.*\//, "/"),
          ready: pod.ready,
        })),
    async readBudgets(id, namespace) {
      const cluster = find(id);
      return [...cluster.budgets.values()]
        .filter((budget) => budget.namespace === namespace)
        .map((budget): BudgetView => ({
          namespace,
          name: budget.name,
          selector: { matchLabels: budget.selector },
          minAvailable: budget.minAvailable?.toString(),
          maxUnavailable: budget.maxUnavailable?.toString(),
          ...cluster.budgetStatus(budget),
        }));
    },
  };
}

export function nodeView(node: model.ClusterNode) {
  return {
    name: node.name,
    nodePool: node.pool,
    nodeImageVersion: node.labels[NODE_IMAGE_LABEL] ?? node.nodeImageVersion,
    kubernetesVersion: node.kubernetesVersion,
    ready: node.phase === "Ready",
    unschedulable: node.unschedulable,
    quarantined: node.labels[UPGRADE_STATUS_LABEL] === QUARANTINED,
    createdAt: iso(node.createdAt),
  };
}

function snapshotPort(world: model.World, taken: NodePoolSnapshot[]): SnapshotPort {
  return {
    listSnapshots: async () => [...taken],
    getSnapshot: async (id) => taken.find((snapshot) => snapshot.id === id),
    async createSnapshot({ id, location, tags, sourcePool }) {
      const existing = taken.find((snapshot) => snapshot.id === id);
      if (existing) return existing;
      const [, pool] = poolOf(world, sourcePool);
      if (pool.provisioningState !== "Succeeded")
        throw new FleetwrightError("service-error", "not Succeeded");
      const snapshot: NodePoolSnapshot = {
        id,
        name: id.split("/").at(-1) ?? "",
        location,
        tags,
        sourcePool,
        nodeImageVersion: pool.nodeImageVersion,
        kubernetesVersion: pool.kubernetesVersion,
        vmSize: pool.vmSize,
        osType: pool.osType,
        osSku: pool.osSku,
        createdAt: iso(world.now),
      };
      taken.push(snapshot);
      return snapshot;
    },
    deleteSnapshot: refuse,
  };
}
