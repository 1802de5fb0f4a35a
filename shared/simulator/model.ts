/**
 * The vocabulary of the simulated world: clusters that upgrade, and update runs that drive them.
 * Times are virtual, integer milliseconds since the Unix epoch. Objects are live views: whoever reads
 * them sees the state at `world.now`; only the methods of this module change them.
 */

export type Instant = number;

export interface World {
  readonly now: Instant;
  readonly rules: Rules;
  readonly images: ImageCatalog;
  readonly machines: Machines;
  /** Supported Kubernetes versions, oldest first. */
  readonly kubernetesVersions: readonly string[];
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly fleets: ReadonlyMap<string, Fleet>;
  /** When the next thing happens by itself; undefined when the world rests. */
  nextAt(): Instant | undefined;
  /** Lets everything happen that is due until `time`, in order. */
  advanceTo(time: Instant): void;
  /** Every change is told once, in order; returns the function that ends the subscription. */
  subscribe(listener: (transition: Transition) => void): () => void;
  addCluster(spec: ClusterSpec): Cluster;
  removeCluster(id: string): void;
  /** AKS supports one more Kubernetes version from now on. */
  releaseKubernetesVersion(version: string): void;
  addFleet(id: string): Fleet;
  removeFleet(id: string): void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly start: Instant;
  readonly kubernetesVersions?: readonly string[];
  readonly rules?: Partial<Rules>;
  readonly durations?: Partial<Durations>;
  /** What the subscription may use; without a limit where none is named. */
  readonly quotas?: readonly Quota[];
  /** What regions have; without an end where nothing is named. */
  readonly capacities?: readonly Capacity[];
  /** Replaces the scheduler's choice of a node; undefined leaves the choice to it. */
  readonly place?: (pod: Pod, candidates: readonly ClusterNode[]) => string | undefined;
}

/** Points on which Azure's documents are silent or disagree, each with a default (docs/fidelity.md). */
export interface Rules {
  /**
   * `batch`: surge-sized sets, each finished before the next; `pipeline`: a free slot takes the next node;
   * `single`: all surge nodes stand ready, nodes are drained one after another, as the document's examples do.
   */
  readonly surgeMode: "batch" | "pipeline" | "single";
  readonly poolOrder: "parallel" | "serial";
  /** All surge nodes are held by quarantined nodes and nodes are left to upgrade. */
  readonly surgeExhausted: "stop" | "continue";
  /** May a snapshot take a pool to an older version? The document says no, AKS#3595 shows a yes. */
  readonly allowSnapshotDowngrade: boolean;
  /** May a run with `Custom` images take a pool to an older image? No document says. */
  readonly allowCustomDowngrade: boolean;
  /** Refuse an upgrade before any drain when a budget can never allow a disruption (`UnsatisfiablePDB`). */
  readonly checkUnsatisfiableBudgets: boolean;
  /** A pool that ends `Failed` because of quarantined nodes fails its member, and so the run. */
  readonly quarantineFailsMember: boolean;
  /** A `Full` run skips a member whose control plane has the version, though its images lag. */
  readonly skipFullAtVersion: boolean;
  /** A run fails a member whose target image is older than 90 days when its turn comes. */
  readonly expiredImageFailsMember: boolean;
  /** Refuse machines beyond a vCPU quota; otherwise quotas are told alone. */
  readonly enforceQuotas: boolean;
  /** A stage or group that names no `maxAllowedFailures` leaves failures to the other level, when that names one. */
  readonly unsetLevelAllowsFailures: boolean;
}

/** What a subscription may use in a region, in vCPUs: of one VM family, or of all (`cores`). */
export interface Quota {
  readonly region: string;
  readonly name: string;
  readonly limit: number;
}

/** How many machines of a size a region has at most for the subscription. */
export interface Capacity {
  readonly region: string;
  readonly vmSize: string;
  readonly machines: number;
}

export interface Machines {
  /** vCPUs in use by quota name: every VM family, and `cores` for all. */
  usedVcpus(region: string): ReadonlyMap<string, number>;
  /** Undefined: no limit. */
  quota(region: string, name: string): number | undefined;
  setCapacity(capacity: Capacity): void;
}

