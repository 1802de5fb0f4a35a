import type { UpdateRun } from "./ports.ts";
import { isTerminal, membersOf, waitingGates, type PlacedMember } from "./state.ts";

/**
 * Why a Pending member waits for something that no clock brings: its region lacks what the run wants. Fleet
 * tries such a member again about every six hours and never gives it up; its other reason, a closed
 * maintenance window, comes without an error.
 * Source: learn.microsoft.com/azure/kubernetes-fleet/concepts-update-orchestration
 */
const NOT_AVAILABLE = new Set(["NodeImageVersionNotAvailable", "K8sVersionNotAvailable"]);

/**
 * The members that hold a run up, when nothing else of it moves, or waits for a person, a window or a
 * time. Empty otherwise. Pure.
 */
export function stuckMembers(run: UpdateRun): readonly PlacedMember[] {
  const isAtWork = run.status.state === "Running" || run.status.state === "Pending";
  if (!isAtWork || waitingGates(run).length > 0 || isInWait(run)) return [];
  const begun = membersOf(run).filter(
    ({ member: { state } }) => state !== "NotStarted" && !isTerminal(state),
  );
  return begun.every(({ member }) => isWithout(member)) ? begun : [];
}

function isWithout({ state, error }: PlacedMember["member"]): boolean {
  return state === "Pending" && error !== undefined && NOT_AVAILABLE.has(error.code);
}

function isInWait({ stageStatuses }: UpdateRun): boolean {
  return stageStatuses.some(
    ({ afterStageWait: wait }) => wait?.state === "Running" || wait?.state === "Pending",
  );
}
