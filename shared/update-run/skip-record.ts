import { declaredRunName } from "../declaration/strategy.ts";
import type { Check, CheckPort } from "./checks.ts";
import type { Word } from "./hold.ts";
import type { SkipTarget } from "./ports.ts";
import { formatSkipTarget } from "./skip.ts";

/** Who took what out of a run, and why. */
export interface SkipRecord extends Word {
  readonly targets: readonly SkipTarget[];
  /** ISO 8601, by GitHub's clock. */
  readonly at: string;
}

/** Where a member stands in a run. */
export interface MemberPlace {
  readonly stage: string;
  readonly group: string;
  readonly member: string;
}

/** Skips of one run that are read; a check is written for each. GitHub gives that many at once. */
const MAX_RECORDS = 100;
/** Characters of the targets in a check's title. */
const MAX_TITLE_CHARACTERS = 200;

/** Name of the checks that say what was skipped of a run and of its retries, on the commit that declares it. */
export function skipCheckName(run: string): string {
  return `fleetwright skip: ${declaredRunName(run)}`;
}

export async function writeSkip(
  checks: CheckPort,
  commit: string,
  run: string,
  record: Omit<SkipRecord, "at"> & { readonly jobUrl: string },
): Promise<void> {
  const { by, reason, targets, jobUrl } = record;
  const named = targets.map(formatSkipTarget).join(" ");
  await checks.create(commit, {
    name: skipCheckName(run),
    outcome: "neutral",
    title: `${named.slice(0, MAX_TITLE_CHARACTERS)} skipped by ${by}`,
    summary: `${by} skipped ${named}: ${reason}.\n\n[The job](${jobUrl})`,
    data: { run, targets, by, reason },
  });
}

/** Everything that was skipped of a run and of its retries, newest first. */
export async function readSkips(
  checks: CheckPort,
  commit: string,
  run: string,
): Promise<readonly SkipRecord[]> {
  const found = await checks.all(commit, skipCheckName(run), MAX_RECORDS);
  return found.flatMap(toRecord);
}

/** What somebody else wrote under this name is no record. */
function toRecord({ data, at }: Check): readonly SkipRecord[] {
  const { by, reason, targets } = (data ?? {}) as Partial<SkipRecord>;
  if (typeof by !== "string" || typeof reason !== "string" || !Array.isArray(targets)) return [];
  return [{ by, reason, targets: targets.filter(isTarget), at }];
}

function isTarget(value: unknown): value is SkipTarget {
  const { type, name } = (value ?? {}) as Partial<SkipTarget>;
  return typeof type === "string" && typeof name === "string";
}

/** The record that took a member out: by its name, its group or its stage. */
export function skipOf(
  records: readonly SkipRecord[],
  { stage, group, member }: MemberPlace,
): SkipRecord | undefined {
  const names: Partial<Record<SkipTarget["type"], string>> = {
    Stage: stage,
    Group: group,
    Member: member,
  };
  return records.find(({ targets }) => targets.some(({ type, name }) => names[type] === name));
}