/** Medians in milliseconds and the sigma of a log-normal around them. */
export type Duration = { readonly median: number; readonly sigma: number };

export interface Durations {
  readonly controlPlane: Duration;
  readonly surgeCreate: Duration;
  readonly drain: Duration;
  readonly reimage: Duration;
  readonly surgeDelete: Duration;
  readonly nodeCreate: Duration;
  readonly evictionRetry: Duration;
}

export interface ImageCatalog {
  /** Makes an image available in a region from `world.now` on. */
  release(region: string, nodeImageVersion: string): void;
  /** Newest image of a family in a region. */
  latest(region: string, family: string): string | undefined;
  /** Every image of a region with the time of its release, oldest first. */
  list(
    region: string,
  ): readonly { readonly nodeImageVersion: string; readonly releasedAt: Instant }[];
  /** Newest image of a family that all these regions have. */
  latestCommon(regions: readonly string[], family: string): string | undefined;
}

export type ProvisioningState =
  | "Creating"
  | "Updating"
  | "Upgrading"
  | "UpgradingNodeImageVersion"
  | "Scaling"
  | "Starting"
  | "Stopping"
  | "Deleting"
  | "Succeeded"
  | "Failed"
  | "Canceled";

export interface UpgradeSettings {
  /** Integer or percentage, such as "1" or "33%". */
  readonly maxSurge: string;
  readonly maxUnavailable: string;
  readonly drainTimeoutInMinutes: number;
  readonly nodeSoakDurationInMinutes: number;
  readonly undrainableNodeBehavior: "Schedule" | "Cordon";
  /** Blocked nodes that `Cordon` puts up with (preview), at least `maxSurge`; absent: as many. */
  readonly maxBlockedNodes?: string;
}

/** How a pool is upgraded: node by node, or (preview) by green nodes beside the blue ones. */
export type UpgradeStrategy = "Rolling" | "BlueGreen";

export interface BlueGreenSettings {
  /** Blue nodes that are drained together: integer or percentage, never 0. */
  readonly drainBatchSize: string;
  readonly drainTimeoutInMinutes: number;
  /** Between two batches. */
  readonly batchSoakDurationInMinutes: number;
  /** After the last one, before the blue nodes go. */
  readonly finalSoakDurationInMinutes: number;
}

export interface NodePoolSpec {
  readonly name: string;
  readonly mode: "System" | "User";
  readonly osType: "Linux" | "Windows";
  readonly osSku: string;
  readonly vmSize: string;
  readonly count: number;
  /** Pods that a node takes; absent: 110, as with Kubernetes itself. */
  readonly maxPods?: number;
  readonly kubernetesVersion: string;
  /** Absent: the newest of the family in the region. */
  readonly nodeImageVersion?: string;
  readonly upgradeSettings?: Partial<UpgradeSettings>;
  readonly upgradeStrategy?: UpgradeStrategy;
  readonly upgradeSettingsBlueGreen?: Partial<BlueGreenSettings>;
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly nodeTaints?: readonly string[];
  /** Id of the snapshot that the pool was created from or upgraded to. */
  readonly snapshotId?: string;
}

export interface RecentVersion {
  readonly kubernetesVersion: string;
  readonly nodeImageVersion: string;
  readonly lastUsedAt: Instant;
}

export interface NodePool extends Required<
  Omit<NodePoolSpec, "snapshotId" | "upgradeSettings" | "upgradeSettingsBlueGreen">
> {
  readonly upgradeSettings: UpgradeSettings;
  readonly upgradeSettingsBlueGreen: BlueGreenSettings;
  readonly snapshotId: string | undefined;
  readonly provisioningState: ProvisioningState;
  /** A stopped pool keeps its count and has no nodes; upgrades reach them when it starts. */
  readonly powerState: "Running" | "Stopped";
  readonly createdAt: Instant;
  /** The operation in flight, if any. */
  readonly operation: Operation | undefined;
  /** What the pool ran before its last upgrade, for as long as it can be rolled back to. */
  readonly recentlyUsed: RecentVersion | undefined;
  /** Node image family, derived from OS SKU, generation and Kubernetes version. */
  readonly imageFamily: string;
}

