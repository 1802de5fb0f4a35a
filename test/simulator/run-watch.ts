import type {
  Fleet,
  GroupStatus,
  MemberStatus,
  RunSpec,
  StageStatus,
  Transition,
  UpdateRun,
  UpdateState,
  UpdateStatus,
} from "../../shared/simulator/model.ts";
import { hold } from "./pool-watch.ts";

const SECOND = 1_000;
const FINAL: readonly UpdateState[] = ["Completed", "Skipped"];
const STAGE_LIMIT = 50;

/** The state machine of runs. Source: update orchestration concept, update run states. */
const NEXT: Readonly<Record<UpdateState, readonly UpdateState[]>> = {
  NotStarted: ["Running"],
  Running: ["Pending", "Stopping", "Stopped", "Failed", "Completed", "Skipped"],
  Pending: ["Running", "Stopping", "Stopped", "Failed", "Completed", "Skipped"],
  Stopping: ["Stopped", "Failed"],
  Stopped: ["Running"],
  Failed: ["Running"],
  Skipped: ["Stopped"],
  Completed: [],
};

type RunTransition = Extract<Transition, { kind: "run" }>;

function isFinal({ state }: UpdateStatus): boolean {
  return FINAL.includes(state);
}

function inFlight(group: GroupStatus): number {
  return (group.members ?? []).filter(({ state }) => state === "Running").length;
}

export function membersOf(run: UpdateRun): MemberStatus[] {
  return run.stages.flatMap(({ groups }) => groups.flatMap(({ members }) => members ?? []));
}

/** Watches one run of one fleet, and throws at the event that breaks a rule. */
export class RunWatch {
  readonly #fleet: Fleet;
  readonly #run: UpdateRun;
  #state: UpdateState = "NotStarted";
  #revision = 0;
  /** A member failed, or somebody stopped the run, and nobody has started it since. */
  #halted = false;
  #waitSkipped = new Set<string>();

  constructor(fleet: Fleet, run: UpdateRun) {
    this.#fleet = fleet;
    this.#run = run;
  }

  /** Called when somebody stops the run. */
  stopped(): void {
    this.#halted = true;
  }

