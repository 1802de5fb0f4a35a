import type { UpdateState, UpdateStatus } from "./model.ts";
import type { RunContext } from "./run-context.ts";
import { groupError, stageError } from "./run-failures.ts";
import { become, isDone, isSettled } from "./run-state.ts";
import { NO_WINDOW_RANK, windowRank } from "./run-target.ts";
import type { GateEntry, GroupState, MemberState, StageState } from "./run-state.ts";

const SECOND = 1_000;

/** One look at a run in progress: whatever is due is done, in the order of the strategy. */
export function advanceRun(run: RunContext): void {
  for (const stage of run.stages) {
    if (isDone(stage)) continue;
    if (run.halting === undefined) advanceStage(run, stage);
    if (!isDone(stage)) break;
  }
  if (run.halting !== undefined) return halt(run);
  const current = run.stages.find((stage) => !isDone(stage));
  if (current !== undefined) return run.setRun(current.state === "Pending" ? "Pending" : "Running");
  run.setRun(run.stages.every(({ state }) => state === "Skipped") ? "Skipped" : "Completed");
}

function advanceStage(run: RunContext, stage: StageState): void {
  if (isSkippedThrough(stage)) return closeStage(run, stage, "Skipped");
  if (!areOpen(run, stage.beforeGates, { stage: stage.name, group: undefined })) {
    return setStage(run, stage, "Pending");
  }
  if (stage.state === "NotStarted") setStage(run, stage, "Running");
  for (const group of stage.groups) {
    if (run.halting === undefined) advanceGroup(run, stage, group);
  }
  if (run.halting !== undefined) return;
  if (stage.groups.every(isDone)) leaveStage(run, stage);
  else setStage(run, stage, isWaiting(stage) ? "Pending" : "Running");
}

function isSkippedThrough(stage: StageState): boolean {
  return stage.groups.every(({ state }) => state === "Skipped");
}

function isWaiting(stage: StageState): boolean {
  const left = stage.groups.filter((group) => !isDone(group));
  return left.every(({ state }) => state === "Pending");
}

/** A stage of which nothing was updated has nothing to wait for; otherwise wait and gates run together. */
function leaveStage(run: RunContext, stage: StageState): void {
  if (stage.skipRequested || isSkippedThrough(stage)) return closeStage(run, stage, "Skipped");
  const isWaitOver = advanceWait(run, stage);
  const isApproved = areOpen(run, stage.afterGates, { stage: stage.name, group: undefined });
  if (!isApproved) return setStage(run, stage, "Pending");
  if (isWaitOver) return setStage(run, stage, "Completed");
  setStage(run, stage, "Running");
}

function closeStage(run: RunContext, stage: StageState, state: UpdateState): void {
  const wait = stage.afterStageWait;
  if (wait !== undefined && !isDone(wait)) {
    become(run, wait, { scope: "wait", name: stage.name, state: "Skipped" });
  }
  skipGates(run, [...stage.beforeGates, ...stage.afterGates]);
  setStage(run, stage, state);
}

/** The wait counts from the end of the stage's members, also while the run is stopped. */
function advanceWait(run: RunContext, stage: StageState): boolean {
  const wait = stage.afterStageWait;
  if (wait === undefined || isDone(wait)) return true;
  const duration = wait.waitDurationInSeconds * SECOND;
  if (wait.state === "NotStarted") {
    become(run, wait, { scope: "wait", name: stage.name, state: "Running" });
    run.link.kernel.timeline.after(duration, () => run.advance());
  }
  if (run.now < (wait.startTime ?? run.now) + duration) return false;
  become(run, wait, { scope: "wait", name: stage.name, state: "Completed" });
  return true;
}

/** Gates exist from the moment that the run reaches them. */
function areOpen(
  run: RunContext,
  gates: readonly GateEntry[],
  at: { readonly stage: string; readonly group: string | undefined },
): boolean {
  for (const gate of gates) {
    if (gate.gateId === undefined && !isDone(gate.status)) run.reachGate(gate, at);
  }
  return gates.every((gate) => isDone(gate.status));
}

export function skipGates(run: RunContext, gates: readonly GateEntry[]): void {
  for (const gate of gates) {
    if (isDone(gate.status)) continue;
    become(run, gate.status, { scope: "gate", name: gate.displayName, state: "Skipped" });
    if (gate.gateId !== undefined) run.link.skipGate(gate.gateId);
  }
}

