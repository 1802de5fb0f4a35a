import { MINUTE, SECOND } from "../core/duration.ts";
import type { Gate, GroupStatus, MemberStatus, StageStatus, UpdateRun } from "./ports.ts";
import type { CheckResult, Outcome, TeamCheck, VerificationRule } from "./check.ts";

/** What is known of a member when its gate is judged. */
export interface MemberRecord {
  readonly outcome: Outcome;
  readonly reasons: readonly string[];
  readonly nodesUpgraded: number;
  /** What each check of the stage found; absent in rows of an earlier version. */
  readonly checks?: readonly CheckResult[];
  /** ISO 8601, by Azure's clock: when the nodes were read. */
  readonly at: string;
  /** Completion time of the member's upgrade that was judged; another one needs another look. */
  readonly completedTime: string | undefined;
  /** Proven snapshots were taken from its pools. */
  readonly snapshotIds?: readonly string[];
}

export type GateJudgement =
  | { readonly kind: "approve"; readonly evidence: readonly string[] }
  | { readonly kind: "wait"; readonly reason: string; readonly until?: number }
  /** Everything of ours passes: now the team's own check is asked, and the gate judged again with its answer. */
  | { readonly kind: "ask"; readonly check: TeamCheck; readonly since: number }
  /** It would be approved, but the strategy only wants to be told. */
  | { readonly kind: "observe"; readonly reason: string; readonly evidence: readonly string[] }
  | { readonly kind: "refuse"; readonly reason: string }
  /** A person's gate, or a run that we did not create: never touched. */
  | { readonly kind: "not-ours"; readonly reason: string };

export interface GateInput {
  readonly gate: Gate;
  readonly run: UpdateRun;
  /** What the strategy declares at the run's commit, by stage. */
  readonly verification: ReadonlyMap<string, VerificationRule>;
  readonly records: ReadonlyMap<string, MemberRecord>;
  /** Why a member that comes after a before-gate cannot be upgraded now, by member. */
  readonly obstacles?: ReadonlyMap<string, string>;
  /** What the team's check said, once it was asked. */
  readonly teamCheck?: CheckResult;
  /** The run of a newer generation that has started beside this one. */
  readonly overtakenBy?: string;
  /** Milliseconds since the Unix epoch, by Azure's clock. */
  readonly now: number;
}

/** A person took the member out of the run: its nodes are that person's word, not ours. */
const SKIPPED_BY_REQUEST = /skipped by request/i;

/**
 * May this gate be approved? Only a gate that the strategy declares as ours, only after everything
 * before it is done, proved, and proved again when the soak is over.
 */
export function judgeGate(input: GateInput): GateJudgement {
  const { gate, run, now } = input;
  const stage = run.stageStatuses.find(({ name }) => name === gate.stage);
  const rule = input.verification.get(gate.stage);
  if (!stage || rule?.approves !== gate.displayName) {
    return { kind: "not-ours", reason: `"${gate.displayName}" is not declared as our gate` };
  }
  if (gate.state !== "Pending") return { kind: "not-ours", reason: `it is ${gate.state}` };
  if (input.overtakenBy !== undefined) {
    const reason = `${input.overtakenBy}, of a newer generation, was started beside it: one of the two has to be stopped`;
    return { kind: "refuse", reason };
  }
  const obstacle = gate.timing === "Before" ? obstacleOf(input, stage) : undefined;
  if (obstacle !== undefined) return { kind: "wait", reason: obstacle };
  const guarded = guardedStage(run, stage, gate.timing);
  if (!guarded) return conclude(input, rule, ["no stage comes before this gate"], 0);
  // The wait comes after the whole stage: a gate after one of its groups does not stand behind it.
  const ofGroup = gate.timing === "After" && gate.group !== undefined;
  const soakEnd = ofGroup ? undefined : soakEndOf(guarded);
  const members = membersOf(guarded, gate.timing === "After" ? gate.group : undefined);
  const verdicts = members.map((member) => judgeMember(member, input.records, soakEnd, now));
  const failed = verdicts.find(({ outcome }) => outcome === "fail" || outcome === "unknown");
  if (failed) return { kind: "refuse", reason: failed.reason };
  const open = verdicts.find(({ outcome }) => outcome === "inconclusive");
  if (open) return { kind: "wait", reason: open.reason };
  if (soakEnd !== undefined && now < soakEnd) {
    return { kind: "wait", reason: `the soak ends ${iso(soakEnd)}`, until: soakEnd };
  }
  const late = members.find((member) => isStale(input.records.get(member.name), soakEnd, now));
  if (late) return { kind: "wait", reason: `${late.name} is to be seen again` };
  return conclude(
    input,
    rule,
    verdicts.map(({ reason }) => reason),
    lastDone(members),
  );
}

/** Everything of ours passes: what is left is the team's word, and whether we may act at all. */
function conclude(
  { teamCheck }: GateInput,
  { team, observeOnly }: VerificationRule,
  ours: readonly string[],
  since: number,
): GateJudgement {
  if (team && !teamCheck) return { kind: "ask", check: team, since };
  if (teamCheck && teamCheck.outcome !== "pass") {
    const kind = teamCheck.outcome === "inconclusive" ? "wait" : "refuse";
    return { kind, reason: teamCheck.detail };
  }
  const evidence = teamCheck ? [...ours, teamCheck.detail] : ours;
  if (!observeOnly) return { kind: "approve", evidence };
  return { kind: "observe", reason: "it would be approved; the strategy only observes", evidence };
}

