import { armKey } from "../core/arm-id.ts";
import type { Clock } from "../core/clock.ts";
import { isError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { StateStore } from "../core/state-store.ts";
import type { CheckPort } from "./checks.ts";
import { judgeGate, type GateJudgement, type MemberRecord } from "./gate.ts";
import { readHold } from "./hold.ts";
import { writeRow, type GateRecord } from "./ledger.ts";
import type { FleetPort, Gate, StageStatus, UpdateRun } from "./ports.ts";
import type { Rollout } from "./rollout.ts";

export interface ApproveDeps {
  readonly fleets: FleetPort;
  readonly store: StateStore;
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
}

/**
 * Judges every pending gate of a run and approves those of ours that pass.
 *
 * @returns when a gate that waits is to be judged again, milliseconds since the Unix epoch.
 */
export async function judgeGates(
  deps: ApproveDeps,
  context: GateContext,
): Promise<number | undefined> {
  if (!context.run.stageStatuses.some(hasReachedGate)) return undefined;
  const all = await deps.fleets.listGates(context.rollout.fleet);
  const pending = all.filter(
    (gate) => gate.state === "Pending" && armKey(gate.runId) === armKey(context.run.id),
  );
  const times: number[] = [];
  for (const gate of pending) {
    const judgement = judge(deps, context, gate);
    if (judgement.kind === "approve") await approve(deps, context, gate);
    else if (judgement.kind !== "not-ours") await leave(deps, context, gate, judgement);
    if (judgement.kind === "wait" && judgement.until !== undefined) times.push(judgement.until);
  }
  return times.filter(Number.isFinite).toSorted((a, b) => a - b)[0];
}

function hasReachedGate(stage: StageStatus): boolean {
  const gates = [
    ...stage.beforeGates,
    ...stage.afterGates,
    ...stage.groups.flatMap((group) => [...group.beforeGates, ...group.afterGates]),
  ];
  return gates.some(({ gateId }) => gateId !== undefined);
}

function judge(deps: ApproveDeps, context: GateContext, gate: Gate): GateJudgement {
  const { run, rollout, records } = context;
  return judgeGate({ gate, run, approves: rollout.approves, records, now: deps.clock.now() });
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
  const { evidence } = judgement;
  await record(deps, context, fresh, { approvedAt, approvedBy: deps.identity, evidence });
  deps.logger.info("gate approved", { run: run.name, gate: fresh.displayName, evidence });
}

async function leave(
  deps: ApproveDeps,
  context: GateContext,
  gate: Gate,
  { kind, reason }: Pick<GateJudgement & { readonly reason: string }, "kind" | "reason">,
): Promise<void> {
  await record(deps, context, gate, { reason, ...(kind === "refuse" ? { held: true } : {}) });
  deps.logger.info("gate left closed", { run: context.run.name, gate: gate.displayName, reason });
}

async function record(
  deps: ApproveDeps,
  { partition }: GateContext,
  gate: Gate,
  outcome: Omit<GateRecord, "displayName" | "stage" | "at">,
): Promise<void> {
  const row: GateRecord = {
    displayName: gate.displayName,
    stage: gate.stage,
    at: new Date(deps.clock.now()).toISOString(),
    ...outcome,
  };
  await writeRow(deps.store, partition, `gate:${gate.name}`, row);
}
