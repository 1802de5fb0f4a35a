import { FleetwrightError } from "../../shared/core/errors.ts";
import {
  NODE_IMAGE_LABEL,
  QUARANTINED,
  UPGRADE_STATUS_LABEL,
} from "../../shared/core/kubernetes-labels.ts";
import { parseNodeImage } from "../../shared/core/node-image.ts";
import type { BudgetView, NodeReader, PodView } from "../../shared/quarantine/ports.ts";
import * as model from "../../shared/simulator/model.ts";
import type { StrategyRemover } from "../../shared/update-run/apply-strategy.ts";
import type { WorkloadReader } from "../../shared/update-run/workloads.ts";
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
  GroupStatus,
  MemberStatus,
  StageStatus,
  UpdateRun,
  UpdateRunSpec,
  UpdateStage,
  UpdateStrategyResource,
} from "../../shared/update-run/ports.ts";

export const SUBSCRIPTION = "11111111-2222-4333-8444-555555555555";
const PROVIDER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
export const FLEET = `${PROVIDER}/fleets/harbour`;

export function clusterId(name: string): string {
  return `${PROVIDER}/managedClusters/${name}`;
}

type Fleets = FleetPort & StrategyRemover;

/** Who calls: the functions may do far less than the jobs of the workflow. */
export type Actor = "functions" | "workflow";

/** The simulated world behind the product's ports, without wires: what Azure would answer at this moment. */
export interface Cloud {
  fleets(actor: Actor): Fleets;
  readonly inventory: ClusterInventory;
  readonly nodes: NodeReader;
  readonly workloads: WorkloadReader;
  readonly snapshots: SnapshotPort;
  readonly taken: readonly NodePoolSnapshot[];
  /** Runs that began, in order. */
  readonly starts: readonly Start[];
  /** Gates that the functions approved, by name. */
  readonly approvedByUs: ReadonlySet<string>;
  /** What the functions tried and may not do. */
  readonly forbidden: readonly string[];
  /** Nodes that never become Ready, as `<cluster id>/<node>`. */
  readonly sick: Set<string>;
  /** Told right before a gate of ours is completed. */
  onApproval: (gate: model.Gate) => void;
}

export interface Start {
  readonly run: string;
  readonly pins: readonly string[];
  /** Undefined: the run leaves Kubernetes alone. */
  readonly kubernetesVersion: string | undefined;
}

const isoTimes = new Map<number, string>();
/** A run's view says the same few times again and again. */
const MAX_ISO_TIMES = 2_000;

function iso(time: number): string {
  const known = isoTimes.get(time);
  if (known !== undefined) return known;
  if (isoTimes.size >= MAX_ISO_TIMES) isoTimes.clear();
  const text = new Date(time).toISOString();
  isoTimes.set(time, text);
  return text;
}

interface Books {
  readonly taken: NodePoolSnapshot[];
  readonly starts: Start[];
  readonly approvedByUs: Set<string>;
  readonly forbidden: string[];
  readonly sick: Set<string>;
}

export function cloudOf(world: model.World): Cloud {
  const books: Books = {
    taken: [],
    starts: [],
    approvedByUs: new Set(),
    forbidden: [],
    sick: new Set(),
  };
  const base = fleetPort(world);
  world.subscribe((transition) => noteStart(world, books, transition));
  const cloud: Cloud = {
    ...books,
    fleets: (actor) => (actor === "workflow" ? base : forFunctions(base, world, books, cloud)),
    inventory: inventory(world),
    nodes: nodeReader(world, books.sick),
    workloads: workloadReader(world),
    snapshots: snapshotPort(world, books),
    onApproval: () => {},
  };
  return cloud;
}

/** Two requests to start within the second that Azure takes are one start. */
function noteStart(world: model.World, { starts }: Books, transition: model.Transition): void {
  if (transition.kind !== "run" || transition.scope !== "run") return;
  const run = world.fleets.get(transition.fleet)?.runs.get(transition.run);
  if (transition.state !== "Running" || starts.some(({ run: name }) => name === run?.name)) return;
  const pins = run?.spec.nodeImageSelection.customNodeImageVersions ?? [];
  const kubernetesVersion = run?.spec.upgrade.kubernetesVersion;
  starts.push({ run: transition.run, pins, kubernetesVersion });
}

export function fleetOf(world: model.World): model.Fleet {
  const fleet = world.fleets.get(FLEET);
  if (!fleet) throw new FleetwrightError("not-found", "no fleet");
  return fleet;
}