export interface ClusterSpec {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly kubernetesVersion: string;
  readonly pools: readonly NodePoolSpec[];
  readonly workloads?: readonly WorkloadSpec[];
  readonly budgets?: readonly DisruptionBudget[];
  /** `true`: nodes exist and the cluster is `Succeeded` at once; otherwise it is created in virtual time. */
  readonly ready?: boolean;
}

/** What kubectl calls Deployment, DaemonSet or StatefulSet, or a pod of its own, as far as upgrades care. */
export interface WorkloadSpec {
  readonly kind: "Deployment" | "DaemonSet" | "StatefulSet" | "Pod";
  readonly namespace: string;
  readonly name: string;
  /** Ignored for a DaemonSet, which has one pod per node, and for a pod, which is one. */
  readonly replicas: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly {
    readonly key?: string;
    readonly operator?: string;
    readonly value?: string;
    readonly effect?: string;
  }[];
  readonly terminationGracePeriodSeconds?: number;
  /** Required node affinity: a node has to meet every expression of one of these terms. */
  readonly nodeTerms?: readonly (readonly LabelExpression[])[];
  /** Required anti-affinity: no pod that one of these selects may be in the same part of the cluster. */
  readonly apartFrom?: readonly PodTerm[];
  /** What else is written of its pods, in whatever form: a change of it replaces them. */
  readonly template?: object;
  readonly replacement?: Replacement;
  /** The node of a pod that passes by the scheduler. */
  readonly nodeName?: string;
}

/** Pods of the same namespace, by label, and the label of nodes by which two are in the same part. */
export interface PodTerm {
  readonly selector: readonly LabelExpression[];
  readonly topologyKey: string;
}

/** How pods give way to those of a newer template. Source: kubernetes.io/docs/concepts/workloads/controllers */
export interface Replacement {
  /** `Recreate` is for Deployments, `OnDelete` for the others. */
  readonly type: "RollingUpdate" | "Recreate" | "OnDelete";
  /** Integer or percentage; absent: 25% of a Deployment. */
  readonly maxSurge?: string;
  /** Integer or percentage; absent: 25% of a Deployment, 1 of a DaemonSet. */
  readonly maxUnavailable?: string;
  /** Pods of a StatefulSet below this number keep the older template. */
  readonly partition?: number;
  /** A Deployment that gets on with nothing for so long has failed to; absent: 600. */
  readonly progressDeadlineSeconds?: number;
  /** A Deployment that is paused takes up no newer template and goes on with none. */
  readonly paused?: boolean;
  /** A StatefulSet that does not wait for one pod before it makes the next. */
  readonly parallel?: boolean;
}

/** A template that a workload has or had. */
export interface Revision extends Required<
  Pick<WorkloadSpec, "labels" | "nodeSelector" | "tolerations" | "terminationGracePeriodSeconds">
> {
  /** Part of the names of a Deployment's pods. */
  readonly hash: string;
  /** Counts up from 1; a template that is gone back to gets a new number. */
  readonly number: number;
  readonly createdAt: Instant;
  readonly nodeTerms: WorkloadSpec["nodeTerms"] | undefined;
  readonly apartFrom: WorkloadSpec["apartFrom"] | undefined;
  readonly template: object | undefined;
  /** Pods that it shall have now: of a Deployment, what its ReplicaSet asks for. */
  readonly replicas: number;
}

export interface Workload extends Omit<
  WorkloadSpec,
  "template" | "replacement" | "nodeName" | "nodeTerms" | "apartFrom"
> {
  readonly uid: string;
  readonly createdAt: Instant;
  /** Those that are about to end included. */
  readonly pods: readonly Pod[];
  /** What new pods are made from. */
  readonly revision: Revision;
  /** Oldest first, the current one last. */
  readonly revisions: readonly Revision[];
  readonly replacement: Replacement | undefined;
  /** A newer template is on its way to the pods. */
  readonly rolling: boolean;
  /** When its rollout last got on. */
  readonly progressedAt: Instant;
}

