import type { UpdateStatus } from "./model.ts";
import type { RunContext } from "./run-context.ts";
import type { GroupState, MemberState, StageState } from "./run-state.ts";

/**
 * Stage and group put up with so many failed members, each for itself.
 * Source: learn.microsoft.com/azure/kubernetes-fleet/faq, `maxAllowedFailures`
 */

/** One more member has failed: is that one too many? */
export function haltsRun(run: RunContext, member: MemberState): boolean {
  for (const stage of run.stages) {
    const group = stage.groups.find(({ members }) => members?.includes(member));
    if (group !== undefined) return isGroupOver(run, stage, group) || isStageOver(run, stage);
  }
  return true;
}

/** Why the group is Failed; undefined while it tolerates its failures. */
export function groupError(
  run: RunContext,
  stage: StageState,
  group: GroupState,
): UpdateStatus["error"] {
  if (!isGroupOver(run, stage, group)) return undefined;
  return summary(`group '${group.name}'`, failedOf(group), group.maxAllowedFailures);
}

/** Why the stage is Failed: too many of its members failed, or too many of one of its groups. */
export function stageError(run: RunContext, stage: StageState): UpdateStatus["error"] {
  if (isStageOver(run, stage)) {
    const failed = stage.groups.flatMap(failedOf);
    return summary(`stage '${stage.name}'`, failed, stage.maxAllowedFailures);
  }
  for (const group of stage.groups) {
    const error = groupError(run, stage, group);
    if (error !== undefined) return error;
  }
  return undefined;
}

function isGroupOver(run: RunContext, stage: StageState, group: GroupState): boolean {
  const isLeftToStage = isLeft(run, group) && stage.namesAllowedFailures;
  return !isLeftToStage && failedOf(group).length > group.maxAllowedFailures;
}

function isStageOver(run: RunContext, stage: StageState): boolean {
  const isLeftToGroups =
    isLeft(run, stage) && stage.groups.some(({ namesAllowedFailures }) => namesAllowedFailures);
  return !isLeftToGroups && stage.groups.flatMap(failedOf).length > stage.maxAllowedFailures;
}

/** A level that names no number has none to spare; by another reading the other level decides alone. */
function isLeft({ link }: RunContext, level: GroupState | StageState): boolean {
  return link.kernel.rules.unsetLevelAllowsFailures && !level.namesAllowedFailures;
}

function failedOf({ members }: GroupState): MemberState[] {
  return (members ?? []).filter(({ state }) => state === "Failed");
}

function summary(
  where: string,
  failed: readonly MemberState[],
  allowed: number,
): UpdateStatus["error"] {
  const [first] = failed;
  if (first === undefined) return undefined;
  const { code, message } = first.error ?? { code: "Failed", message: first.name };
  if (allowed === 0) return { code, message };
  const count = `${failed.length} members of ${where} failed, more than its maxAllowedFailures of ${allowed}.`;
  return { code, message: `${count} ${message}` };
}
