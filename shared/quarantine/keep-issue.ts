import type { Clock } from "../core/clock.ts";
import { digest } from "../core/digest.ts";
import type { Logger } from "../core/logger.ts";
import type { StateStore, StoredRow } from "../core/state-store.ts";
import { claimFrom, doubtAfter, isClaimed, type Claim } from "./claim.ts";
import { findIssue, openIssue } from "./one-issue.ts";
import type { IssueTracker } from "./ports.ts";

export interface KeepIssueDeps {
  readonly store: StateStore;
  readonly issues: IssueTracker;
  readonly logger: Logger;
  /** The machines' own time: a claim bounds the life of a process. */
  readonly wallClock: Clock;
}

/** An issue that is open for as long as a fact holds. */
export interface KeptIssue {
  readonly partition: string;
  readonly row: string;
  /** The hidden line by which it is found again; it must stand in `body`. */
  readonly marker: string;
  /** Undefined: the fact does not hold (any more). */
  readonly text: { readonly title: string; readonly body: string } | undefined;
  readonly labels: readonly string[];
  /** Said when it closes. */
  readonly closing: string;
}

/** What the issue says; no row: the fact never held. */
interface KeptRow extends Claim {
  /** Digest of the text. */
  readonly said: string;
  readonly open: boolean;
}

const NOTHING_SAID = digest("");

/**
 * Opens, updates, reopens and closes the one issue of a fact: claimed in a row before it is written (intent), looked
 * for by its marker before it is opened, and the row completed after (confirmation).
 *
 * @returns whether the issue says what it should; false: somebody else is writing it, died over it, or may wake up
 * and open it after all.
 */
export async function keepIssue(deps: KeepIssueDeps, kept: KeptIssue): Promise<boolean> {
  const { store, wallClock } = deps;
  const known = await store.get<KeptRow>(kept.partition, kept.row);
  const wanted: KeptRow = {
    said: kept.text ? digest(kept.text) : NOTHING_SAID,
    open: kept.text !== undefined,
    ...doubtAfter(known?.value, wallClock.now()),
  };
  const isCertain = wanted.open || wanted.doubtUntil === undefined;
  if (known && isClaimed(known.value, wallClock.now())) return false;
  if (await isSaid(deps, kept, known, wanted)) {
    await endDoubt(store, kept, known, wanted);
    return isCertain;
  }
  const claimedUntil = claimFrom(wallClock.now());
  if (!(await claim(store, kept, known, { ...wanted, claimedUntil }))) return false;
  await writeIssue(deps, kept);
  const mine = await store.get<KeptRow>(kept.partition, kept.row);
  // Whoever took the claim over meanwhile knows more than this.
  if (mine?.value.claimedUntil !== claimedUntil) return false;
  const etag = await store.replace(kept.partition, kept.row, wanted, mine.etag);
  return etag !== undefined && isCertain;
}

/** Rows of issues that are open, or that somebody did not finish to close. */
export async function openIssues(store: StateStore, partition: string): Promise<readonly string[]> {
  const rows = await store.list<KeptRow>(partition);
  return rows
    .filter(({ value }) => value.open || value.claimedUntil !== undefined || value.doubtUntil)
    .map(({ row }) => row);
}

/** Nothing to write: it never held, or the issue says this already and nobody closed it meanwhile. */
async function isSaid(
  { issues }: KeepIssueDeps,
  kept: KeptIssue,
  known: StoredRow<KeptRow> | undefined,
  wanted: KeptRow,
): Promise<boolean> {
  if (!known) return !wanted.open;
  if (known.value.claimedUntil !== undefined) return false;
  if (known.value.open !== wanted.open || known.value.said !== wanted.said) return false;
  // A doubt that is over was not looked into since: whoever caused it may have woken up at its very end.
  if (!wanted.open && known.value.doubtUntil === undefined) return true;
  const isOpen = (await findIssue(issues, kept.marker))?.state === "open";
  return isOpen === wanted.open;
}

/** Nobody can wake up any more, and the issue was looked at after that: it need not be looked at again. */
async function endDoubt(
  store: StateStore,
  { partition, row }: KeptIssue,
  known: StoredRow<KeptRow> | undefined,
  wanted: KeptRow,
): Promise<void> {
  if (known?.value.doubtUntil === undefined || wanted.doubtUntil !== undefined) return;
  await store.replace(partition, row, wanted, known.etag);
}

async function claim(
  store: StateStore,
  { partition, row }: KeptIssue,
  known: StoredRow<KeptRow> | undefined,
  claimed: KeptRow,
): Promise<string | undefined> {
  return known
    ? store.replace(partition, row, claimed, known.etag)
    : store.insert(partition, row, claimed);
}

async function writeIssue({ issues, logger }: KeepIssueDeps, kept: KeptIssue): Promise<void> {
  const issue = await findIssue(issues, kept.marker);
  if (!kept.text) {
    if (issue?.state !== "open") return;
    await issues.update(issue.number, { state: "closed" });
    await issues.comment(issue.number, kept.closing);
    logger.info("issue closed", { issue: issue.number, title: issue.title });
    return;
  }
  const { title } = kept.text;
  if (issue) {
    await issues.update(issue.number, { ...kept.text, state: "open" });
    logger.info("issue brought up to date", { issue: issue.number, title });
    return;
  }
  const opened = await openIssue(issues, kept.marker, { ...kept.text, labels: kept.labels });
  logger.info("issue opened", { issue: opened.number, title });
}
