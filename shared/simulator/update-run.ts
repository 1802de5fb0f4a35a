import type { SimulatedCluster } from "./cluster.ts";
import { SimulationError } from "./model.ts";
import { nextTimeOfWeek } from "./maintenance-window.ts";
import type {
  Gate,
  GateSpec,
  Instant,
  RunSpec,
  SkipTarget,
  Transition,
  UpdateRun,
  UpdateState,
  UpdateStatus,
} from "./model.ts";
import { advanceRun } from "./run-advance.ts";
import type { FleetLink, RunContext } from "./run-context.ts";
import { startMember } from "./run-member.ts";
import { validateRunSpec } from "./run-spec.ts";
import { skipTargets } from "./run-skip.ts";
import { become, isDone, layOutStages, StatusState } from "./run-state.ts";
import type { GateEntry, MemberState, StageState } from "./run-state.ts";
import { selectConsistentImages } from "./run-target.ts";

/** Recorded runs show Running a second after `start` answered, and their stages a moment later. */
const RUN_STARTS_MILLISECONDS = 1_000;
const STAGES_START_MILLISECONDS = 2_000;

type Scope = Extract<Transition, { kind: "run" }>["scope"];

export class SimulatedRun implements UpdateRun, RunContext {
  readonly name: string;
  readonly status = new StatusState();
  readonly link: FleetLink;
  spec: RunSpec;
  stages: readonly StageState[];
  selectedNodeImageVersions: readonly string[] | undefined;
  revision = 1;
  alive = true;
  halting: "stop" | "failure" | undefined;
  #startRequested = false;
  #stopRequested = false;
  #advancing = false;
  #again = false;

  constructor(link: FleetLink, spec: RunSpec) {
    validateRunSpec(spec);
    this.link = link;
    this.spec = spec;
    this.name = spec.name;
    this.stages = layOutStages(spec, link.candidates());
  }

  get now(): Instant {
    return this.link.kernel.timeline.now;
  }

  changed(scope: Scope | "gate", name: string, state: UpdateState): void {
    this.revision += 1;
    const { hub } = this.link.kernel;
    if (scope === "gate" || !hub.listening || !this.alive) return;
    hub.emit({
      at: this.now,
      kind: "run",
      fleet: this.link.fleetId,
      run: this.name,
      scope,
      name,
      state,
    });
  }

  replace(spec: RunSpec): void {
    if (this.status.state !== "NotStarted" || this.#startRequested) {
      throw refused(`Update run '${this.name}' cannot be changed once it was started.`);
    }
    if (spec.name !== this.name) throw refused("An update run cannot be renamed.");
    validateRunSpec(spec);
    this.spec = spec;
    this.stages = layOutStages(spec, this.link.candidates());
    this.revision += 1;
  }

  start(): void {
    const { state } = this.status;
    if (state !== "NotStarted" && state !== "Stopped" && state !== "Failed") {
      throw refused(`Update run '${this.name}' is ${state} and cannot be started.`);
    }
    this.#stopRequested = false;
    if (this.#startRequested) return;
    this.#startRequested = true;
    const { timeline } = this.link.kernel;
    timeline.after(RUN_STARTS_MILLISECONDS, () => this.#begin());
    timeline.after(STAGES_START_MILLISECONDS, () => this.advance());
  }

  #begin(): void {
    if (!this.alive) return;
    this.#startRequested = false;
    this.#selectImages();
    this.halting = this.#stopRequested ? "stop" : undefined;
    reopen(this);
    this.setRun("Running");
  }

  /** Chosen once, when the run first starts. */
  #selectImages(): void {
    const { type, customNodeImageVersions } = this.spec.nodeImageSelection;
    if (type === "Latest" || this.selectedNodeImageVersions !== undefined) return;
    this.selectedNodeImageVersions =
      type === "Custom"
        ? customNodeImageVersions
        : selectConsistentImages({ kernel: this.link.kernel, spec: this.spec }, this.#clusters());
  }

  #clusters(): SimulatedCluster[] {
    return this.members()
      .map(({ clusterId }) => this.link.clusterOf(clusterId))
      .filter((cluster) => cluster !== undefined);
  }

