import { armKey } from "../core/arm-id.ts";
import type { Clock } from "../core/clock.ts";
import { isError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { oncePer } from "../core/once-per.ts";
import { announce, type AnnounceDeps } from "../core/outbox.ts";
import type { CheckResult } from "./check.ts";
import type { CheckPort } from "./checks.ts";
import { judgeGate, type GateJudgement, type MemberRecord } from "./gate.ts";
import { readHold } from "./hold.ts";
import { changeRow, type GateRecord } from "./ledger.ts";
import { heldNotice } from "./notices.ts";
import type { FleetPort, Gate, UpdateRun } from "./ports.ts";
import type { Rollout } from "./rollout.ts";
import { askTeam, type TeamCheckDeps } from "./team-check.ts";

export interface ApproveDeps extends TeamCheckDeps, AnnounceDeps {
  readonly fleets: FleetPort;
  /** Azure's time. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who approves: shown with the gate. */
  readonly identity: string;
  /** Where a person's word to hold a run is read; without it no run is ever held. */
  readonly checks?: CheckPort;
}

export interface GateContext {
  readonly run: UpdateRun;
  readonly rollout: Rollout;
  readonly partition: string;
  readonly records: ReadonlyMap<string, MemberRecord>;
  /** Why a member cannot be upgraded now, by member: what a before-gate waits for. */
  readonly obstacles?: ReadonlyMap<string, string>;
  readonly teamCheck?: CheckResult;
}

/** A judgement after everybody was asked. */
type Ruling = Exclude<GateJudgement, { readonly kind: "ask" }>;

/**
 * Judges every pending gate of a run and approves those of ours that pass.
 *
 * @returns when a gate of ours is to be judged again although nothing changes in the run, milliseconds since the
 * Unix epoch: at the end of its soak, or at once (0). `undefined`: only a change of the run changes the ruling.
 */
export async function judgeGates(
  deps: ApproveDeps,
  context: GateContext,
): Promise<number | undefined> {
  if (!hasReachedGate(context.run)) return undefined;
  const all = await deps.fleets.listGates(context.rollout.fleet);
  const pending = all.filter(
    (gate) => gate.state === "Pending" && armKey(gate.runId) === armKey(context.run.id),
  );
  const times: number[] = [];
  for (const gate of pending) {
    const { ruling, asked } = await ruleOn(deps, context, gate);
    if (ruling.kind === "approve") await approve(deps, asked, gate);
    else if (ruling.kind !== "not-ours") await leave(deps, context, gate, ruling);
    times.push(judgedAgainAt(ruling));
  }
  const next = Math.min(...times);
  return Number.isFinite(next) ? next : undefined;
}

/** What a gate waits for may come without a word: nodes that recover, a cluster that is free, the team's check. */
function judgedAgainAt(ruling: Ruling): number {
  if (ruling.kind === "not-ours" || ruling.kind === "observe") return Number.POSITIVE_INFINITY;
  return ruling.kind === "wait" ? (ruling.until ?? 0) : 0;
}

/** Before the first one nobody need ask for gates, and nothing of them is on record. */
export const hasReachedGate = oncePer(({ stageStatuses }: UpdateRun) =>
  stageStatuses.some((stage) =>
    [stage, ...stage.groups].some(({ beforeGates, afterGates }) =>
      [...beforeGates, ...afterGates].some(({ gateId }) => gateId !== undefined),
    ),
  ),
);

/** The team's check costs requests, and maybe a workflow: it is asked last, when all of ours passes. */
async function ruleOn(
  deps: ApproveDeps,
  context: GateContext,
  gate: Gate,
): Promise<{ readonly ruling: Ruling; readonly asked: GateContext }> {
  const first = judge(deps, context, gate);
  if (first.kind !== "ask") return { ruling: first, asked: context };
  const { run, rollout, partition } = context;
  const teamCheck = await askTeam(deps, {
    partition,
    environment: rollout.environment,
    run: run.name,
    commit: rollout.commit,
    stage: gate.stage,
    check: first.check,
    since: first.since,
  });
  const asked = { ...context, teamCheck };
  const second = judge(deps, asked, gate);
  return { ruling: second.kind === "ask" ? { kind: "wait", reason: "asked" } : second, asked };
}

function judge(deps: ApproveDeps, context: GateContext, gate: Gate): GateJudgement {
  const { run, rollout, records, obstacles, teamCheck } = context;
  const { overtakenBy } = rollout;
  return judgeGate({
    gate,
    run,
    verification: rollout.verification,
    records,
    now: deps.clock.now(),
    ...(obstacles ? { obstacles } : {}),
    ...(teamCheck ? { teamCheck } : {}),
    ...(overtakenBy === undefined ? {} : { overtakenBy }),
  });
}

/** Reads run and gate again right before the PATCH, and sends it with the ETag it read. */
async function approve(deps: ApproveDeps, context: GateContext, gate: Gate): Promise<void> {
  const run = await deps.fleets.getRun(context.rollout.fleet, context.run.name);
  const fresh = await deps.fleets.getGate(gate.id);
  if (!run || !fresh) return;
  const judgement = judge(deps, { ...context, run }, fresh);
  if (judgement.kind !== "approve") return;
  const { checks } = deps;
  const hold = checks && (await readHold(checks, context.rollout.commit, run.name));
  if (hold) {
    const reason = `the run is held by ${hold.by}: ${hold.reason}`;
    return leave(deps, context, fresh, { kind: "refuse", reason });
  }
  const { evidence } = judgement;
  const approvedBy = deps.identity;
  // It stands on record before the gate opens: a crash between the two leaves nothing unexplained.
  await record(deps, context, fresh, { evidence, approvedBy, reason: "it is being approved" });
  try {
    await deps.fleets.approveGate(fresh.id, fresh.etag);
  } catch (error) {
    if (!isError(error, "conflict")) throw error;
    deps.logger.info("the gate changed while it was being approved; it will be judged again", {
      gate: fresh.name,
    });
    return;
  }
  const approvedAt = new Date(deps.clock.now()).toISOString();
  await record(deps, context, fresh, { approvedAt, approvedBy, evidence });
  deps.logger.info("gate approved", { run: run.name, gate: fresh.displayName, evidence });
}

async function leave(
  deps: ApproveDeps,
  context: GateContext,
  gate: Gate,
  ruling: Exclude<Ruling, { readonly kind: "approve" | "not-ours" }>,
): Promise<void> {
  const { kind, reason } = ruling;
  await record(deps, context, gate, {
    reason,
    ...(kind === "refuse" ? { held: true } : {}),
    ...(kind === "observe" ? { evidence: ruling.evidence } : {}),
  });
  const fields = { run: context.run.name, gate: gate.displayName, verdict: kind, reason };
  deps.logger.info("gate left closed", fields);
}

async function record(
  deps: ApproveDeps,
  { partition, run, rollout }: GateContext,
  gate: Gate,
  outcome: Omit<GateRecord, "displayName" | "stage" | "at">,
): Promise<void> {
  const row: GateRecord = {
    displayName: gate.displayName,
    stage: gate.stage,
    at: new Date(deps.clock.now()).toISOString(),
    ...outcome,
  };
  if (row.held) await announce(deps, [heldNotice(rollout.environment, run, gate.name, row)]);
  const place = { partition, row: `gate:${gate.name}` };
  await changeRow<GateRecord>(deps.store, place, (before) => onTopOf(before, row));
}

/**
 * Two instances may judge a gate at once, and the one that leaves it may write last: what an approval stood on, or
 * was about to, stays on record.
 */
function onTopOf(before: GateRecord | undefined, row: GateRecord): GateRecord {
  if (before?.approvedAt !== undefined && row.approvedAt === undefined) return before;
  return before?.evidence ? { evidence: before.evidence, ...row } : row;
}