/** The functions may read and approve: everything else is a person's. */
function forFunctions(base: Fleets, world: model.World, books: Books, cloud: Cloud): Fleets {
  const refuse = (what: string) => async (): Promise<never> => {
    books.forbidden.push(what);
    throw new FleetwrightError("unauthorized", "the reactor's role does not allow this");
  };
  return {
    ...base,
    setMemberGroup: refuse("move a member"),
    createStrategy: refuse("create a strategy"),
    createRun: refuse("create a run"),
    deleteStrategy: refuse("delete a strategy"),
    startRun: refuse("start a run"),
    stopRun: refuse("stop a run"),
    skip: refuse("skip a part of a run"),
    async approveGate(id, etag) {
      const gate = fleetOf(world).gates.get(id.split("/").at(-1) ?? "");
      if (gate?.state === "Pending" && etagOf(gate) === etag) {
        cloud.onApproval(gate);
        books.approvedByUs.add(gate.name);
      }
      await base.approveGate(id, etag);
    },
  };
}

const etagOf = (gate: model.Gate): string => `${gate.name}/${gate.state}`;

function fleetPort(world: model.World): Fleets {
  const strategies = new Map<string, UpdateStrategyResource>();
  const created = new Map<string, UpdateRunSpec>();
  const runOf = (name: string): model.UpdateRun => {
    const run = fleetOf(world).runs.get(name);
    if (!run) throw new FleetwrightError("not-found", `no run ${name}`);
    return run;
  };
  const views = new Map<model.UpdateRun, { readonly revision: number; readonly view: UpdateRun }>();
  const view = (run: model.UpdateRun): UpdateRun => {
    const known = views.get(run);
    if (known?.revision === run.revision) return known.view;
    const fresh = runView(run, created.get(run.name));
    views.set(run, { revision: run.revision, view: fresh });
    return fresh;
  };
  return {
    listMembers: async () =>
      [...fleetOf(world).members.values()].map(({ name, cluster, group }) => ({
        name,
        clusterId: cluster.id,
        group,
        etag: "1",
      })),
    setMemberGroup: async () => {},
    listStrategies: async () => [...strategies.values()],
    getStrategy: async (_fleet, name) => strategies.get(name),
    async createStrategy(fleet, name, stages) {
      if (strategies.has(name)) throw new FleetwrightError("conflict", "exists");
      const strategy = { id: `${fleet}/updateStrategies/${name}`, name, etag: "1", stages };
      strategies.set(name, strategy);
      return strategy;
    },
    async deleteStrategy(_fleet, name) {
      strategies.delete(name);
    },
    listRuns: async () => [...fleetOf(world).runs.values()].map(view),
    getRun: async (_fleet, name) => {
      const run = fleetOf(world).runs.get(name);
      return run && view(run);
    },
    async createRun(_fleet, name, spec) {
      const strategy = [...strategies.values()].find(({ id }) => id === spec.strategyId);
      const stages = (strategy?.stages ?? spec.stages) as readonly UpdateStage[];
      refused(() =>
        fleetOf(world).createRun({
          name,
          stages,
          upgrade: upgradeOf(spec),
          nodeImageSelection: spec.nodeImageSelection,
        }),
      );
      created.set(name, spec);
      return view(runOf(name));
    },
    async startRun(_fleet, name, etag) {
      const run = runOf(name);
      if (etag !== undefined && etag !== String(run.revision)) {
        throw new FleetwrightError("conflict", "412: the run is not what was read");
      }
      refused(() => run.start());
    },
    stopRun: async (_fleet, name) => refused(() => runOf(name).stop()),
    skip: async (_fleet, name, targets) => refused(() => runOf(name).skip(targets)),
    listGates: async () => [...fleetOf(world).gates.values()].map(gateView),
    async getGate(id) {
      const gate = fleetOf(world).gates.get(id.split("/").at(-1) ?? "");
      return gate && gateView(gate);
    },
    async approveGate(id, etag) {
      const gate = fleetOf(world).gates.get(id.split("/").at(-1) ?? "");
      if (!gate || etagOf(gate) !== etag) throw new FleetwrightError("conflict", "412: stale");
      refused(() => fleetOf(world).completeGate(gate.name));
    },
  };
}

function upgradeOf({ upgradeType: type, kubernetesVersion }: UpdateRunSpec): model.ClusterUpgrade {
  return kubernetesVersion === undefined ? { type } : { type, kubernetesVersion };
}

/** The world's refusals, as the product's adapter words a 409. */
function refused<T>(act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof model.SimulationError) {
      throw new FleetwrightError("conflict", thrown.message, { cause: thrown });
    }
    throw thrown;
  }
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
    etag: etagOf(gate),
  };
}

function status({ state, startTime, completedTime, error }: model.UpdateStatus) {
  return { state, startTime: isoOf(startTime), completedTime: isoOf(completedTime), error };
}

function isoOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : iso(time);
}