  members(): MemberState[] {
    return this.stages.flatMap(({ groups }) => groups.flatMap(({ members }) => members ?? []));
  }

  stop(): void {
    const { state } = this.status;
    if (state === "Stopping") return;
    if (this.#startRequested) {
      // The start was answered, and nothing has begun yet: nothing will.
      this.#stopRequested = true;
      return;
    }
    if (state !== "Running" && state !== "Pending" && state !== "Skipped") {
      throw refused(`Update run '${this.name}' is ${state} and cannot be stopped.`);
    }
    if (state === "Skipped") return this.setRun("Stopped");
    this.halting = "stop";
    this.advance();
  }

  skip(targets: readonly SkipTarget[]): void {
    const { state } = this.status;
    const allowed: readonly UpdateState[] = ["NotStarted", "Running", "Pending", "Failed"];
    if (!allowed.includes(state)) {
      throw refused(`Update run '${this.name}' is ${state}: nothing of it can be skipped.`);
    }
    skipTargets(this, targets);
    this.advance();
  }

  setRun(state: UpdateState, error?: UpdateStatus["error"]): void {
    become(this, this.status, { scope: "run", name: this.name, state, error });
  }

  advance(): void {
    this.#again = true;
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#again) {
      this.#again = false;
      if (this.alive && this.isActive) advanceRun(this);
    }
    this.#advancing = false;
  }

  get isActive(): boolean {
    const { state } = this.status;
    return state === "Running" || state === "Pending" || state === "Stopping";
  }

  beginMember(member: MemberState): void {
    startMember(this, member);
  }

  reachGate(
    gate: GateEntry,
    at: { readonly stage: string; readonly group: string | undefined },
  ): void {
    const { displayName, spec, timing } = gate;
    const scheduledStart = scheduleOf(spec, this.now);
    const { type: gateType } = spec;
    const shown = { displayName, gateType, scheduledStart, timing, run: this.name, ...at };
    const gateId = this.link.openGate(shown);
    gate.gateId = gateId;
    become(this, gate.status, { scope: "gate", name: displayName, state: "Pending" });
    if (scheduledStart === undefined) return;
    this.link.kernel.timeline.at(scheduledStart.absoluteStartTime, () =>
      this.link.openOnTime(gateId),
    );
  }

  /** Somebody approved the gate. */
  passGate(gateId: string): void {
    const gates = this.stages.flatMap((stage) => [
      ...stage.beforeGates,
      ...stage.afterGates,
      ...stage.groups.flatMap((group) => [...group.beforeGates, ...group.afterGates]),
    ]);
    const gate = gates.find((one) => one.gateId === gateId);
    if (gate === undefined) return;
    become(this, gate.status, { scope: "gate", name: gate.displayName, state: "Completed" });
    this.advance();
  }
}

/** "The system computes the next occurrence of the specified day and time" when the run reaches the gate. */
function scheduleOf(spec: GateSpec, now: Instant): Gate["scheduledStart"] {
  if (spec.type === "Approval") return undefined;
  const { scheduledStart } = spec;
  return { ...scheduledStart, absoluteStartTime: nextTimeOfWeek(scheduledStart, now) };
}

/** A resumed run takes up what is not done: failed members again, stopped parts where they stood. */
function reopen(run: SimulatedRun): void {
  for (const stage of run.stages) {
    if (isDone(stage) || stage.state === "NotStarted") continue;
    for (const group of stage.groups) {
      // Its failures were tolerated: it is behind the run.
      if (isDone(group) || group.state === "NotStarted") continue;
      for (const member of group.members ?? []) {
        if (member.state !== "Failed") continue;
        become(run, member, { scope: "member", name: member.name, state: "NotStarted" });
      }
      become(run, group, { scope: "group", name: group.name, state: "Running" });
    }
    become(run, stage, { scope: "stage", name: stage.name, state: "Running" });
    if (stage.afterStageWait?.state === "Stopped") {
      become(run, stage.afterStageWait, { scope: "wait", name: stage.name, state: "Running" });
    }
  }
}

function refused(message: string): SimulationError {
  return new SimulationError("OperationNotAllowed", message);
}
