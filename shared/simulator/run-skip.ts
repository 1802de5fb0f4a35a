import { SimulationError } from "./model.ts";
import type { SkipTarget, UpdateStatus } from "./model.ts";
import { inFlightOf, skipGates } from "./run-advance.ts";
import type { RunContext } from "./run-context.ts";
import { become, isDone } from "./run-state.ts";
import type { GroupState, MemberState, StageState } from "./run-state.ts";

/** All targets are checked before any is skipped. */
export function skipTargets(run: RunContext, targets: readonly SkipTarget[]): void {
  if (targets.length === 0) throw invalid("At least one target to skip is required.");
  const acts = targets.map((target) => skipActOf(run, target));
  for (const act of acts) act();
}

function skipActOf(run: RunContext, { type, name }: SkipTarget): () => void {
  const groups = run.stages.flatMap((stage) => stage.groups);
  switch (type) {
    case "Member": {
      const members = groups.flatMap((group) => group.members ?? []);
      const member = required(members, type, name);
      if (member.inFlight) throw busy(member);
      refuseCompleted(member, type, name);
      return () => skipMember(run, member);
    }
    case "Group": {
      const group = required(groups, type, name);
      refuseCompleted(group, type, name);
      return () => skipGroup(run, group);
    }
    case "Stage": {
      const stage = required(run.stages, type, name);
      refuseCompleted(stage, type, name);
      return () => skipStage(run, stage);
    }
    case "AfterStageWait": {
      const stage = required(run.stages, type, name);
      if (stage.afterStageWait === undefined) throw missing(type, name);
      refuseCompleted(stage.afterStageWait, type, name);
      return () => skipWait(run, stage);
    }
  }
}

function required<Named extends { readonly name: string }>(
  list: readonly Named[],
  type: SkipTarget["type"],
  name: string,
): Named {
  const found = list.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw missing(type, name);
}

function skipMember(run: RunContext, member: MemberState): void {
  if (isDone(member) || member.inFlight) return;
  member.message = "skipped by request.";
  become(run, member, { scope: "member", name: member.name, state: "Skipped" });
}

/** Members in flight finish; the group ends Skipped all the same. */
function skipGroup(run: RunContext, group: GroupState): void {
  if (isDone(group)) return;
  group.skipRequested = true;
  for (const member of group.members ?? []) skipMember(run, member);
  if (inFlightOf(group) > 0) return;
  skipGates(run, [...group.beforeGates, ...group.afterGates]);
  become(run, group, { scope: "group", name: group.name, state: "Skipped" });
}

function skipStage(run: RunContext, stage: StageState): void {
  if (isDone(stage)) return;
  stage.skipRequested = true;
  for (const group of stage.groups) skipGroup(run, group);
  skipWait(run, stage);
  skipGates(run, [...stage.beforeGates, ...stage.afterGates]);
  if (stage.groups.some((group) => inFlightOf(group) > 0)) return;
  become(run, stage, { scope: "stage", name: stage.name, state: "Skipped" });
}

function skipWait(run: RunContext, { name, afterStageWait }: StageState): void {
  if (afterStageWait === undefined || isDone(afterStageWait)) return;
  become(run, afterStageWait, { scope: "wait", name, state: "Skipped" });
}

/** What is skipped already may be skipped again: the same request twice is no mistake. */
function refuseCompleted({ state }: UpdateStatus, type: SkipTarget["type"], name: string): void {
  if (state !== "Completed") return;
  throw new SimulationError(
    "OperationNotAllowed",
    `The ${type} '${name}' is Completed and cannot be skipped.`,
  );
}

function busy(member: MemberState): SimulationError {
  return new SimulationError(
    "OperationNotAllowed",
    `Member '${member.name}' is being updated and cannot be skipped.`,
  );
}

function missing(type: SkipTarget["type"], name: string): SimulationError {
  return invalid(`The update run has no ${type} named '${name}'.`);
}

function invalid(message: string): SimulationError {
  return new SimulationError("InvalidParameter", message);
}