/** When the last of these members was done, milliseconds since the Unix epoch. */
function lastDone(members: readonly MemberStatus[]): number {
  const times = members.map(({ completedTime }) => Date.parse(completedTime ?? ""));
  return Math.max(0, ...times.filter(Number.isFinite));
}

/** The preflight of a stage: what speaks against upgrading a member that comes after this gate. */
function obstacleOf({ gate, obstacles }: GateInput, stage: StageStatus): string | undefined {
  const found = membersOf(stage, gate.group).find(({ name }) => obstacles?.has(name));
  return found && `${found.name} is not ready to be upgraded: ${obstacles?.get(found.name)}`;
}

/** An after-gate guards its own stage, a before-gate the stage before it. */
function guardedStage(
  run: UpdateRun,
  stage: StageStatus,
  timing: Gate["timing"],
): StageStatus | undefined {
  if (timing === "After") return stage;
  return run.stageStatuses[run.stageStatuses.indexOf(stage) - 1];
}

function membersOf(stage: StageStatus, group: string | undefined): readonly MemberStatus[] {
  return stage.groups
    .filter(({ name }) => group === undefined || name === group)
    .flatMap(({ members }: GroupStatus) => members);
}

/** End of the stage's after-stage wait; undefined when it has none or it has not begun. */
export function soakEndOf(stage: StageStatus): number | undefined {
  const wait = stage.afterStageWait;
  if (!wait || wait.waitDurationInSeconds === 0) return undefined;
  if (wait.state === "Skipped") return undefined;
  if (wait.completedTime) return Date.parse(wait.completedTime);
  const start = wait.startTime ?? stage.completedTime;
  return start ? Date.parse(start) + wait.waitDurationInSeconds * SECOND : Number.POSITIVE_INFINITY;
}

function judgeMember(
  member: MemberStatus,
  records: ReadonlyMap<string, MemberRecord>,
  soakEnd: number | undefined,
  now: number,
): { readonly outcome: Outcome; readonly reason: string } {
  if (isExcused(member)) {
    return { outcome: "pass", reason: `${member.name} was skipped by a person` };
  }
  if (member.state === "Failed") {
    return { outcome: "fail", reason: `${member.name} failed: ${member.error?.message ?? "?"}` };
  }
  if (!isDone(member)) {
    return { outcome: "inconclusive", reason: `${member.name} is ${member.state}` };
  }
  const record = records.get(member.name);
  if (!record || record.completedTime !== member.completedTime) {
    return { outcome: "inconclusive", reason: `${member.name} has not been looked at` };
  }
  if (record.outcome === "pass") {
    const others = (record.checks ?? []).filter(({ check }) => check !== "nodes");
    const details = others.map(({ detail }) => `; ${detail}`).join("");
    return {
      outcome: "pass",
      reason: `${member.name}: ${record.nodesUpgraded} nodes on their target image, Ready and schedulable at ${record.at}${details}`,
    };
  }
  const soaking = soakEnd !== undefined && now < soakEnd && record.outcome !== "unknown";
  return {
    outcome: soaking ? "inconclusive" : record.outcome,
    reason: `${member.name}: ${record.reasons[0] ?? record.outcome}`,
  };
}

/** A look may have been cut short, and the next one come late: an older verdict approves nothing. */
const PROOF_AGE_MILLISECONDS = 30 * MINUTE;

/** A verdict from before the end of the soak says nothing about what the soak showed; an old one, of now. */
function isStale(
  record: MemberRecord | undefined,
  soakEnd: number | undefined,
  now: number,
): boolean {
  if (record === undefined) return false;
  return Date.parse(record.at) < Math.max(soakEnd ?? 0, now - PROOF_AGE_MILLISECONDS);
}

/** The member's upgrade is over, one way or the other, and its nodes can be judged. */
export function isDone(member: MemberStatus): boolean {
  return ["Completed", "Failed", "Skipped"].includes(member.state);
}

export interface LookQuestion {
  readonly member: MemberStatus;
  readonly stage: StageStatus;
  readonly record: MemberRecord | undefined;
  /** Proven snapshots are wanted of this run. */
  readonly captureProven: boolean;
  /** A gate that guards the member's stage waits for its approval. */
  readonly gatePending: boolean;
  /** A quarantine record still names a node of the member's cluster that is not resolved. */
  readonly held: boolean;
  readonly now: number;
}

/** Must this member's nodes be read (again)? Pure, so that a look costs no more than it must. */
export function needsLook(question: LookQuestion): boolean {
  const { member, stage, record, now } = question;
  // A node that an earlier run left behind is followed until it is free, or a gate would wait for it for ever.
  if (member.state === "NotStarted") return question.held;
  if (!isDone(member) || isExcused(member)) return false;
  if (!record || record.completedTime !== member.completedTime) return true;
  if (question.held || !isSettled(record, question.captureProven)) return true;
  if (!question.gatePending) return false;
  const soakEnd = soakEndOf(stage);
  return now >= (soakEnd ?? 0) && isStale(record, soakEnd, now);
}

/** A person took the member out of the run. */
export function isExcused(member: MemberStatus): boolean {
  return member.state === "Skipped" && SKIPPED_BY_REQUEST.test(member.message ?? "");
}

/** Proved, and captured where that is wanted. */
export function isSettled(record: MemberRecord | undefined, captureProven: boolean): boolean {
  return record?.outcome === "pass" && (!captureProven || record.snapshotIds !== undefined);
}

function iso(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString() : "after the stage is done";
}
