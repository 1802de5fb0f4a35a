import { explainMember } from "../update-run/explain.ts";
import { soakEndOf } from "../update-run/gate.ts";
import type { GateRecord, Ledger } from "../update-run/ledger.ts";
import type {
  GateStatus,
  GroupStatus,
  MemberStatus,
  StageStatus,
  UpdateRun,
  UpdateState,
  UpdateStatus,
} from "../update-run/ports.ts";

/** When something began and ended, ISO 8601 by Azure's clock; undefined while it has not. */
interface Span {
  readonly state: UpdateState;
  readonly startTime: string | undefined;
  readonly completedTime: string | undefined;
}

const AT_REST = ["NotStarted", "Completed", "Skipped", "Failed", "Stopped"];

/** Fleet goes on by itself in all states but these; an unknown one counts among them. */
export function isUnderWay({ state }: { readonly state: string }): boolean {
  return !AT_REST.includes(state);
}

export interface RunStatus extends Span {
  readonly name: string;
  readonly commit: string | undefined;
  readonly nextCheckAt: string | undefined;
  /** Everything after the run is done too: proved, captured, no node left behind. */
  readonly closedAt: string | undefined;
  readonly error: string | undefined;
  readonly stages: readonly StageView[];
  /** What was decided about gates and members, newest first. */
  readonly decisions: readonly Decision[];
}

export interface StageView extends Span {
  readonly name: string;
  readonly wait: WaitView | undefined;
  readonly gates: readonly GateView[];
  readonly members: readonly MemberView[];
}

export interface WaitView extends Span {
  readonly durationSeconds: number;
  /** When it ends, or will end; undefined before it began. */
  readonly endsAt: string | undefined;
}

export interface GateView extends Span {
  readonly displayName: string;
  readonly timing: "before" | "after";
  /** Undefined for a gate of the whole stage. */
  readonly group: string | undefined;
  readonly approvedAt: string | undefined;
  readonly approvedBy: string | undefined;
  /** Why it is not approved, where that is known. */
  readonly reason: string | undefined;
}

export interface MemberView extends Span {
  readonly name: string;
  readonly group: string;
  readonly outcome: string | undefined;
  readonly nodesUpgraded: number | undefined;
  /** One sentence on what the member does or waits for. */
  readonly why: string;
}

export interface Decision {
  readonly at: string;
  readonly about: string;
  readonly verdict: string;
  readonly reason: string | undefined;
}

/** Enough to see what happened lately; a run of 1,000 members would list every one of them. */
const MAX_DECISIONS = 30;

/** A run and what the functions remember of it, as one document. Pure. */
export function runStatus(run: UpdateRun, ledger: Ledger): RunStatus {
  return {
    name: run.name,
    ...spanOf(run.status),
    commit: ledger.run?.commit,
    nextCheckAt: ledger.run?.nextCheckAt,
    closedAt: ledger.run?.closedAt,
    error: run.status.error?.message,
    stages: run.stageStatuses.map((stage) => ({
      name: stage.name,
      ...spanOf(stage),
      wait: waitOf(stage),
      gates: gatesOf(stage, ledger),
      members: stage.groups.flatMap((group) => membersOf(run, stage, group, ledger)),
    })),
    decisions: decisionsOf(ledger),
  };
}

function spanOf({ state, startTime, completedTime }: UpdateStatus): Span {
  return { state, startTime, completedTime };
}

function waitOf(stage: StageStatus): WaitView | undefined {
  const wait = stage.afterStageWait;
  if (!wait || wait.waitDurationInSeconds === 0) return undefined;
  const end = soakEndOf(stage);
  return {
    ...spanOf(wait),
    durationSeconds: wait.waitDurationInSeconds,
    endsAt: end !== undefined && Number.isFinite(end) ? new Date(end).toISOString() : undefined,
  };
}

function gatesOf(stage: StageStatus, ledger: Ledger): readonly GateView[] {
  const view =
    (timing: GateView["timing"], group?: string) =>
    (gate: GateStatus): GateView =>
      gateView(gate, timing, group, ledger);
  return [
    ...stage.beforeGates.map(view("before")),
    ...stage.groups.flatMap(({ name, beforeGates, afterGates }) => [
      ...beforeGates.map(view("before", name)),
      ...afterGates.map(view("after", name)),
    ]),
    ...stage.afterGates.map(view("after")),
  ];
}

function gateView(
  gate: GateStatus,
  timing: GateView["timing"],
  group: string | undefined,
  ledger: Ledger,
): GateView {
  const record = ledger.gates.get(gate.gateId?.split("/").at(-1) ?? "");
  return {
    displayName: gate.displayName,
    ...spanOf(gate),
    timing,
    group,
    approvedAt: record?.approvedAt,
    approvedBy: record?.approvedBy,
    reason: record?.approvedAt ? undefined : record?.reason,
  };
}

function membersOf(
  run: UpdateRun,
  stage: StageStatus,
  group: GroupStatus,
  ledger: Ledger,
): readonly MemberView[] {
  return group.members.map((member: MemberStatus) => {
    const record = ledger.members.get(member.name);
    return {
      name: member.name,
      group: group.name,
      ...spanOf(member),
      outcome: record?.outcome,
      nodesUpgraded: record?.nodesUpgraded,
      why: explainMember(run, stage, group, member, record),
    };
  });
}

function decisionsOf(ledger: Ledger): readonly Decision[] {
  const members = [...ledger.members].map(([name, { at, outcome, reasons, nodesUpgraded }]) => ({
    at,
    about: name,
    verdict: outcome,
    reason: reasons[0] ?? (outcome === "pass" ? `${nodesUpgraded} nodes proved` : undefined),
  }));
  return [...[...ledger.gates.values()].map(gateDecision), ...members]
    .toSorted((a, b) => b.at.localeCompare(a.at) || a.about.localeCompare(b.about))
    .slice(0, MAX_DECISIONS);
}

function gateDecision(record: GateRecord): Decision {
  return {
    at: record.approvedAt ?? record.at,
    about: `gate "${record.displayName}" of ${record.stage}`,
    verdict: record.approvedAt ? "approved" : "left closed",
    reason: record.approvedAt ? summarize(record.evidence ?? []) : record.reason,
  };
}

/** Evidence has a line per member. */
const MAX_EVIDENCE_SHOWN = 3;

function summarize(evidence: readonly string[]): string {
  const more = evidence.length - MAX_EVIDENCE_SHOWN;
  const shown = evidence.slice(0, MAX_EVIDENCE_SHOWN).join("; ");
  return more > 0 ? `${shown}; and ${more} more` : shown;
}
