import { abortCluster } from "./abort.ts";
import { announceCluster, announceObject, announcePool } from "./announce.ts";
import { considerAutoUpgrade } from "./auto-upgrade.ts";
import { budgetStatusOf } from "./budgets.ts";
import { changeCluster } from "./cluster-change.ts";
import {
  advancePools,
  isReached,
  planUpgrade,
  upgradeCluster,
  worstOf,
} from "./cluster-upgrade.ts";
import { dismantle } from "./dismantle.ts";
import { drawPhase } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";
import {
  deleteBudget,
  deleteNode,
  deletePod,
  deleteRevision,
  deleteWorkload,
  evict,
  patchNode,
  podsByName,
  putBudget,
  putWorkload,
} from "./kubernetes-objects.ts";
import { growthNeed, requireQuota } from "./machine-need.ts";
import { SimulationError } from "./model.ts";
import type {
  AutoUpgradeChannels,
  BudgetStatus,
  Cluster,
  ClusterChange,
  ClusterSpec,
  ClusterUpgrade,
  DisruptionBudget,
  MaintenanceWindow,
  NodeEvent,
  NodePoolSpec,
  PoolChange,
  ProvisioningState,
  Revision,
  WindowName,
  Workload,
  WorkloadSpec,
} from "./model.ts";
import { beginClusterOperation, endClusterOperation, settleIn } from "./operations.ts";
import { addNodes } from "./pool-goal.ts";
import {
  abortPool,
  addPool,
  deleteMachines,
  deletePool,
  fillPool,
  newPool,
  updatePool,
  upgradeNodeImage,
} from "./pool-operations.ts";
import type { Outcome } from "./rolling-upgrade.ts";
import { rollBackPool } from "./pool-rollback.ts";
import { settlePods } from "./pods.ts";
import { hashText } from "./random.ts";
import type {
  BudgetState,
  ClusterState,
  NodeState,
  OperationState,
  PodState,
  PoolState,
  WorkloadState,
} from "./state.ts";

/** The managed cluster as others see it; each method hands on to the module that knows the matter. */
export class SimulatedCluster implements Cluster {
  readonly #state: ClusterState;
  readonly #onDeleted: () => void;