function advanceGroup(run: RunContext, stage: StageState, group: GroupState): void {
  if (isDone(group)) return;
  const at = { stage: stage.name, group: group.name };
  const members = group.members ?? [];
  if (members.every(({ state }) => state === "Skipped")) return closeGroup(run, group);
  if (!areOpen(run, group.beforeGates, at)) return setGroup(run, group, "Pending");
  if (group.state === "NotStarted") setGroup(run, group, "Running");
  startMembers(run, stage, group);
  if (run.halting !== undefined) return;
  if (!members.every(isSettled)) return setGroup(run, group, groupActivity(members));
  const isUntouched = members.every(({ state }) => state === "Skipped");
  if (group.skipRequested || isUntouched) return closeGroup(run, group);
  setGroup(run, group, areOpen(run, group.afterGates, at) ? "Completed" : "Pending");
}

function closeGroup(run: RunContext, group: GroupState): void {
  skipGates(run, [...group.beforeGates, ...group.afterGates]);
  setGroup(run, group, "Skipped");
}

function groupActivity(members: readonly MemberState[]): UpdateState {
  return members.some(({ inFlight }) => inFlight) ? "Running" : "Pending";
}

/** By window, then by name; a member that has to wait yields to the next one of its group. */
function startMembers(run: RunContext, stage: StageState, group: GroupState): void {
  if (inFlightOf(group) >= group.maxConcurrency) return;
  for (const member of inOrder(run, group)) {
    if (run.halting !== undefined) return;
    if (inFlightOf(group) >= group.maxConcurrency) return;
    const inStage = stage.groups.reduce((sum, one) => sum + inFlightOf(one), 0);
    if (inStage >= stage.maxConcurrency) return;
    run.beginMember(member);
  }
}

function inOrder(run: RunContext, group: GroupState): readonly MemberState[] {
  const startable = (group.members ?? []).filter((member) => isStartable(run, member));
  const ranks = new Map<MemberState, number>();
  for (const member of startable) {
    const cluster = run.link.clusterOf(member.clusterId);
    if (cluster === undefined || cluster.maintenanceWindows.size === 0) continue;
    ranks.set(member, windowRank(run.spec, cluster, run.now));
  }
  if (ranks.size === 0) return startable;
  const rankOf = (member: MemberState): number => ranks.get(member) ?? NO_WINDOW_RANK;
  return startable.toSorted((a, b) => rankOf(a) - rankOf(b));
}

function isStartable(run: RunContext, member: MemberState): boolean {
  if (member.state === "NotStarted") return true;
  return member.state === "Pending" && (member.retryAt ?? run.now) <= run.now;
}

export function inFlightOf(group: GroupState): number {
  return (group.members ?? []).reduce((sum, { inFlight }) => sum + (inFlight ? 1 : 0), 0);
}

/** Members in flight finish; then what was under way is Stopped, or Failed where a member failed. */
function halt(run: RunContext): void {
  const begun = run.stages.filter((stage) => !isDone(stage) && stage.state !== "NotStarted");
  const isBusy = begun.some(({ groups }) => groups.some((group) => inFlightOf(group) > 0));
  const error = run.halting === "failure" ? firstError(run, begun) : undefined;
  for (const stage of begun) haltStage(run, stage, isBusy);
  if (isBusy) return run.setRun("Stopping");
  run.setRun(run.halting === "failure" ? "Failed" : "Stopped", error);
}

function haltStage(run: RunContext, stage: StageState, isBusy: boolean): void {
  for (const group of stage.groups) haltGroup(run, stage, group);
  if (isBusy) return setStage(run, stage, "Stopping");
  const wait = stage.afterStageWait;
  if (wait?.state === "Running") {
    become(run, wait, { scope: "wait", name: stage.name, state: "Stopped" });
  }
  const error = stageError(run, stage);
  setStage(run, stage, error === undefined ? "Stopped" : "Failed", error);
}

function haltGroup(run: RunContext, stage: StageState, group: GroupState): void {
  if (isDone(group) || group.state === "NotStarted") return;
  if (inFlightOf(group) > 0) return setGroup(run, group, "Stopping");
  const error = groupError(run, stage, group);
  if (error !== undefined) return setGroup(run, group, "Failed", error);
  // With failures it is not over: the next start tries them again.
  const isOver = (group.members ?? []).every(isDone) && group.afterGates.length === 0;
  setGroup(run, group, isOver ? "Completed" : "Stopped");
}

function firstError(run: RunContext, stages: readonly StageState[]): UpdateStatus["error"] {
  for (const stage of stages) {
    const error = stageError(run, stage);
    if (error !== undefined) return error;
  }
  return undefined;
}

function setStage(
  run: RunContext,
  stage: StageState,
  state: UpdateState,
  error?: UpdateStatus["error"],
): void {
  become(run, stage, { scope: "stage", name: stage.name, state, error });
}

function setGroup(
  run: RunContext,
  group: GroupState,
  state: UpdateState,
  error?: UpdateStatus["error"],
): void {
  become(run, group, { scope: "group", name: group.name, state, error });
}