function gateStatus(gate: model.GateStatus): GateStatus {
  const { state, startTime, completedTime, error } = status(gate.status);
  const gateId = gate.gateId && `${FLEET}/gates/${gate.gateId}`;
  return { state, startTime, completedTime, error, displayName: gate.displayName, gateId };
}

function runView(run: model.UpdateRun, spec: UpdateRunSpec | undefined): UpdateRun {
  const view: UpdateRun = {
    stages: (run.spec.stages ?? []) as readonly UpdateStage[],
    upgradeType: run.spec.upgrade.type,
    nodeImageSelection: run.spec.nodeImageSelection,
    id: `${FLEET}/updateRuns/${run.name}`,
    name: run.name,
    createdAt: undefined,
    etag: String(run.revision),
    status: status(run.status),
    stageStatuses: run.stages.map(stageView),
  };
  const { kubernetesVersion } = run.spec.upgrade;
  const whole = kubernetesVersion === undefined ? view : { ...view, kubernetesVersion };
  return spec?.strategyId === undefined ? whole : { ...whole, strategyId: spec.strategyId };
}

function stageView(stage: model.StageStatus): StageStatus {
  const { state, startTime, completedTime, error } = status(stage);
  return {
    state,
    startTime,
    completedTime,
    error,
    name: stage.name,
    groups: stage.groups.map(groupView),
    beforeGates: stage.beforeGates.map(gateStatus),
    afterGates: stage.afterGates.map(gateStatus),
    afterStageWait: stage.afterStageWait && waitView(stage.afterStageWait),
  };
}

function groupView(group: model.GroupStatus): GroupStatus {
  const { state, startTime, completedTime, error } = status(group);
  return {
    state,
    startTime,
    completedTime,
    error,
    name: group.name,
    members: (group.members ?? []).map(memberView),
    beforeGates: group.beforeGates.map(gateStatus),
    afterGates: group.afterGates.map(gateStatus),
  };
}

function memberView(member: model.MemberStatus): MemberStatus {
  const { name, clusterId, message } = member;
  const { state, startTime, completedTime, error } = status(member);
  return { state, startTime, completedTime, error, name, clusterId, message };
}

function waitView(wait: NonNullable<model.StageStatus["afterStageWait"]>) {
  const { state, startTime, completedTime, error } = status(wait);
  const { waitDurationInSeconds } = wait;
  return { state, startTime, completedTime, error, waitDurationInSeconds };
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
  const [clusterOfPool = "", name = ""] = id.split("/agentPools/");
  const cluster = world.clusters.get(clusterOfPool);
  const pool = cluster?.pools.get(name);
  if (!cluster || !pool) throw new FleetwrightError("not-found", id);
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

function nodeReader(world: model.World, sick: ReadonlySet<string>): NodeReader {
  const find = (id: string): model.Cluster => {
    const cluster = world.clusters.get(id);
    if (!cluster) throw new FleetwrightError("not-found", id);
    return cluster;
  };
  return {
    readNodes: async (id) => ({
      visible: true,
      nodes: [...find(id).nodes.values()].map((node) =>
        nodeView(node, sick.size > 0 && sick.has(`${id}/${node.name}`)),
      ),
    }),
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

/** Pods count as available while they are ready; the controllers of this world are never behind. */
function workloadReader(world: model.World): WorkloadReader {
  return {
    async readWorkloads(id, namespaces) {
      const cluster = world.clusters.get(id);
      if (!cluster) return { visible: false, reason: "no such cluster" };
      const workloads = [...cluster.workloads.values()]
        .filter(({ namespace }) => namespaces.includes(namespace))
        .map(({ kind, namespace, name, replicas }) => {
          const key = `${kind}/${namespace}/${name}`;
          const pods = [...cluster.pods.values()].filter(({ workload }) => workload === key);
          const available = pods.filter(({ ready }) => ready).length;
          return { kind, namespace, name, desired: replicas, available, observed: true };
        });
      return { visible: true, workloads };
    },
  };
}

function nodeView(node: model.ClusterNode, sick: boolean) {
  return {
    name: node.name,
    nodePool: node.pool,
    nodeImageVersion: node.labels[NODE_IMAGE_LABEL] ?? node.nodeImageVersion,
    kubernetesVersion: node.kubernetesVersion,
    ready: node.phase === "Ready" && !sick,
    unschedulable: node.unschedulable,
    quarantined: node.labels[UPGRADE_STATUS_LABEL] === QUARANTINED,
    createdAt: iso(node.createdAt),
  };
}

function snapshotPort(world: model.World, { taken, forbidden }: Books): SnapshotPort {
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
    async deleteSnapshot() {
      forbidden.push("delete a snapshot");
    },
  };
}
