import type { Clock } from "../core/clock.ts";
import { digest } from "../core/digest.ts";
import { MINUTE } from "../core/duration.ts";
import { escapeMarkdown } from "../core/markdown.ts";
import type { StateStore, StoredRow } from "../core/state-store.ts";
import { findIssue, openIssue } from "../quarantine/one-issue.ts";
import type { IssueTracker } from "../quarantine/ports.ts";

export interface HoldDeps {
  readonly store: StateStore;
  readonly issues: IssueTracker;
  /** The machines' own time: a claim bounds the life of a process. */
  readonly wallClock: Clock;
}

/** What the issue of a held run says; no row: the run was never held. */
interface HoldRow {
  readonly run: string;
  /** Digest of the reasons that the issue gives. */
  readonly said: string;
  readonly open: boolean;
  /** Somebody writes the issue until then (milliseconds since the Unix epoch) at the latest. */
  readonly claimedUntil?: number;
}

/** A handler is ended after 30 s; a claim that outlives it by far was left by a crash. */
const CLAIM_MILLISECONDS = 2 * MINUTE;

const partitionOf = (environment: string): string => `holds:${environment}`;

/** The hidden line by which the issue of a held run is found again. */
function markerOf(environment: string, run: string): string {
  return `<!-- fleetwright:held environment=${environment} cause=${digest(run).slice(0, 16)} -->`;
}

/**
 * One issue for each held run, open for as long as it is held: claimed in a row before it is written, and looked
 * for by its marker before it is opened.
 */
export async function reportHold(
  deps: HoldDeps,
  environment: string,
  run: string,
  reasons: readonly string[],
): Promise<void> {
  const partition = partitionOf(environment);
  const known = await deps.store.get<HoldRow>(partition, run);
  const open = reasons.length > 0;
  const row: HoldRow = { run, said: digest(reasons), open };
  if ((known?.value.claimedUntil ?? 0) > deps.wallClock.now()) return;
  if (await isSaid(deps, environment, known, row)) return;
  const claimedUntil = deps.wallClock.now() + CLAIM_MILLISECONDS;
  if (!(await claim(deps, partition, known, { ...row, claimedUntil }))) return;
  await writeIssue(deps, environment, run, reasons);
  const mine = await deps.store.get<HoldRow>(partition, run);
  // Whoever took the claim over meanwhile knows more than this.
  const still = mine?.value.claimedUntil === claimedUntil;
  if (mine && still) await deps.store.replace(partition, run, row, mine.etag);
}

/** Closes the issues of runs that nobody looks at any more: a newer run took their place. */
export async function endHolds(
  deps: HoldDeps,
  environment: string,
  looked: ReadonlySet<string>,
): Promise<void> {
  const rows = await deps.store.list<HoldRow>(partitionOf(environment));
  const over = rows.filter(({ value }) => value.open && !looked.has(value.run));
  for (const { value } of over) await reportHold(deps, environment, value.run, []);
}

/** Nothing to write: it was never held, or the issue says this already and nobody closed it meanwhile. */
async function isSaid(
  { issues }: HoldDeps,
  environment: string,
  known: StoredRow<HoldRow> | undefined,
  row: HoldRow,
): Promise<boolean> {
  if (!known) return !row.open;
  if (known.value.claimedUntil !== undefined) return false;
  if (known.value.open !== row.open || known.value.said !== row.said) return false;
  if (!row.open) return true;
  return (await findIssue(issues, markerOf(environment, row.run)))?.state === "open";
}

async function claim(
  { store }: HoldDeps,
  partition: string,
  known: StoredRow<HoldRow> | undefined,
  claimed: HoldRow,
): Promise<boolean> {
  return known
    ? store.replace(partition, claimed.run, claimed, known.etag)
    : store.insert(partition, claimed.run, claimed);
}

async function writeIssue(
  { issues }: HoldDeps,
  environment: string,
  run: string,
  reasons: readonly string[],
): Promise<void> {
  const marker = markerOf(environment, run);
  const issue = await findIssue(issues, marker);
  if (reasons.length === 0) {
    if (issue?.state !== "open") return;
    await issues.update(issue.number, { state: "closed" });
    await issues.comment(issue.number, "The run is not held any more.");
    return;
  }
  const text = {
    title: `${environment}: update run ${run} is held`,
    body: renderHold(marker, run, reasons),
  };
  if (issue) await issues.update(issue.number, { ...text, state: "open" });
  else await openIssue(issues, marker, { ...text, labels: ["fleetwright", "held"] });
}

/** Reasons come from clusters and services: none of them becomes markup. */
function renderHold(marker: string, run: string, reasons: readonly string[]): string {
  return [
    marker,
    `**Update run \`${run}\` is held**: what was verified does not allow it to go on.`,
    "",
    ...reasons.map((reason) => `- ${escapeMarkdown(reason)}`),
    "",
    "It goes on by itself once the checks pass; they are looked at again every minute. A person who knows better",
    "approves the gate with a reason, skips the member, or stops the run: the action `update-run`.",
  ].join("\n");
}
