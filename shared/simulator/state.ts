import { canonicalJson } from "../core/digest.ts";
import type { Kernel } from "./kernel.ts";
import type { MachineStock } from "./machine-supply.ts";
import type {
  BlueGreenSettings,
  AutoUpgradeChannels,
  BudgetStatus,
  ClusterNode,
  DisruptionBudget,
  Instant,
  MaintenanceWindow,
  NodeEvent,
  NodePool,
  NodePoolSpec,
  Operation,
  OperationStatus,
  Pod,
  ProvisioningState,
  RecentVersion,
  UpgradeSettings,
  UpgradeStrategy,
  WindowName,
  Replacement,
  Revision,
  Workload,
  WorkloadSpec,
} from "./model.ts";
import { guid, hashText, mix } from "./random.ts";
import type { Appointment } from "./timeline.ts";

/** The mutable side of the model: what the interfaces of model.ts show read-only. */

export interface Version {
  readonly kubernetesVersion: string;
  readonly nodeImageVersion: string;
}

export type Taint = ClusterNode["taints"][number];

const NONE: Readonly<Record<string, string>> = {};
const NO_TAINTS: readonly Taint[] = [];
const NO_ENTRIES: readonly (readonly [string, string])[] = [];
const NO_TOLERATIONS: NonNullable<WorkloadSpec["tolerations"]> = [];
const DEFAULT_GRACE_SECONDS = 30;
const NO_REVISIONS: readonly RevisionState[] = [];

/** More than any node may have. */
export const TAKES_NONE = 1 << 30;

export class NodeState implements ClusterNode {
  readonly name: string;
  readonly owner: PoolState;
  readonly instance: number;
  readonly createdAt: Instant;
  /** Counter of the random draws about this node. */
  readonly entity: number;
  kubernetesVersion: string;
  nodeImageVersion: string;
  #phase: ClusterNode["phase"] = "Creating";
  #unschedulable = false;
  surge = false;
  labels: Readonly<Record<string, string>> = NONE;
  annotations: Readonly<Record<string, string>> = NONE;
  taints: readonly Taint[] = NO_TAINTS;
  /** In the order in which they came: arrays of this length are cheaper than sets. */
  readonly pods: PodState[] = [];
  /** Pods that a drain has to move: all but those of DaemonSets. */
  evictable = 0;
  /** How many pods it has, or `TAKES_NONE`: all that the scheduler compares, ready for hundreds of thousands of looks. */
  load = TAKES_NONE;
  alive = true;
  /** Upgrades begun, so that each has durations of its own. */
  round = 0;
  /** A surge node that stayed for a quarantined one. */
  kept = false;
  /** Its quarantine label was taken off and no PUT has dealt with it yet. */
  released = false;
  #uid: string | undefined;

  constructor(owner: PoolState, instance: number, version: Version) {
    this.owner = owner;
    this.instance = instance;
    this.name = `aks-${owner.name}-${owner.scaleSet}-vmss${instance.toString(36).padStart(6, "0")}`;
    this.createdAt = owner.cluster.kernel.timeline.now;
    this.entity = mix(owner.entity, instance);
    this.kubernetesVersion = version.kubernetesVersion;
    this.nodeImageVersion = version.nodeImageVersion;
  }

  get phase(): ClusterNode["phase"] {
    return this.#phase;
  }
  set phase(phase: ClusterNode["phase"]) {
    this.#phase = phase;
    this.#weigh();
  }

  get unschedulable(): boolean {
    return this.#unschedulable;
  }
  set unschedulable(unschedulable: boolean) {
    this.#unschedulable = unschedulable;
    this.#weigh();
  }

  admit(pod: PodState): void {
    this.pods.push(pod);
    if (!pod.daemonSet) this.evictable += 1;
    this.#weigh();
  }

  release(pod: PodState): void {
    if (!takeOut(this.pods, pod)) return;
    if (!pod.daemonSet) this.evictable -= 1;
    this.#weigh();
  }

  #weigh(): void {
    const before = this.load;
    const { length } = this.pods;
    const takes = this.#phase === "Ready" && !this.#unschedulable && length < this.owner.maxPods;
    this.load = takes ? length : TAKES_NONE;
    if (this.load < before) this.owner.forgetLightest();
  }

  get pool(): string {
    return this.owner.name;
  }

  get uid(): string {
    const { cluster } = this.owner;
    this.#uid ??= guid(cluster.kernel.seed, `${cluster.id}/nodes/${this.name}`);
    return this.#uid;
  }

  /** No labels or taints of its own: what holds for its pool holds for it. */
  get isPlain(): boolean {
    return this.labels === NONE && this.taints === NO_TAINTS;
  }
}

