import type { MemberStatus, StageStatus, UpdateRun, UpdateState } from "./ports.ts";

/** A literal that is not listed is not terminal: the service may learn new ones. */
const TERMINAL: ReadonlySet<UpdateState> = new Set(["Completed", "Failed", "Stopped", "Skipped"]);
const ACTIVE: ReadonlySet<UpdateState> = new Set(["Running", "Pending", "Stopping"]);

export function isTerminal(state: UpdateState): boolean {
  return TERMINAL.has(state);
}

/** The run works on members, or will as soon as a gate or a window opens. */
export function isActive(state: UpdateState): boolean {
  return ACTIVE.has(state);
}

export interface PlacedMember {
  readonly stage: string;
  readonly group: string;
  readonly member: MemberStatus;
}

/** Members in the order of the run. */
export function membersOf(run: UpdateRun): readonly PlacedMember[] {
  return run.stageStatuses.flatMap(membersOfStage);
}

export function membersOfStage(stage: StageStatus): readonly PlacedMember[] {
  return stage.groups.flatMap((group) =>
    group.members.map((member) => ({ stage: stage.name, group: group.name, member })),
  );
}

export interface PlacedGate {
  readonly stage: string;
  readonly displayName: string;
  readonly timing: "before" | "after";
  readonly gateId: string;
}

/** Display names of the gates that are not open yet, reached or not. */
export function gatesAhead({ stageStatuses }: UpdateRun): readonly string[] {
  return stageStatuses
    .flatMap((stage) => [stage, ...stage.groups])
    .flatMap(({ beforeGates, afterGates }) => [...beforeGates, ...afterGates])
    .filter(({ state }) => !isTerminal(state))
    .map(({ displayName }) => displayName);
}

/** Gates that the run has reached and that wait for their approval. */
export function waitingGates(run: UpdateRun): readonly PlacedGate[] {
  return run.stageStatuses.flatMap((stage) =>
    [stage, ...stage.groups].flatMap((holder) =>
      (["before", "after"] as const).flatMap((timing) =>
        (timing === "before" ? holder.beforeGates : holder.afterGates)
          .filter((gate) => gate.gateId !== undefined && !isTerminal(gate.state))
          .map((gate) => ({
            stage: stage.name,
            displayName: gate.displayName,
            timing,
            gateId: gate.gateId ?? "",
          })),
      ),
    ),
  );
}