/** policy/v1 PodDisruptionBudget; exactly one of minAvailable and maxUnavailable, integer or percentage. */
export interface DisruptionBudget {
  readonly namespace: string;
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly minAvailable?: number | string;
  readonly maxUnavailable?: number | string;
  /** `matchExpressions` of the selector: a pod has to meet each of them too. */
  readonly expressions?: readonly LabelExpression[];
  /** Pods that are not ready may be evicted whatever the budget (`unhealthyPodEvictionPolicy`). */
  readonly alwaysAllowsUnready?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface LabelExpression {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

export interface BudgetStatus {
  readonly expectedPods: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly disruptionsAllowed: number;
}

export interface ClusterNode {
  /** `aks-<pool>-<8 digits>-vmss00000N`. */
  readonly name: string;
  readonly uid: string;
  readonly pool: string;
  readonly instance: number;
  readonly kubernetesVersion: string;
  readonly nodeImageVersion: string;
  readonly phase: "Creating" | "Ready" | "Reimaging" | "Deleting";
  /** Created by an upgrade and not (yet) a permanent node. */
  readonly surge: boolean;
  readonly unschedulable: boolean;
  /** Labels beyond those that AKS derives from the pool; quarantine is the label `kubernetes.azure.com/upgrade-status`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Beyond those of the pool. */
  readonly taints: readonly {
    readonly key: string;
    readonly value?: string;
    readonly effect: string;
  }[];
  readonly createdAt: Instant;
}

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Key of its workload: `Deployment/<namespace>/<name>`. */
  readonly workload: string;
  readonly owner: Workload;
  readonly revision: Revision;
  readonly daemonSet: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent while no node has room for it. */
  readonly node: string | undefined;
  readonly phase: "Pending" | "Running" | "Terminating";
  readonly ready: boolean;
  readonly createdAt: Instant;
}

export type OperationStatus = "InProgress" | "Succeeded" | "Failed" | "Canceled";

export interface Operation {
  /** A GUID, deterministic from the seed. */
  readonly id: string;
  readonly kind: string;
  /** Pool name; undefined for an operation of the whole cluster. */
  readonly pool: string | undefined;
  readonly startedAt: Instant;
  readonly endedAt: Instant | undefined;
  readonly status: OperationStatus;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** A Kubernetes event as AKS writes them on nodes. */
export interface NodeEvent {
  /** When it was first seen. */
  readonly at: Instant;
  readonly node: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

export interface PoolChange {
  readonly count?: number;
  readonly kubernetesVersion?: string;
  readonly nodeImageVersion?: string;
  readonly upgradeSettings?: Partial<UpgradeSettings>;
  readonly upgradeStrategy?: UpgradeStrategy;
  readonly upgradeSettingsBlueGreen?: Partial<BlueGreenSettings>;
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly nodeTaints?: readonly string[];
  readonly mode?: "System" | "User";
  readonly powerState?: NodePool["powerState"];
  /** null drops the snapshot. */
  readonly snapshotId?: string | null;
}

export interface ClusterChange {
  readonly kubernetesVersion?: string;
  readonly pools: ReadonlyMap<string, PoolChange>;
  readonly newPools: readonly NodePoolSpec[];
}

export interface ClusterUpgrade {
  readonly type: "Full" | "NodeImageOnly" | "ControlPlaneOnly";
  readonly kubernetesVersion?: string;
  /** Target image of a pool; undefined leaves the pool alone. Absent for the newest of the region. */
  readonly imageFor?: (pool: NodePool) => string | undefined;
  /** `Consistent` and `Custom` runs drop the pool's snapshot. */
  readonly dropSnapshots?: boolean;
}

export type DayOfWeek =
  | "Sunday"
  | "Monday"
  | "Tuesday"
  | "Wednesday"
  | "Thursday"
  | "Friday"
  | "Saturday";

export type MaintenanceSchedule =
  | { readonly kind: "daily"; readonly intervalDays: number }
  | { readonly kind: "weekly"; readonly intervalWeeks: number; readonly dayOfWeek: DayOfWeek }
  | {
      readonly kind: "absoluteMonthly";
      readonly intervalMonths: number;
      readonly dayOfMonth: number;
    }
  | {
      readonly kind: "relativeMonthly";
      readonly intervalMonths: number;
      readonly weekIndex: "First" | "Second" | "Third" | "Fourth" | "Last";
      readonly dayOfWeek: DayOfWeek;
    };

/** When AKS and update runs may begin an upgrade of the cluster by themselves. */
export interface MaintenanceWindow {
  readonly schedule: MaintenanceSchedule;
  readonly durationHours: number;
  /** As in `+05:30`. */
  readonly utcOffset: string;
  /** As in `2026-07-01`; intervals count from it. */
  readonly startDate: string;
  /** As in `22:00`. */
  readonly startTime: string;
  /** Both days included. */
  readonly notAllowedDates?: readonly { readonly start: string; readonly end: string }[];
}

/** One for Kubernetes upgrades, one for node images alone. */
export type WindowName = "aksManagedAutoUpgradeSchedule" | "aksManagedNodeOSUpgradeSchedule";

/** AKS's own upgrades, which nobody asks for. */
export interface AutoUpgradeChannels {
  readonly upgradeChannel: "none" | "patch" | "stable" | "rapid" | "node-image";
  readonly nodeOsUpgradeChannel: "None" | "Unmanaged" | "SecurityPatch" | "NodeImage";
}

/** Every method that changes something throws a SimulationError when Azure or Kubernetes would refuse. */
export interface Cluster {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly kubernetesVersion: string;
  readonly provisioningState: ProvisioningState;
  readonly powerState: "Running" | "Stopped";
  readonly createdAt: Instant;
  readonly pools: ReadonlyMap<string, NodePool>;
  readonly nodes: ReadonlyMap<string, ClusterNode>;
  /** By `<namespace>/<name>`. */
  readonly pods: ReadonlyMap<string, Pod>;
  /** By `<namespace>/<name>`. */
  readonly budgets: ReadonlyMap<string, DisruptionBudget>;
  /** By `<kind>/<namespace>/<name>`. */
  readonly workloads: ReadonlyMap<string, Workload>;
  /** Newest last; at most MAX_NODE_EVENTS are kept. */
  readonly nodeEvents: readonly NodeEvent[];
  /** All operations ever begun, by id. */
  readonly operations: ReadonlyMap<string, Operation>;
  readonly maintenanceWindows: ReadonlyMap<WindowName, MaintenanceWindow>;
  readonly autoUpgrade: AutoUpgradeChannels;