/** Keeps the order of the others; says whether it was there. */
export function takeOut(pods: PodState[], pod: PodState): boolean {
  const index = pods.indexOf(pod);
  if (index < 0) return false;
  // Far quicker than splice or copyWithin, which are made for any receiver.
  for (let at = index + 1; at < pods.length; at++) pods[at - 1] = pods[at] as PodState;
  pods.pop();
  return true;
}

/** Letters that Kubernetes uses in generated names. */
const NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
const HASH_LENGTH = 9;
const SUFFIXES = NAME_ALPHABET.length ** SUFFIX_LENGTH;
/** Coprime to 27, so that a serial number never yields another's suffix. */
const SUFFIX_STEP = 7_368_787;

function nameSuffix(number: number, length: number): string {
  let rest = number;
  let text = "";
  for (let index = 0; index < length; index++) {
    text += NAME_ALPHABET.charAt(rest % NAME_ALPHABET.length);
    rest = Math.floor(rest / NAME_ALPHABET.length);
  }
  return text;
}

/** Names, labels and ids are derived when asked for: a rehearsal of 600,000 pods asks for none. */
export class PodState implements Pod {
  readonly owner: WorkloadState;
  /** What it was made from. */
  readonly revision: RevisionState;
  readonly serial: number;
  readonly createdAt: Instant;
  host: NodeState | undefined;
  phase: Pod["phase"] = "Pending";
  ready = false;
  /** The latest drain that was refused it, with the event that counts how often. */
  refusal: { readonly drain: object; readonly event: NodeEventState } | undefined;

  constructor(owner: WorkloadState, revision: RevisionState, serial: number, createdAt: Instant) {
    this.owner = owner;
    this.revision = revision;
    this.serial = serial;
    this.createdAt = createdAt;
  }

  get name(): string {
    const { owner, serial } = this;
    if (owner.kind === "Pod") return owner.name;
    if (owner.kind === "StatefulSet") return `${owner.name}-${ordinalOf(this)}`;
    const prefix = owner.kind === "DaemonSet" ? owner.name : `${owner.name}-${this.revision.hash}`;
    return `${prefix}-${nameSuffix((serial * SUFFIX_STEP + owner.entity) % SUFFIXES, SUFFIX_LENGTH)}`;
  }

  get uid(): string {
    return guid(this.owner.seed, `${this.owner.uid}/${this.serial}`);
  }

  get namespace(): string {
    return this.owner.namespace;
  }

  get workload(): string {
    return this.owner.key;
  }

  get daemonSet(): boolean {
    return this.owner.kind === "DaemonSet";
  }

  get labels(): Readonly<Record<string, string>> {
    return this.revision.labels;
  }

  get node(): string | undefined {
    return this.host?.name;
  }
}

/** Pods of a StatefulSet keep their number, so its serials count incarnations above the numbers. */
export const MAX_ORDINALS = 10_000;

export function ordinalOf(pod: PodState): number {
  return pod.serial % MAX_ORDINALS;
}

/** One state of a workload's template, as a ReplicaSet or a ControllerRevision keeps it. */
export class RevisionState implements Revision {
  /** Kubernetes hashes the template; here it is the entity, new for each revision, that makes hashes differ. */
  readonly #entity: number;
  readonly createdAt: Instant;
  readonly labels: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly selectorEntries: readonly (readonly [string, string])[];
  readonly tolerations: NonNullable<WorkloadSpec["tolerations"]>;
  readonly terminationGracePeriodSeconds: number;
  readonly nodeTerms: WorkloadSpec["nodeTerms"] | undefined;
  readonly apartFrom: WorkloadSpec["apartFrom"] | undefined;
  readonly template: object | undefined;
  number: number;
  /** Pods that it shall have now: a rollout moves them from the older revisions to the newest. */
  replicas = 0;

  constructor(spec: WorkloadSpec, about: { entity: number; number: number; createdAt: Instant }) {
    this.#entity = about.entity;
    this.number = about.number;
    this.createdAt = about.createdAt;
    this.labels = spec.labels;
    this.nodeSelector = spec.nodeSelector ?? NONE;
    this.selectorEntries = spec.nodeSelector ? Object.entries(spec.nodeSelector) : NO_ENTRIES;
    this.tolerations = spec.tolerations ?? NO_TOLERATIONS;
    this.terminationGracePeriodSeconds =
      spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    this.nodeTerms = spec.nodeTerms;
    this.apartFrom = spec.apartFrom;
    this.template = spec.template;
  }

