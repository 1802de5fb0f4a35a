import type { MemberRecord } from "./gate.ts";
import type { GateStatus, GroupStatus, MemberStatus, StageStatus, UpdateRun } from "./ports.ts";

/** One sentence on what a member does or waits for, as a person would say it. */
export function explainMember(
  run: UpdateRun,
  stage: StageStatus,
  group: GroupStatus,
  member: MemberStatus,
  record: MemberRecord | undefined,
): string {
  switch (member.state) {
    case "Completed":
      return record?.outcome === "pass"
        ? `upgraded and proved: ${record.nodesUpgraded} nodes on their target image`
        : `upgraded, ${doubt(record)}`;
    case "Skipped":
      return member.message ?? "skipped: it was at its target already";
    case "Failed":
      return `failed: ${member.error?.message ?? doubt(record)}`;
    case "Running":
      return "upgrading its nodes";
    case "Pending":
      return member.message ?? member.error?.message ?? "waits for its cluster to be ready";
    case "NotStarted":
      return whyNotStarted(run, stage, group, member);
    default:
      return `is ${member.state}`;
  }
}

function doubt(record: MemberRecord | undefined): string {
  if (!record) return "its nodes have not been looked at yet";
  return record.reasons[0] ?? `its nodes are judged ${record.outcome}`;
}

function whyNotStarted(
  run: UpdateRun,
  stage: StageStatus,
  group: GroupStatus,
  member: MemberStatus,
): string {
  if (run.status.state === "NotStarted") return "the run has not been started";
  if (["Failed", "Stopping", "Stopped"].includes(run.status.state)) {
    return `the run is ${run.status.state}: it goes on when somebody resumes it`;
  }
  const before = run.stageStatuses[run.stageStatuses.indexOf(stage) - 1];
  const blocker = before && whyStageHolds(before);
  if (blocker) return blocker;
  const gate = [...stage.beforeGates, ...group.beforeGates].find(isClosed);
  if (gate) return `the gate "${gate.displayName}" is not approved`;
  const ahead = group.members.find(
    ({ name, state }) => name !== member.name && state === "Running",
  );
  return ahead ? `${ahead.name} of the same group goes first` : "its turn has not come";
}

function whyStageHolds(stage: StageStatus): string | undefined {
  if (stage.state === "Completed" || stage.state === "Skipped") return undefined;
  const busy = stage.groups.flatMap(({ members }) => members).find(({ state }) => isBusy(state));
  if (busy) return `${stage.name} comes first, where ${busy.name} is ${busy.state}`;
  const gate = stage.afterGates.find(isClosed);
  if (gate) return `the gate "${gate.displayName}" after ${stage.name} is not approved`;
  return stage.afterStageWait?.state === "Completed"
    ? undefined
    : `the wait after ${stage.name} is not over`;
}

function isBusy(state: MemberStatus["state"]): boolean {
  return !["Completed", "Skipped"].includes(state);
}

function isClosed({ state }: GateStatus): boolean {
  return state !== "Completed" && state !== "Skipped";
}
