import { oncePer } from "../core/once-per.ts";
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
export const membersOf = oncePer((run: UpdateRun): readonly PlacedMember[] => {
  const placed: PlacedMember[] = [];
  for (const stage of run.stageStatuses) placed.push(...membersOfStage(stage));
  return placed;
});

export function membersOfStage(stage: StageStatus): readonly PlacedMember[] {
  const placed: PlacedMember[] = [];
  for (const group of stage.groups) {
    for (const member of group.members) {
      placed.push({ stage: stage.name, group: group.name, member });
    }
  }
  return placed;
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
export const waitingGates = oncePer((run: UpdateRun): readonly PlacedGate[] => {
  const waiting: PlacedGate[] = [];
  for (const stage of run.stageStatuses) {
    for (const holder of [stage, ...stage.groups]) {
      for (const timing of ["before", "after"] as const) {
        const gates = timing === "before" ? holder.beforeGates : holder.afterGates;
        for (const { displayName, gateId, state } of gates) {
          if (gateId === undefined || isTerminal(state)) continue;
          waiting.push({ stage: stage.name, displayName, timing, gateId });
        }
      }
    }
  }
  return waiting;
});