  see(transition: Transition): void {
    if (transition.kind !== "run") return;
    hold(this.#run.revision > this.#revision, "the ETag did not move");
    this.#revision = this.#run.revision;
    if (transition.scope === "run") this.#seeRun(transition);
    if (transition.scope === "member") this.#seeMember(transition);
    if (transition.scope === "stage") this.#seeStage(transition);
    if (transition.scope === "wait" && transition.state === "Skipped") {
      this.#waitSkipped.add(transition.name);
    }
    for (const stage of this.#run.stages) this.#holdOnStage(stage);
  }

  #seeRun({ state }: RunTransition): void {
    hold(NEXT[this.#state].includes(state), `${this.#state} became ${state}`);
    if (this.#state === "Stopped" || this.#state === "Failed") this.#halted = false;
    this.#state = state;
    if (state === "Completed") hold(this.#run.stages.every(isFinal), "Completed with stages left");
  }

  #seeMember({ name, state }: RunTransition): void {
    if (state === "Running") hold(!this.#halted, "21, 22: a member started after the halt");
    if (state === "Failed" && this.#isOneTooMany(name)) this.#halted = true;
    const member = membersOf(this.#run).find((one) => one.name === name);
    if (state === "Skipped" && member !== undefined && member.startTime !== undefined) {
      hold(member.completedTime !== undefined, "24: a skip that takes time");
    }
  }

  /** Stage and group each tolerate so many. */
  #isOneTooMany(name: string): boolean {
    const stage = this.#run.stages.find(({ groups }) =>
      groups.some(({ members }) => members?.some((one) => one.name === name)),
    );
    const group = stage?.groups.find(({ members }) => members?.some((one) => one.name === name));
    return [stage, group].some((level) => level !== undefined && isOver(level));
  }

  /** 19: a stage begins when those before it are over, and so are their waits. */
  #seeStage({ name, state, at }: RunTransition): void {
    if (state !== "Running" && state !== "Pending") return;
    const index = this.#run.stages.findIndex((stage) => stage.name === name);
    for (const earlier of this.#run.stages.slice(0, index)) {
      hold(isFinal(earlier), "19: began before the stage before it was over");
      const wait = earlier.afterStageWait;
      if (wait?.state !== "Completed" || this.#waitSkipped.has(earlier.name)) continue;
      const ends = (wait.startTime ?? 0) + wait.waitDurationInSeconds * SECOND;
      hold(at >= ends, "19: began before the wait was over");
    }
  }

  #holdOnStage(stage: StageStatus): void {
    const { maxConcurrency } = this.#specOf(stage);
    const total = stage.groups.reduce((sum, { members }) => sum + (members?.length ?? 0), 0);
    const all = stage.groups.reduce((sum, group) => sum + inFlight(group), 0);
    hold(all <= limitOf(maxConcurrency, total, STAGE_LIMIT), "17: too many members of a stage");
    for (const group of stage.groups) this.#holdOnGroup(stage, group);
    if (stage.state === "Completed") {
      hold(stage.groups.every(isFinal), "23: Completed with groups left");
      hold(!isOver(stage), "21: more failures than the stage allows");
      hold(
        stage.afterGates.every(({ status }) => isFinal(status)),
        "Completed before its gates",
      );
    }
    for (const { gateId, status } of [...stage.beforeGates, ...stage.afterGates]) {
      if (gateId === undefined) continue;
      hold(this.#fleet.gates.get(gateId)?.state === status.state, "a gate and its run disagree");
    }
  }

  #holdOnGroup(stage: StageStatus, group: GroupStatus): void {
    const { groups } = this.#specOf(stage);
    const { maxConcurrency } = groups?.find(({ name }) => name === group.name) ?? {};
    const members = group.members ?? [];
    const limit = limitOf(maxConcurrency, members.length, 1);
    hold(inFlight(group) <= limit, "17: too many members of a group");
    if (group.state === "Completed") {
      const left = members.filter((one) => !isFinal(one));
      hold(
        left.every(({ state }) => state === "Failed"),
        "Completed with members left",
      );
      hold(left.length <= group.maxAllowedFailures, "21: more failures than the group allows");
    }
    if (members.some(({ state }) => state === "Running")) {
      hold(
        group.beforeGates.every(({ status }) => isFinal(status)),
        "past a closed gate",
      );
    }
    for (const part of [stage, group, ...members]) holdOnTimes(part);
  }

  #specOf(stage: StageStatus): Partial<NonNullable<RunSpec["stages"]>[number]> {
    return this.#run.spec.stages?.find(({ name }) => name === stage.name) ?? {};
  }
}

function isOver(level: StageStatus | GroupStatus): boolean {
  return failedOf(level) > level.maxAllowedFailures;
}

export function failedOf(level: StageStatus | GroupStatus): number {
  const groups = "groups" in level ? level.groups : [level];
  const members = groups.flatMap((group) => group.members ?? []);
  return members.filter(({ state }) => state === "Failed").length;
}

function limitOf(declared: string | undefined, total: number, otherwise: number): number {
  if (declared === undefined) return otherwise;
  if (!declared.endsWith("%")) return Number(declared);
  return Math.max(1, Math.floor((Number.parseInt(declared, 10) * total) / 100));
}

function holdOnTimes({ state, startTime, completedTime }: UpdateStatus): void {
  const isOver = isFinal({ state } as UpdateStatus) || state === "Failed";
  hold((completedTime !== undefined) === isOver, `a completion time of what is ${state}`);
  if (state === "NotStarted") hold(startTime === undefined, "a start time of what has not begun");
  if (startTime === undefined || completedTime === undefined) return;
  hold(completedTime >= startTime, "completed before it started");
}