  /** undefined removes it. */
  setMaintenanceWindow(name: WindowName, window: MaintenanceWindow | undefined): void;
  setAutoUpgrade(channels: AutoUpgradeChannels): void;
  /** Upgrades that begin before then pass over budgets, however long they take. */
  forceUpgrades(until: Instant | undefined): void;
  addPool(spec: NodePoolSpec): Operation;
  /** A PUT of the pool: applies the change, resumes a stopped upgrade, cleans up after quarantine. */
  updatePool(name: string, change: PoolChange): Operation;
  upgradeNodeImage(pool: string, nodeImageVersion: string, snapshotId?: string): Operation;
  /** Budgets are obeyed unless they are to be ignored. */
  deletePool(name: string, options?: { readonly ignoreBudgets?: boolean }): Operation;
  deleteMachines(pool: string, nodes: readonly string[]): Operation;
  abortPool(name: string): Operation;
  /** Back to `recentlyUsed`: by the blue nodes, while a blue-green upgrade still has them. */
  rollBackPool(name: string): Operation;
  /** Of the whole cluster, an upgrade by an update run included. */
  abort(): Operation;
  /** Control plane, then pools. */
  upgrade(upgrade: ClusterUpgrade): Operation;
  /** A PUT of the cluster without a version change: reconciles every pool. */
  reconcile(): Operation;
  /** A PUT of the cluster that changes several things: the control plane first, then the pools, as one operation. */
  change(change: ClusterChange): Operation;
  /** Busy with something that changes nothing to be seen, such as joining a fleet. */
  settleIn(kind: string, milliseconds: number): Operation;
  start(): Operation;
  stop(): Operation;
  delete(): Operation;

