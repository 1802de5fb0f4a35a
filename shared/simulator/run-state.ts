import type {
  Gate,
  GateSpec,
  GateStatus,
  GroupSpec,
  GroupStatus,
  Instant,
  MemberStatus,
  RunSpec,
  StageSpec,
  StageStatus,
  Transition,
  UpdateState,
  UpdateStatus,
} from "./model.ts";
import { concurrencyOf, DEFAULT_STAGE_CONCURRENCY } from "./run-spec.ts";

/** The mutable side of a run's status. */

type Scope = Extract<Transition, { kind: "run" }>["scope"];

export class StatusState implements UpdateStatus {
  state: UpdateState = "NotStarted";
  startTime: Instant | undefined;
  completedTime: Instant | undefined;
  error: UpdateStatus["error"];
}

export class MemberState extends StatusState implements MemberStatus {
  readonly name: string;
  readonly clusterId: string;
  operationId: string | undefined;
  message: string | undefined;
  inFlight = false;
  /** It was upgraded, or tried, in this run: finding it at its target then means Completed. */
  attempted = false;
  retryAt: Instant | undefined;

  constructor(name: string, clusterId: string) {
    super();
    this.name = name;
    this.clusterId = clusterId;
  }
}

export class GateEntry implements GateStatus {
  readonly displayName: string;
  readonly timing: Gate["timing"];
  gateId: string | undefined;
  readonly status = new StatusState();

  constructor(spec: GateSpec, timing: Gate["timing"]) {
    this.displayName = spec.displayName;
    this.timing = timing;
  }
}

export class WaitState extends StatusState {
  readonly waitDurationInSeconds: number;

  constructor(waitDurationInSeconds: number) {
    super();
    this.waitDurationInSeconds = waitDurationInSeconds;
  }
}

abstract class GatedState extends StatusState {
  readonly name: string;
  readonly beforeGates: readonly GateEntry[];
  readonly afterGates: readonly GateEntry[];

  constructor(spec: StageSpec | GroupSpec) {
    super();
    this.name = spec.name;
    this.beforeGates = (spec.beforeGates ?? []).map((gate) => new GateEntry(gate, "Before"));
    this.afterGates = (spec.afterGates ?? []).map((gate) => new GateEntry(gate, "After"));
  }
}

/** Members of one group are updated one after another unless maxConcurrency says otherwise. */
const DEFAULT_GROUP_CONCURRENCY = 1;

export class GroupState extends GatedState implements GroupStatus {
  readonly members: readonly MemberState[] | undefined;
  readonly limit: number;
  skipRequested = false;

  constructor(spec: GroupSpec, members: readonly MemberState[]) {
    super(spec);
    this.members = members.length > 0 ? members : undefined;
    this.limit = concurrencyOf(spec.maxConcurrency, members.length, DEFAULT_GROUP_CONCURRENCY);
  }
}

export class StageState extends GatedState implements StageStatus {
  readonly groups: readonly GroupState[];
  readonly afterStageWait: WaitState | undefined;
  readonly limit: number;
  skipRequested = false;

  constructor(spec: StageSpec, groups: readonly GroupState[]) {
    super(spec);
    this.groups = groups;
    const wait = spec.afterStageWaitInSeconds ?? 0;
    this.afterStageWait = wait > 0 ? new WaitState(wait) : undefined;
    const total = groups.reduce((sum, { members }) => sum + (members?.length ?? 0), 0);
    const asked = concurrencyOf(spec.maxConcurrency, total, DEFAULT_STAGE_CONCURRENCY);
    this.limit = Math.min(asked, DEFAULT_STAGE_CONCURRENCY);
  }
}

export interface Candidate {
  readonly name: string;
  readonly clusterId: string;
  readonly group: string | undefined;
}

/** Azure does not say what it calls the one stage and group of a run without stages. */
const ONE_BY_ONE = "default";

/** Copies strategy and members into the run, as creation does; members of no listed group are left out. */
export function layOutStages(spec: RunSpec, members: readonly Candidate[]): StageState[] {
  const ordered = members.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const named = (list: readonly Candidate[]): MemberState[] =>
    list.map(({ name, clusterId }) => new MemberState(name, clusterId));
  if (spec.stages === undefined) {
    const group = new GroupState({ name: ONE_BY_ONE }, named(ordered));
    return [new StageState({ name: ONE_BY_ONE, groups: [] }, [group])];
  }
  return spec.stages.map((stage) => {
    const groups = stage.groups.map(
      (group) => new GroupState(group, named(ordered.filter((one) => one.group === group.name))),
    );
    return new StageState(stage, groups);
  });
}

const TERMINAL = new Set<UpdateState>(["Completed", "Failed", "Skipped"]);
const DONE = new Set<UpdateState>(["Completed", "Skipped"]);

export function isDone({ state }: UpdateStatus): boolean {
  return DONE.has(state);
}

export interface Journal {
  readonly now: Instant;
  /** Called after every change of a state. */
  changed(scope: Scope | "gate", name: string, state: UpdateState): void;
}

/** Changes a state once; keeps start and completion times in step with it. */
export function become(
  journal: Journal,
  target: StatusState,
  change: {
    readonly scope: Scope | "gate";
    readonly name: string;
    readonly state: UpdateState;
    readonly error?: UpdateStatus["error"] | undefined;
  },
): void {
  const { state } = change;
  if (target.state === state) return;
  target.state = state;
  target.error = change.error;
  target.completedTime = TERMINAL.has(state) ? journal.now : undefined;
  if (state === "NotStarted") target.startTime = undefined;
  else if (state !== "Skipped") target.startTime ??= journal.now;
  journal.changed(change.scope, change.name, state);
}
