import { hash } from "node:crypto";
import { MINUTE } from "../core/duration.ts";
import { oncePer } from "../core/once-per.ts";
import { isDone, isExcused, isSettled, type MemberRecord } from "./gate.ts";
import type { RunRecord } from "./ledger.ts";
import type { UpdateRun } from "./ports.ts";
import { membersOf } from "./state.ts";

/** How soon to look again while something may change that the run itself does not show. */
const LOOK_AGAIN_MILLISECONDS = 1 * MINUTE;

/** How late a look is that nobody saw a reason for: what a process left half done when it died is finished then. */
const NET_MILLISECONDS = 15 * MINUTE;

/** Can a look find what the last one did not? Anything new in the run, or its time has come. Pure. */
export function isDue(record: RunRecord | undefined, run: UpdateRun, now: number): boolean {
  if (record === undefined) return true;
  if (record.closedAt !== undefined) return run.status.state !== "Completed";
  const quiet = record.nextCheckAt !== undefined && now < Date.parse(record.nextCheckAt);
  return !quiet || record.seen !== seenOf(run);
}

/** What `isDue` compares. One adapter writes the members of a run in one order, and a mistaken look is only a look. */
export const seenOf = oncePer((run: UpdateRun) => hash("sha256", JSON.stringify(run)));

/** What a look leaves behind. */
export interface Remainder {
  readonly run: UpdateRun;
  readonly records: ReadonlyMap<string, MemberRecord>;
  readonly captureProven: boolean;
  /** Names of members whose nodes were read before their upgrade. */
  readonly baselines: ReadonlySet<string>;
  /** Every node that was left behind is proved, and every word is said. */
  readonly settled: boolean;
  /** When a gate is to be judged again, if it waits for more than the run. */
  readonly gatesDue: number | undefined;
}

/**
 * The earliest moment at which anything can change without an event and without a change in the run, which every
 * sweep reads. Pure.
 */
export function nextCheckAt(remainder: Remainder, now: number): number {
  const soon = now + LOOK_AGAIN_MILLISECONDS;
  if (
    !remainder.settled ||
    membersOf(remainder.run).some(({ member }) => isOpen(member, remainder))
  )
    return soon;
  const gates = Math.max(soon, remainder.gatesDue ?? Number.POSITIVE_INFINITY);
  return Math.min(gates, now + NET_MILLISECONDS);
}

/** Its nodes are still to be read, before its upgrade or after. */
function isOpen(
  member: Parameters<typeof isDone>[0],
  { records, captureProven, baselines }: Remainder,
): boolean {
  if (member.state === "NotStarted") return !baselines.has(member.name);
  if (!isDone(member) || isExcused(member)) return false;
  const record = records.get(member.name);
  const current = record?.completedTime === member.completedTime;
  return !current || !isSettled(record, captureProven);
}
