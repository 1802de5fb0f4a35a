import type { Clock } from "../core/clock.ts";
import { digest } from "../core/digest.ts";
import { announce, type AnnounceDeps } from "../core/outbox.ts";
import type { StateStore, StoredRow } from "../core/state-store.ts";
import { claimFrom, doubtAfter, isClaimed } from "./claim.ts";
import { quarantineNotices } from "./notice.ts";
import { findIssue, openIssue } from "./one-issue.ts";
import type { Issue, IssueTracker } from "./ports.ts";
import {
  assignCauses,
  isConfirmed,
  isResolved,
  updateRecord,
  withoutDoubles,
  type QuarantineRecord,
  type QuarantineSighting,
} from "./record.ts";
import { marker, renderBody, renderTitle } from "./render.ts";

export interface FlagDeps extends AnnounceDeps {
  readonly issues: IssueTracker;
  /** The machines' own time: a claim bounds the life of a process, not of anything in Azure. */
  readonly wallClock: Clock;
}

export const ISSUE_LABELS: readonly string[] = ["fleetwright", "quarantine"];

const partitionOf = (environment: string): string => `quarantine:${environment}`;
const rowOf = (cause: string): string => digest(cause).slice(0, 16);

/**
 * Keeps one issue per cause and environment in step with what a look saw: opens, updates, closes with
 * proof. Whoever writes an issue claims its row first (intent) and completes the row after (confirmation).
 * An issue is looked for by its marker before one is opened, so that a crash between the two finds the
 * first issue instead of opening another.
 */
export async function flagQuarantine(
  deps: FlagDeps,
  environment: string,
  sighting: QuarantineSighting,
): Promise<readonly QuarantineRecord[]> {
  const rows = await readQuarantine(deps.store, environment);
  const known = new Set(rows.map(({ value }) => value.cause));
  const fresh = [...causesIn(rows, sighting).keys()].filter((cause) => !known.has(cause));
  for (const cause of fresh) {
    const record: QuarantineRecord = { environment, cause, nodes: [] };
    await deps.store.insert(partitionOf(environment), rowOf(cause), record);
  }
  // Somebody else may have seen the same nodes meanwhile.
  const current = fresh.length > 0 ? await readQuarantine(deps.store, environment) : rows;
  const causes = causesIn(current, sighting);
  const records = recordsIn(current);
  return Promise.all(
    current.map((row, index) => {
      const record = records[index] ?? row.value;
      const seen = updateRecord(record, causes.get(record.cause) ?? [], sighting);
      return bringUpToDate(deps, row, seen);
    }),
  );
}

function recordsIn(rows: readonly StoredRow<QuarantineRecord>[]): readonly QuarantineRecord[] {
  return withoutDoubles(rows.map(({ value }) => value));
}

function causesIn(rows: readonly StoredRow<QuarantineRecord>[], { blocked }: QuarantineSighting) {
  return assignCauses(recordsIn(rows), blocked);
}

export async function readQuarantine(
  store: Pick<StateStore, "list">,
  environment: string,
): Promise<readonly StoredRow<QuarantineRecord>[]> {
  return store.list<QuarantineRecord>(partitionOf(environment));
}

async function bringUpToDate(
  deps: FlagDeps,
  { row, value: before, etag }: StoredRow<QuarantineRecord>,
  seen: QuarantineRecord,
): Promise<QuarantineRecord> {
  const { store, wallClock } = deps;
  if (isClaimed(before, wallClock.now())) return before;
  const unchanged = JSON.stringify(seen) === JSON.stringify(before);
  if (unchanged && isConfirmed(before) && (await isAsWritten(deps, before))) return before;
  const partition = partitionOf(before.environment);
  const { claimedUntil: _expired, doubtUntil: _over, ...facts } = seen;
  const wanted = { ...facts, ...doubtAfter(before, wallClock.now()) };
  const claim = { ...wanted, claimedUntil: claimFrom(wallClock.now()) };
  if (!(await store.replace(partition, row, claim, etag))) return before;
  const mine = await withoutOthers(deps, wanted);
  const issue = await publish(deps, mine);
  const record = issue ? { ...mine, issue: issue.number, issueUrl: issue.url } : mine;
  await announce(deps, quarantineNotices(record));
  const standing = await store.get<QuarantineRecord>(partition, row);
  // Whoever took the claim over meanwhile knows more than this.
  const still = standing?.value.claimedUntil === claim.claimedUntil;
  if (standing && still) await store.replace(partition, row, record, standing.etag);
  return record;
}

/**
 * Who saw a node under another cause at the same moment has claimed it there: one of the two gives way before it opens
 * an issue of its own. Where both opened one all the same, the next look has one of them give way.
 */
async function withoutOthers(deps: FlagDeps, record: QuarantineRecord): Promise<QuarantineRecord> {
  if (record.issue !== undefined) return record;
  const all = recordsIn(await readQuarantine(deps.store, record.environment));
  const kept = all.find(({ cause }) => cause === record.cause);
  return { ...record, nodes: kept?.nodes ?? record.nodes };
}

/** A person may have closed the issue of a node that is still held: then it is opened again. */
async function isAsWritten(deps: FlagDeps, record: QuarantineRecord): Promise<boolean> {
  if (isResolved(record)) return true;
  const issue = await findIssue(deps.issues, marker(record));
  return issue?.state === "open";
}

/** @returns undefined: there is nothing to say, and nothing was said. */
async function publish(deps: FlagDeps, record: QuarantineRecord): Promise<Issue | undefined> {
  const text = { title: renderTitle(record), body: renderBody(record) };
  const state = isResolved(record) ? "closed" : "open";
  const found = await findIssue(deps.issues, marker(record));
  // What was proved before anybody was told of it is told, and closed at once.
  const existing = found ?? (record.nodes.length > 0 ? await open(deps, record, text) : undefined);
  if (!existing) return undefined;
  const same =
    existing.title === text.title && existing.body === text.body && existing.state === state;
  if (same) return existing;
  await deps.issues.update(existing.number, { ...text, state });
  const change = existing.state === state ? "brought up to date" : state;
  tell(deps, record, existing, change === "open" ? "opened again" : change);
  if (state === "closed" && existing.state === "open") {
    await deps.issues.comment(existing.number, renderProof(record));
  }
  return existing;
}

async function open(
  deps: FlagDeps,
  record: QuarantineRecord,
  text: Pick<Issue, "title" | "body">,
): Promise<Issue> {
  const opened = await openIssue(deps.issues, marker(record), { ...text, labels: ISSUE_LABELS });
  tell(deps, record, opened, "opened");
  return opened;
}

function tell(
  { logger }: FlagDeps,
  { environment, cause }: QuarantineRecord,
  { number }: Issue,
  what: string,
): void {
  logger.info(`issue of a quarantine ${what}`, { environment, cause, issue: number });
}

function renderProof(record: QuarantineRecord): string {
  if (record.nodes.length === 0)
    return "Each of its nodes is told of in the issue of another cause.";
  const lines = record.nodes.map(
    ({ node, nodePool, resolvedAt }) =>
      `- \`${node}\` of pool \`${nodePool}\`: released, and its pool proved at ${resolvedAt}`,
  );
  return [
    "Every node of these pools carries its target image, is Ready and schedulable, and none is quarantined:",
    ...lines,
  ].join("\n");
}
