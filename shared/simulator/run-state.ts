import type {
  Gate,
  GateSpec,
  GateStatus,
  GroupSpec,
  GroupStatus,
  Instant,
  LabelExpression,
  MemberStatus,
  RunSpec,
  StageSpec,
  StageStatus,
  Transition,
  UpdateState,
  UpdateStatus,
} from "./model.ts";
import { meets } from "../core/label-requirement.ts";
import { allowedFailuresOf, concurrencyOf, DEFAULT_STAGE_CONCURRENCY } from "./run-spec.ts";

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
  readonly spec: GateSpec;
  readonly timing: Gate["timing"];
  gateId: string | undefined;
  readonly status = new StatusState();

  constructor(spec: GateSpec, timing: Gate["timing"]) {
    this.displayName = spec.displayName;
    this.spec = spec;
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
  /** Somebody wrote a `maxAllowedFailures`, be it 0. */
  readonly namesAllowedFailures: boolean;
  readonly beforeGates: readonly GateEntry[];
  readonly afterGates: readonly GateEntry[];

  constructor(spec: StageSpec | GroupSpec) {
    super();
    this.name = spec.name;
    this.namesAllowedFailures = spec.maxAllowedFailures !== undefined;
    this.beforeGates = (spec.beforeGates ?? []).map((gate) => new GateEntry(gate, "Before"));
    this.afterGates = (spec.afterGates ?? []).map((gate) => new GateEntry(gate, "After"));
  }
}

/** Members of one group are updated one after another unless maxConcurrency says otherwise. */
const DEFAULT_GROUP_CONCURRENCY = 1;

export class GroupState extends GatedState implements GroupStatus {
  readonly members: readonly MemberState[] | undefined;
  readonly maxConcurrency: number;
  readonly maxAllowedFailures: number;
  skipRequested = false;

  constructor(spec: GroupSpec, members: readonly MemberState[]) {
    super(spec);
    const total = members.length;
    this.members = total > 0 ? members : undefined;
    this.maxConcurrency = concurrencyOf(spec.maxConcurrency, total, DEFAULT_GROUP_CONCURRENCY);
    this.maxAllowedFailures = allowedFailuresOf(spec.maxAllowedFailures, total);
  }
}

export class StageState extends GatedState implements StageStatus {
  readonly groups: readonly GroupState[];
  readonly afterStageWait: WaitState | undefined;
  readonly maxConcurrency: number;
  readonly maxAllowedFailures: number;
  skipRequested = false;

  constructor(spec: StageSpec, groups: readonly GroupState[]) {
    super(spec);
    this.groups = groups;
    const wait = spec.afterStageWaitInSeconds ?? 0;
    this.afterStageWait = wait > 0 ? new WaitState(wait) : undefined;
    const total = groups.reduce((sum, { members }) => sum + (members?.length ?? 0), 0);
    const asked = concurrencyOf(spec.maxConcurrency, total, DEFAULT_STAGE_CONCURRENCY);
    this.maxConcurrency = Math.min(asked, DEFAULT_STAGE_CONCURRENCY);
    this.maxAllowedFailures = allowedFailuresOf(spec.maxAllowedFailures, total);
  }
}

export interface Candidate {
  readonly name: string;
  readonly clusterId: string;
  readonly group: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** Azure does not say what it calls the one stage and group of a run without stages. */
const ONE_BY_ONE = "default";

/** Copies strategy and members into the run, as creation does; members of no listed group are left out. */
export function layOutStages(spec: RunSpec, members: readonly Candidate[]): StageState[] {
  const left = new Set(members.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  /** Whoever several selectors select is in the first group of them: a member is updated once. */
  const take = (isMember: (candidate: Candidate) => boolean): MemberState[] => {
    const taken = [...left].filter(isMember);
    for (const one of taken) left.delete(one);
    return taken.map(({ name, clusterId }) => new MemberState(name, clusterId));
  };
  if (spec.stages === undefined) {
    const group = new GroupState(
      { name: ONE_BY_ONE },
      take(() => true),
    );
    return [new StageState({ name: ONE_BY_ONE, groups: [] }, [group])];
  }
  return spec.stages.map((stage) => {
    const groups = groupsOf(stage).map(
      (group) =>
        new GroupState(
          group,
          take((one) => isSelected(one, stage, group)),
        ),
    );
    return new StageState(stage, groups);
  });
}

/** A stage that selects members without groups has one implicit group, of which the stage's limits hold. */
function groupsOf(stage: StageSpec): readonly GroupSpec[] {
  if (stage.groups.length > 0) return stage.groups;
  const { name, memberSelector = [], maxConcurrency, maxAllowedFailures } = stage;
  return [
    {
      name,
      memberSelector,
      maxConcurrency: maxConcurrency ?? String(DEFAULT_STAGE_CONCURRENCY),
      ...(maxAllowedFailures !== undefined && { maxAllowedFailures }),
    },
  ];
}

function isSelected({ group, labels }: Candidate, stage: StageSpec, of: GroupSpec): boolean {
  const has = (selector: readonly LabelExpression[]): boolean =>
    selector.every((one) => meets(one, labels[one.key]));
  if (!has(stage.memberSelector ?? [])) return false;
  return of.memberSelector === undefined ? group === of.name : has(of.memberSelector);
}

const TERMINAL = new Set<UpdateState>(["Completed", "Failed", "Skipped"]);
const DONE = new Set<UpdateState>(["Completed", "Skipped"]);

export function isDone({ state }: UpdateStatus): boolean {
  return DONE.has(state);
}

/** In a run that goes on a failed member is one that is tolerated: nothing more comes of it. */
export function isSettled({ state }: MemberState): boolean {
  return TERMINAL.has(state);
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