  get hash(): string {
    return nameSuffix(this.#entity, HASH_LENGTH);
  }

  /** Would this specification make the same pods? */
  isOf(spec: WorkloadSpec): boolean {
    return canonicalJson(makingOf(this)) === canonicalJson(makingOf(spec));
  }
}

function makingOf(spec: WorkloadSpec | RevisionState): object {
  const { labels, nodeSelector = NONE, tolerations = NO_TOLERATIONS, template } = spec;
  const { nodeTerms, apartFrom } = spec;
  const { terminationGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = spec;
  const placement = { nodeSelector, tolerations, nodeTerms, apartFrom };
  return { ...placement, labels, terminationGracePeriodSeconds, template };
}

export class WorkloadState implements Workload {
  readonly kind: Workload["kind"];
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: Instant;
  readonly seed: number;
  readonly entity: number;
  readonly #path: string;
  replicas = 0;
  /** What new pods are made from. */
  revision: RevisionState;
  /** Those before it, oldest first, for as long as they have pods or can be gone back to. */
  older: readonly RevisionState[] = NO_REVISIONS;
  replacement: Replacement | undefined;
  nodeName: string | undefined;
  readonly pods: PodState[] = [];
  /** Pods that are not terminating. */
  live = 0;
  ready = 0;
  serial = 0;
  budgets: readonly BudgetState[] = [];
  /** Looks again whenever one of the pods is ready, stops or is gone; a Deployment at rest needs none. */
  controller: ((cluster: ClusterState, workload: WorkloadState) => void) | undefined;
  /** Its controller is at work; what it does itself calls it again when it has finished. */
  busy = false;
  called = false;
  /** When its rollout last got on. */
  progressedAt: Instant;

  constructor(spec: WorkloadSpec, cluster: ClusterState) {
    this.kind = spec.kind;
    this.namespace = spec.namespace;
    this.name = spec.name;
    this.createdAt = cluster.kernel.timeline.now;
    this.progressedAt = this.createdAt;
    this.seed = cluster.kernel.seed;
    this.#path = `${cluster.id}/${spec.kind}/${spec.namespace}/${spec.name}`;
    this.entity = hashText(this.#path, this.seed) % SUFFIXES;
    this.revision = this.#newRevision(spec, 1);
    this.scale(spec);
  }

  scale(spec: WorkloadSpec): void {
    this.replicas = spec.kind === "DaemonSet" || spec.kind === "Pod" ? 0 : spec.replicas;
    this.replacement = spec.replacement;
    this.nodeName = spec.nodeName;
  }

  /** Takes over a template; going back to one that is still known takes up its revision again. */
  revise(spec: WorkloadSpec): void {
    const all = [...this.older, this.revision];
    const number = this.revision.number + 1;
    const revision = this.older.find((one) => one.isOf(spec)) ?? this.#newRevision(spec, number);
    revision.number = number;
    this.older = all.filter((one) => one !== revision);
    this.revision = revision;
  }

  #newRevision(spec: WorkloadSpec, number: number): RevisionState {
    const entity = mix(this.entity, number);
    return new RevisionState(spec, { entity, number, createdAt: this.progressedAt });
  }

  get uid(): string {
    return guid(this.seed, this.#path);
  }

  get key(): string {
    return `${this.kind}/${this.namespace}/${this.name}`;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.revision.labels;
  }

  get nodeSelector(): Readonly<Record<string, string>> {
    return this.revision.nodeSelector;
  }

  get tolerations(): NonNullable<WorkloadSpec["tolerations"]> {
    return this.revision.tolerations;
  }

  get terminationGracePeriodSeconds(): number {
    return this.revision.terminationGracePeriodSeconds;
  }

  get rolling(): boolean {
    return this.kind === "Deployment" && this.controller !== undefined;
  }

  get revisions(): readonly RevisionState[] {
    return [...this.older, this.revision];
  }
}

export interface BudgetState {
  readonly budget: DisruptionBudget;
  readonly selector: readonly (readonly [string, string])[];
  workloads: readonly WorkloadState[];
  /** What watchers were last told. */
  told: BudgetStatus | undefined;
}

/** Seven days after an upgrade. Source: learn.microsoft.com/azure/aks/roll-back-node-pool-version */
const ROLLBACK_MILLISECONDS = 7 * 86_400_000;

export class PoolState implements NodePool {
  readonly cluster: ClusterState;
  readonly name: string;
  readonly osType: NodePool["osType"];
  readonly osSku: string;
  readonly vmSize: string;
  readonly maxPods: number;
  readonly createdAt: Instant;
  readonly scaleSet: string;
  readonly machines: MachineStock;
  readonly entity: number;
  mode: NodePool["mode"];
  count: number;
  kubernetesVersion: string;
  nodeImageVersion: string;
  imageFamily: string;
  upgradeSettings: UpgradeSettings;
  /** Somebody named its `maxSurge`: the default follows the Kubernetes version. */
  hasOwnSurge: boolean;
  upgradeStrategy: UpgradeStrategy;
  upgradeSettingsBlueGreen: BlueGreenSettings;
  nodeLabels: Readonly<Record<string, string>>;
  nodeTaints: readonly string[];
  taints: readonly Taint[];
  snapshotId: string | undefined;
  provisioningState: ProvisioningState = "Succeeded";
  powerState: NodePool["powerState"] = "Running";
  operation: OperationState | undefined;
  previous: RecentVersion | undefined;
  /** What the last upgrade asked for; nodes may lag behind. */
  goal: Version;
  /** By instance, lowest first. */
  readonly nodes: NodeState[] = [];
  nextInstance = 0;
  /** No node has fewer pods, and none before `#from` has as few. */
  #fewest = 0;
  #from = 0;
  /** Stops the upgrade in flight where it stands. */
  abort: (() => void) | undefined;

  constructor(
    cluster: ClusterState,
    spec: NodePoolSpec,
    derived: Pick<
      NodePool,
      | "upgradeSettings"
      | "upgradeSettingsBlueGreen"
      | "imageFamily"
      | "nodeImageVersion"
      | "maxPods"
    >,
  ) {
    this.cluster = cluster;
    this.name = spec.name;
    this.mode = spec.mode;
    this.osType = spec.osType;
    this.osSku = spec.osSku;
    this.vmSize = spec.vmSize;
    this.maxPods = derived.maxPods;
    this.count = spec.count;
    this.kubernetesVersion = spec.kubernetesVersion;
    this.nodeImageVersion = derived.nodeImageVersion;
    this.imageFamily = derived.imageFamily;
    this.upgradeSettings = derived.upgradeSettings;
    this.hasOwnSurge = spec.upgradeSettings?.maxSurge !== undefined;
    this.upgradeStrategy = spec.upgradeStrategy ?? "Rolling";
    this.upgradeSettingsBlueGreen = derived.upgradeSettingsBlueGreen;
    this.nodeLabels = spec.nodeLabels ?? NONE;
    this.nodeTaints = spec.nodeTaints ?? [];
    this.taints = this.nodeTaints.map(parseTaint);
    this.snapshotId = spec.snapshotId;
    this.createdAt = cluster.kernel.timeline.now;
    this.goal = {
      kubernetesVersion: spec.kubernetesVersion,
      nodeImageVersion: derived.nodeImageVersion,
    };
    this.machines = cluster.kernel.machines.stockOf(cluster.region, spec.vmSize);
    this.entity = hashText(`${cluster.id}/${spec.name}`, cluster.kernel.seed);
    this.scaleSet = String(this.entity % 100_000_000).padStart(8, "0");
  }

  get recentlyUsed(): RecentVersion | undefined {
    const { now } = this.cluster.kernel.timeline;
    const { previous } = this;
    return previous && now - previous.lastUsedAt <= ROLLBACK_MILLISECONDS ? previous : undefined;
  }

  /**
   * The node with the fewest pods of those that take more, the lowest instance among equals. Pods only come
   * while nothing is lightened, so each look goes on where the last one ended.
   */
  lightest(): NodeState | undefined {
    const { nodes } = this;
    for (; this.#from < nodes.length; this.#from++) {
      const node = nodes[this.#from] as NodeState;
      if (node.load === this.#fewest) return node;
    }
    return this.#lookAtAll();
  }

  #lookAtAll(): NodeState | undefined {
    let lightest: NodeState | undefined;
    this.forgetLightest();
    this.#fewest = TAKES_NONE;
    for (let index = 0; index < this.nodes.length; index++) {
      const node = this.nodes[index] as NodeState;
      if (node.load >= this.#fewest) continue;
      lightest = node;
      this.#fewest = node.load;
      this.#from = index;
    }
    return lightest;
  }

  /** A node went, or takes pods again, or lost some. */
  forgetLightest(): void {
    this.#from = Number.MAX_SAFE_INTEGER;
  }

  /** What an upgrade of the pool gives each of its drains. */
  get drainTimeoutInMinutes(): number {
    const isBlueGreen = this.upgradeStrategy === "BlueGreen";
    const settings = isBlueGreen ? this.upgradeSettingsBlueGreen : this.upgradeSettings;
    return settings.drainTimeoutInMinutes;
  }

  /** How many nodes there are to be: none while the pool is stopped. */
  get wantedNodes(): number {
    return this.powerState === "Stopped" ? 0 : this.count;
  }
}

/** AKS writes taints as `key=value:Effect`. */
export function parseTaint(text: string): Taint {
  const [pair = "", effect = "NoSchedule"] = text.split(":");
  const [key = "", value] = pair.split("=");
  return { key, effect, ...(value !== undefined && { value }) };
}

export class OperationState implements Operation {
  readonly id: string;
  readonly kind: string;
  readonly pool: string | undefined;
  readonly startedAt: Instant;
  endedAt: Instant | undefined;
  status: OperationStatus = "InProgress";
  error: Operation["error"];
  /** All that went wrong is nodes in quarantine. */
  onlyQuarantine = false;
  /** Its drains pass over budgets: decided when it begins, and so it stays. */
  forced = false;
  readonly whenEnded: (() => void)[] = [];

  constructor(id: string, kind: string, about: { pool: string | undefined; now: Instant }) {
    this.id = id;
    this.kind = kind;
    this.pool = about.pool;
    this.startedAt = about.now;
  }

  /** What it still has under way must then be left alone: another operation may be at work. */
  get isOver(): boolean {
    return this.endedAt !== undefined;
  }
}

export interface ClusterState {
  readonly kernel: Kernel;
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly createdAt: Instant;
  readonly entity: number;
  kubernetesVersion: string;
  provisioningState: ProvisioningState;
  powerState: "Running" | "Stopped";
  /** The operation of the whole cluster in flight. */
  operation: OperationState | undefined;
  alive: boolean;
  readonly pools: Map<string, PoolState>;
  readonly nodes: Map<string, NodeState>;
  readonly budgets: Map<string, BudgetState>;
  /** By namespace and the value of the first label that they select, so that a workload need not try them all. */
  readonly budgetsByValue: Map<string, Map<string, readonly BudgetState[]>>;
  readonly workloads: Map<string, WorkloadState>;
  readonly daemonSets: Set<WorkloadState>;
  readonly pending: Set<PodState>;
  /** Built when somebody first asks for pods by name, and kept current from then on. */
  podIndex: Map<string, PodState> | undefined;
  /** Pods that become ready or vanish at the same instant share one appointment. */
  readonly podAppointments: { starting: PodBatch | undefined; stopping: PodBatch | undefined };
  readonly nodeEvents: NodeEventState[];
  readonly operations: Map<string, OperationState>;
  readonly maintenanceWindows: Map<WindowName, MaintenanceWindow>;
  /** Called once when a window changes: members of update runs that wait for one look again. */
  readonly waitingForWindow: (() => void)[];
  autoUpgrade: AutoUpgradeChannels;
  autoUpgradeDue: Appointment | undefined;
  /** Until then upgrades pass over budgets. */
  forcedUntil: Instant | undefined;
  /** Upgrades of the control plane so far. */
  round: number;
}

/** Told by the thousand in a rehearsal and read by nobody: what is costly to say is said when asked for. */
export class NodeEventState implements NodeEvent {
  readonly at: Instant;
  readonly type: NodeEvent["type"];
  readonly reason: string;
  readonly #node: NodeState;
  readonly #text: string;
  readonly #pod: PodState | undefined;
  count = 1;

  constructor(
    node: NodeState,
    event: Pick<NodeEvent, "type" | "reason" | "message"> & { readonly pod?: PodState },
  ) {
    this.at = node.owner.cluster.kernel.timeline.now;
    this.type = event.type;
    this.reason = event.reason;
    this.#node = node;
    this.#text = event.message;
    this.#pod = event.pod;
  }

  get node(): string {
    return this.#node.name;
  }

  get message(): string {
    return this.#pod === undefined ? this.#text : this.#text + this.#pod.name;
  }
}

export interface PodBatch {
  readonly time: Instant;
  readonly pods: PodState[];
}
