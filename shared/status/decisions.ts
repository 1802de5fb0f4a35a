import type { Decision } from "./run-status.ts";

/** Members that were judged alike in one look are one row. */
export function together(all: readonly Decision[]): readonly Decision[] {
  const rows: Decision[] = [];
  for (const decision of all) {
    const last = rows.at(-1);
    if (last === undefined || lookOf(last) !== lookOf(decision)) rows.push(decision);
    else rows[rows.length - 1] = { ...last, about: `${last.about}, ${decision.about}` };
  }
  return rows;
}

/** Of what was said in the same minute. */
function lookOf({ at, verdict, reason }: Decision): string {
  return `${at.slice(0, "2026-07-10T08:00".length)} ${verdict} ${reason}`;
}