  constructor(kernel: Kernel, spec: ClusterSpec, onDeleted: () => void) {
    this.#state = emptyState(kernel, spec);
    this.#onDeleted = onDeleted;
    const { pools } = this.#state;
    for (const pool of spec.pools) {
      if (pools.has(pool.name)) throw conflict(`The agent pool '${pool.name}' is named twice.`);
      pools.set(pool.name, newPool(this.#state, pool));
    }
    if (spec.ready !== true)
      requireQuota(
        this.#state,
        [...pools.values()].map((pool) => growthNeed(pool, {})),
      );
    announceCluster(this.#state, "Created");
    for (const pool of pools.values()) announcePool(pool, "Created");
    for (const budget of spec.budgets ?? []) putBudget(this.#state, budget);
    if (spec.ready === true) this.#appear(spec);
    else this.#create(spec);
  }

  #appear(spec: ClusterSpec): void {
    for (const pool of this.#state.pools.values()) fillPool(pool);
    this.#install(spec);
    settlePods(this.#state);
  }

  #install(spec: ClusterSpec): void {
    for (const workload of spec.workloads ?? []) putWorkload(this.#state, workload);
  }

  #create(spec: ClusterSpec): void {
    const state = this.#state;
    const operation = beginClusterOperation(state, "CreateManagedCluster", "Creating");
    for (const pool of state.pools.values()) {
      pool.provisioningState = "Creating";
      pool.operation = operation;
    }
    this.#install(spec);
    const outcomes = new Map<PoolState, Outcome>();
    const endOne = (pool: PoolState, outcome: Outcome): void => {
      outcomes.set(pool, outcome);
      if (outcomes.size < state.pools.size || operation.isOver) return;
      for (const [one, { status }] of outcomes) {
        one.operation = undefined;
        one.provisioningState = status;
      }
      endClusterOperation(state, operation, worstOf([...outcomes.values()]));
    };
    state.kernel.timeline.after(drawPhase(state.kernel, "controlPlane", state), () => {
      if (operation.isOver) return;
      for (const pool of state.pools.values()) {
        addNodes(pool, pool.count, (outcome) => endOne(pool, outcome));
      }
      if (state.pools.size === 0) endClusterOperation(state, operation);
    });
  }

  get id(): string {
    return this.#state.id;
  }
  get name(): string {
    return this.#state.name;
  }
  get region(): string {
    return this.#state.region;
  }
  get kubernetesVersion(): string {
    return this.#state.kubernetesVersion;
  }
  get provisioningState(): ProvisioningState {
    return this.#state.provisioningState;
  }
  get powerState(): "Running" | "Stopped" {
    return this.#state.powerState;
  }
  get createdAt(): number {
    return this.#state.createdAt;
  }
  get pools(): ReadonlyMap<string, PoolState> {
    return this.#state.pools;
  }
  get nodes(): ReadonlyMap<string, NodeState> {
    return this.#state.nodes;
  }
  get pods(): ReadonlyMap<string, PodState> {
    return podsByName(this.#state);
  }
  get budgets(): ReadonlyMap<string, DisruptionBudget> {
    return new Map([...this.#state.budgets].map(([key, { budget }]) => [key, budget]));
  }
  get workloads(): ReadonlyMap<string, WorkloadState> {
    return this.#state.workloads;
  }
  get nodeEvents(): readonly NodeEvent[] {
    return this.#state.nodeEvents;
  }
  get operations(): ReadonlyMap<string, OperationState> {
    return this.#state.operations;
  }
  get maintenanceWindows(): ReadonlyMap<WindowName, MaintenanceWindow> {
    return this.#state.maintenanceWindows;
  }
  get autoUpgrade(): AutoUpgradeChannels {
    return this.#state.autoUpgrade;
  }

  setMaintenanceWindow(name: WindowName, window: MaintenanceWindow | undefined): void {
    const { maintenanceWindows, waitingForWindow } = this.#state;
    if (window === undefined) maintenanceWindows.delete(name);
    else maintenanceWindows.set(name, window);
    for (const look of waitingForWindow.splice(0)) look();
    this.considerAutoUpgrade();
  }
  setAutoUpgrade(channels: AutoUpgradeChannels): void {
    this.#state.autoUpgrade = channels;
    this.considerAutoUpgrade();
  }

  forceUpgrades(until: number | undefined): void {
    this.#state.forcedUntil = until;
  }

  /** Something changed that AKS's own upgrades depend on. */
  considerAutoUpgrade(): void {
    considerAutoUpgrade(this.#state);
  }
  /** Called once when the windows change; told again for every change by asking again. */
  onWindowChange(look: () => void): void {
    this.#state.waitingForWindow.push(look);
  }

  addPool(spec: NodePoolSpec): OperationState {
    return addPool(this.#state, spec);
  }
  updatePool(name: string, change: PoolChange): OperationState {
    return updatePool(this.#state, name, change);
  }
  upgradeNodeImage(pool: string, nodeImageVersion: string, snapshotId?: string): OperationState {
    return upgradeNodeImage(this.#state, pool, { nodeImageVersion, snapshotId });
  }
  deletePool(name: string, { ignoreBudgets = false } = {}): OperationState {
    return deletePool(this.#state, name, ignoreBudgets);
  }
  deleteMachines(pool: string, nodes: readonly string[]): OperationState {
    return deleteMachines(this.#state, pool, nodes);
  }
  abortPool(name: string): OperationState {
    return abortPool(this.#state, name);
  }
  rollBackPool(name: string): OperationState {
    return rollBackPool(this.#state, name);
  }
  abort(): OperationState {
    return abortCluster(this.#state);
  }
  upgrade(upgrade: ClusterUpgrade): OperationState {
    return upgradeCluster(this.#state, upgrade);
  }

  /** Would this upgrade change anything? Nodes decide, not what the pools say. */
  isUpgradeReached(upgrade: ClusterUpgrade): boolean {
    return isReached(planUpgrade(this.#state, upgrade));
  }

  /** Images that this upgrade would bring to pools that have others. */
  imagesOfUpgrade(upgrade: ClusterUpgrade): string[] {
    return planUpgrade(this.#state, upgrade)
      .pools.filter(({ pool, goal }) => goal.nodeImageVersion !== pool.nodeImageVersion)
      .map(({ goal }) => goal.nodeImageVersion);
  }

  reconcile(): OperationState {
    const operation = beginClusterOperation(this.#state, "PutManagedCluster", "Updating");
    const pools = [...this.#state.pools.values()];
    advancePools(this.#state, { pools, operation, stateOf: () => "Updating" });
    return operation;
  }

  change(change: ClusterChange): OperationState {
    return changeCluster(this.#state, change);
  }
  settleIn(kind: string, milliseconds: number): OperationState {
    return settleIn(this.#state, kind, milliseconds);
  }

  start(): OperationState {
    return this.#changePower("Start", "Starting", "Running");
  }
  stop(): OperationState {
    return this.#changePower("Stop", "Stopping", "Stopped");
  }

  #changePower(
    kind: string,
    during: ProvisioningState,
    after: Cluster["powerState"],
  ): OperationState {
    const state = this.#state;
    const operation = beginClusterOperation(state, kind, during);
    state.round += 1;
    state.kernel.timeline.after(drawPhase(state.kernel, "controlPlane", state), () => {
      if (operation.isOver) return;
      state.powerState = after;
      endClusterOperation(state, operation);
      this.considerAutoUpgrade();
    });
    return operation;
  }

  delete(): OperationState {
    const state = this.#state;
    const operation = beginClusterOperation(state, "Delete", "Deleting");
    state.kernel.timeline.after(drawPhase(state.kernel, "controlPlane", state), () => {
      if (operation.isOver) return;
      this.#onDeleted();
      endClusterOperation(state, operation);
    });
    return operation;
  }

  /** Nothing that is still under way is told any more. */
  vanish(): void {
    announceCluster(this.#state, "Deleted");
    this.#state.alive = false;
    for (const pool of this.#state.pools.values()) {
      pool.machines.used -= pool.nodes.length;
    }
    dismantle(this.#state);
  }

  patchNode(name: string, patch: Parameters<Cluster["patchNode"]>[1]): void {
    patchNode(this.#state, name, patch);
  }
  deleteNode(name: string): void {
    deleteNode(this.#state, name);
  }
  evict(namespace: string, pod: string): ReturnType<Cluster["evict"]> {
    return evict(this.#state, namespace, pod);
  }
  deletePod(namespace: string, name: string, graceSeconds?: number): void {
    deletePod(this.#state, { namespace, name }, graceSeconds);
  }
  touchPod(namespace: string, name: string): void {
    announceObject(this.#state, "pods", "MODIFIED", { namespace, name });
  }
  putBudget(budget: DisruptionBudget): void {
    putBudget(this.#state, budget);
  }
  deleteBudget(namespace: string, name: string): void {
    deleteBudget(this.#state, namespace, name);
  }
  budgetStatus(budget: DisruptionBudget): BudgetStatus {
    return budgetStatusOf(this.#state, budget);
  }
  putWorkload(workload: WorkloadSpec): void {
    putWorkload(this.#state, workload);
  }
  deleteRevision({ kind, namespace, name }: Workload, { hash }: Revision): void {
    deleteRevision(this.#state, `${kind}/${namespace}/${name}`, hash);
  }
  deleteWorkload(kind: Workload["kind"], namespace: string, name: string): void {
    deleteWorkload(this.#state, kind, { namespace, name });
  }
}

function emptyState(kernel: Kernel, spec: ClusterSpec): ClusterState {
  return {
    kernel,
    id: spec.id,
    name: spec.name,
    region: spec.region,
    createdAt: kernel.timeline.now,
    entity: hashText(spec.id, kernel.seed),
    kubernetesVersion: spec.kubernetesVersion,
    provisioningState: "Succeeded",
    powerState: "Running",
    operation: undefined,
    alive: true,
    pools: new Map<string, PoolState>(),
    nodes: new Map<string, NodeState>(),
    budgets: new Map<string, BudgetState>(),
    budgetsByValue: new Map(),
    workloads: new Map<string, WorkloadState>(),
    daemonSets: new Set<WorkloadState>(),
    pending: new Set<PodState>(),
    podIndex: undefined,
    podAppointments: { starting: undefined, stopping: undefined },
    nodeEvents: [],
    operations: new Map<string, OperationState>(),
    maintenanceWindows: new Map<WindowName, MaintenanceWindow>(),
    waitingForWindow: [],
    autoUpgrade: { upgradeChannel: "none", nodeOsUpgradeChannel: "None" },
    autoUpgradeDue: undefined,
    forcedUntil: undefined,
    round: 0,
  };
}

function conflict(message: string): SimulationError {
  return new SimulationError("Conflict", message);
}