  patchNode(
    name: string,
    patch: {
      readonly unschedulable?: boolean;
      /** Each of these replaces the whole set. */
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly taints?: ClusterNode["taints"];
    },
  ): void;
  deleteNode(name: string): void;
  /** The eviction subresource: refused with the name of the budget that forbids it. */
  evict(
    namespace: string,
    pod: string,
  ):
    | { readonly allowed: true }
    | { readonly allowed: false; readonly budget: string; readonly status: BudgetStatus };
  /** `graceSeconds` replaces the pod's own; 0 takes it away at once. */
  deletePod(namespace: string, pod: string, graceSeconds?: number): void;
  /** Something was written on a pod that the world does not act on: watchers are told. */
  touchPod(namespace: string, pod: string): void;
  putBudget(budget: DisruptionBudget): void;
  deleteBudget(namespace: string, name: string): void;
  budgetStatus(budget: DisruptionBudget): BudgetStatus;
  putWorkload(workload: WorkloadSpec): void;
  deleteWorkload(kind: Workload["kind"], namespace: string, name: string): void;
  /** The ReplicaSet of a Deployment goes with its pods; of the newest template there is one again at once. */
  deleteRevision(workload: Workload, revision: Revision): void;
}

export type UpdateState =
  | "NotStarted"
  | "Running"
  | "Pending"
  | "Stopping"
  | "Stopped"
  | "Skipped"
  | "Failed"
  | "Completed";

/** Somebody approves it, or (preview) it opens by itself at the next such time of the week. */
export type GateSpec =
  | { readonly displayName: string; readonly type: "Approval" }
  | {
      readonly displayName: string;
      readonly type: "ScheduledStart";
      readonly scheduledStart: ScheduledStart;
    };

export interface ScheduledStart {
  readonly startDay: DayOfWeek;
  /** As in `02:00`. */
  readonly startTime: string;
  /** As in `-08:00`. */
  readonly utcOffset: string;
}

export interface GroupSpec {
  readonly name: string;
  readonly maxConcurrency?: string;
  /** Failed members that are tolerated (preview): a count or a percentage, as in "2" or "25%"; absent: none. */
  readonly maxAllowedFailures?: string;
  /** Selects members by their labels (preview), whatever group they are in; the name is then a name only. */
  readonly memberSelector?: readonly LabelExpression[];
  readonly beforeGates?: readonly GateSpec[];
  readonly afterGates?: readonly GateSpec[];
}

export interface StageSpec {
  readonly name: string;
  /** None: whoever `memberSelector` selects is one group of the stage's name. */
  readonly groups: readonly GroupSpec[];
  readonly maxConcurrency?: string;
  /** As of a group, over all members of the stage. */
  readonly maxAllowedFailures?: string;
  /** Only members with these labels (preview), before its groups select theirs. */
  readonly memberSelector?: readonly LabelExpression[];
  readonly afterStageWaitInSeconds?: number;
  readonly beforeGates?: readonly GateSpec[];
  readonly afterGates?: readonly GateSpec[];
}

export interface RunSpec {
  readonly name: string;
  /** Absent: one by one over all members. */
  readonly stages?: readonly StageSpec[];
  readonly upgrade: { readonly type: ClusterUpgrade["type"]; readonly kubernetesVersion?: string };
  readonly nodeImageSelection: {
    readonly type: "Latest" | "Consistent" | "Custom";
    readonly customNodeImageVersions?: readonly string[];
  };
}

export interface UpdateStatus {
  readonly state: UpdateState;
  readonly startTime: Instant | undefined;
  readonly completedTime: Instant | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

export interface MemberStatus extends UpdateStatus {
  readonly name: string;
  readonly clusterId: string;
  readonly operationId: string | undefined;
  readonly message: string | undefined;
}

export interface GateStatus {
  readonly displayName: string;
  /** GUID, present once the run has reached the gate. */
  readonly gateId: string | undefined;
  readonly status: UpdateStatus;
}

export interface GroupStatus extends UpdateStatus {
  readonly name: string;
  /** Absent in a group that nobody is in. */
  readonly members: readonly MemberStatus[] | undefined;
  readonly beforeGates: readonly GateStatus[];
  readonly afterGates: readonly GateStatus[];
  /** In members, percentages resolved. */
  readonly maxConcurrency: number;
  /** In members, percentages resolved. */
  readonly maxAllowedFailures: number;
}

export interface StageStatus extends UpdateStatus {
  readonly name: string;
  readonly groups: readonly GroupStatus[];
  readonly beforeGates: readonly GateStatus[];
  readonly afterGates: readonly GateStatus[];
  readonly afterStageWait: (UpdateStatus & { readonly waitDurationInSeconds: number }) | undefined;
  /** In members, percentages resolved. */
  readonly maxConcurrency: number;
  /** In members, percentages resolved. */
  readonly maxAllowedFailures: number;
}

export interface Gate {
  /** A GUID. */
  readonly name: string;
  readonly displayName: string;
  readonly gateType: GateSpec["type"];
  /** When it opens by itself. */
  readonly scheduledStart: (ScheduledStart & { readonly absoluteStartTime: Instant }) | undefined;
  readonly state: "Pending" | "Skipped" | "Completed";
  readonly run: string;
  readonly stage: string;
  readonly group: string | undefined;
  readonly timing: "Before" | "After";
}

export interface SkipTarget {
  readonly type: "Member" | "Group" | "Stage" | "AfterStageWait";
  readonly name: string;
}

export interface UpdateRun {
  readonly name: string;
  readonly spec: RunSpec;
  readonly status: UpdateStatus;
  readonly stages: readonly StageStatus[];
  readonly selectedNodeImageVersions: readonly string[] | undefined;
  /** Grows with every change of status: the emulator's ETags come from it. */
  readonly revision: number;
  start(): void;
  stop(): void;
  skip(targets: readonly SkipTarget[]): void;
  /** Possible until the run is started. */
  replace(spec: RunSpec): void;
}

export interface Member {
  readonly name: string;
  readonly cluster: Cluster;
  readonly group: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Fleet {
  readonly id: string;
  readonly members: ReadonlyMap<string, Member>;
  readonly runs: ReadonlyMap<string, UpdateRun>;
  /** By GUID. */
  readonly gates: ReadonlyMap<string, Gate>;
  putMember(member: {
    readonly name: string;
    readonly clusterId: string;
    readonly group?: string;
    readonly labels?: Readonly<Record<string, string>>;
  }): Member;
  removeMember(name: string): void;
  createRun(spec: RunSpec): UpdateRun;
  removeRun(name: string): void;
  completeGate(name: string): void;
}

export type NodeChange =
  | "SurgeCreating"
  | "SurgeReady"
  | "Cordoned"
  | "Draining"
  | "EvictionBlocked"
  | "Drained"
  | "Soaking"
  | "Reimaging"
  | "Upgraded"
  | "Quarantined"
  | "QuarantineReleased"
  | "SurgeKept"
  | "SurgeDeleting"
  | "Removed"
  | "Created"
  | "Uncordoned";

/** One change of the world. `cluster`, `fleet` are ids; `run`, `pool`, `node` are names. */
export type Transition = { readonly at: Instant } & (
  | {
      readonly kind: "node";
      readonly cluster: string;
      readonly pool: string;
      readonly node: string;
      readonly change: NodeChange;
      readonly detail?: string;
    }
  | {
      readonly kind: "pool";
      readonly cluster: string;
      readonly pool: string;
      readonly change:
        | "RollingStarted"
        | "RollingSucceeded"
        | "RollingFailed"
        | "Created"
        | "Deleted"
        | "Changed";
    }
  | {
      readonly kind: "cluster";
      readonly cluster: string;
      readonly change: "Created" | "Deleted" | "Changed";
    }
  | {
      readonly kind: "object";
      readonly cluster: string;
      readonly resource:
        | "nodes"
        | "pods"
        | "poddisruptionbudgets"
        | "deployments"
        | "daemonsets"
        | "statefulsets"
        | "events";
      readonly change: "ADDED" | "MODIFIED" | "DELETED";
      readonly namespace: string | undefined;
      readonly name: string;
    }
  | {
      readonly kind: "run";
      readonly fleet: string;
      readonly run: string;
      readonly scope: "run" | "stage" | "group" | "member" | "wait";
      readonly name: string;
      readonly state: UpdateState;
    }
  | {
      readonly kind: "gate";
      readonly fleet: string;
      readonly gate: string;
      readonly change: "Created" | "Updated" | "Deleted";
    }
  | { readonly kind: "image"; readonly region: string; readonly nodeImageVersion: string }
  | { readonly kind: "version"; readonly kubernetesVersion: string }
);

/** A refusal, with the error code that the real service answers. */
export class SimulationError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "SimulationError";
    this.code = code;
  }
}
