import type { Clock } from "./clock.ts";
import { digest } from "./digest.ts";
import { DAY, HOUR, MINUTE } from "./duration.ts";
import type { Logger } from "./logger.ts";
import type { StateStore, StoredRow } from "./state-store.ts";

/** Something worth a message. The same fact has the same key, whoever sees it and however often. */
export interface Notice {
  readonly environment: string;
  readonly key: string;
  readonly text: string;
  /** Since when it is so, ISO 8601. */
  readonly at: string;
  /** Where to read on, for chats that make no link of an address in the text. */
  readonly link?: string;
}

/** A notice as it is sent. When it arrives twice, then with the same id. */
export interface Message extends Pick<Notice, "text" | "at" | "link"> {
  readonly id: string;
}

/** `reason`: why nobody can say that it arrived, which does not say that it did not. */
export type Delivery =
  | { readonly delivered: true }
  | { readonly delivered: false; readonly reason: string };

/** A chat channel, or whatever else takes one message. Never throws. */
export interface Notifier {
  send(message: Message): Promise<Delivery>;
}

export interface AnnounceDeps {
  readonly store: StateStore;
  readonly logger: Logger;
  /** Absent: nobody asked to be told. */
  readonly notifier?: Notifier;
}

export interface SendDeps extends AnnounceDeps {
  /** Azure's time: all instances agree on it, so that none takes a try of another for overdue. */
  readonly clock: Clock;
}

/** A notice that nobody is known to have received. */
export interface OutboxEntry extends Notice {
  readonly tries: number;
  /** Milliseconds since the Unix epoch; absent before the first try. Nobody else tries before. */
  readonly nextTryAt?: number;
  /** Why the last try came to nothing. */
  readonly reason?: string;
  /** ISO 8601: it is shown for a while, and not tried any more. */
  readonly givenUpAt?: string;
}

const OUTBOX = "outbox";

/** A handler has 30 s, and a webhook 5 s: these go at once, what is left over goes with the next sweep. */
const MAX_MESSAGES_PER_LOOK = 10;
/** The first wait is longer than any handler lives: whoever is still sending is not taken for dead. */
const FIRST_WAIT = 2 * MINUTE;
const LONGEST_WAIT = 4 * HOUR;
/** With these waits a day, as long as Event Grid tries to deliver an event. */
const MAX_TRIES = 13;
/** A weekend, so that whoever comes back reads of what was given up. */
const SHOWN_FOR = 3 * DAY;

/** Enough to tell the messages of a chat apart, and short enough to stand in each. */
const ID_LENGTH = 8;

const toldIn = (environment: string): string => `notices:${environment}`;
const toldRow = (key: string): string => `notice:${key}`;
const outboxRow = ({ environment, key }: Notice): string => `${environment}:${key}`;

/**
 * Records the intent to tell, before the decision itself is recorded: who reads the decision can rely on the
 * message. What was told already, or waits to be, stays as it is.
 */
export async function announce(deps: AnnounceDeps, notices: readonly Notice[]): Promise<void> {
  if (!deps.notifier) return;
  const { store, logger } = deps;
  await Promise.all(
    notices.map(async (notice) => {
      const { environment, key } = notice;
      if (await store.get(toldIn(environment), toldRow(key))) return;
      const fresh = await store.insert(OUTBOX, outboxRow(notice), { ...notice, tries: 0 });
      // The id leads the way from the event that was decided upon to the message, which another invocation sends.
      if (fresh) logger.info("message recorded", { environment, key, id: idOf(notice) });
    }),
  );
}

function idOf({ environment, key }: Notice): string {
  return digest([environment, key]).slice(0, ID_LENGTH);
}

/**
 * Sends what is due. Each try is claimed first, with the time of the next one: of two instances one sends, and what
 * a process did not live to confirm is sent again then. So a message arrives at least once, and more than once only
 * when its arrival could not be confirmed.
 */
export async function sendMessages(deps: SendDeps): Promise<void> {
  const { notifier } = deps;
  if (!notifier) return;
  const now = deps.clock.now();
  const entries = await deps.store.list<OutboxEntry>(OUTBOX);
  const due = entries.filter(({ value }) => (value.nextTryAt ?? 0) <= now);
  await Promise.all(
    due.slice(0, MAX_MESSAGES_PER_LOOK).map((entry) => tryOnce(deps, notifier, entry)),
  );
}

/** What was tried in vain, for people to see. */
export async function readUntold(store: Pick<StateStore, "list">): Promise<readonly OutboxEntry[]> {
  const entries = await store.list<OutboxEntry>(OUTBOX);
  return entries.map(({ value }) => value).filter(({ tries }) => tries > 0);
}

async function tryOnce(
  deps: SendDeps,
  notifier: Notifier,
  { row, value, etag }: StoredRow<OutboxEntry>,
): Promise<void> {
  const { store, clock, logger } = deps;
  const { environment, key, text, at, link } = value;
  const told = await store.get(toldIn(environment), toldRow(key));
  if (told ?? value.givenUpAt) return forget(deps, row, value);
  const tries = value.tries + 1;
  const claim: OutboxEntry = { ...value, tries, nextTryAt: clock.now() + waitAfter(tries) };
  const mine = await store.replace(OUTBOX, row, claim, etag);
  if (mine === undefined) return;
  const id = idOf(value);
  const message = { id, text: `${environment}: ${text}`, at };
  const sent = await notifier.send(link === undefined ? message : { ...message, link });
  const fields = { environment, key, id, tries };
  if (sent.delivered) {
    await forget(deps, row, value);
    logger.info("message sent", fields);
    return;
  }
  const { reason } = sent;
  if (tries < MAX_TRIES) {
    await store.replace(OUTBOX, row, { ...claim, reason }, mine);
    logger.warn("message not confirmed; it is tried again", { ...fields, reason });
    return;
  }
  const nextTryAt = clock.now() + SHOWN_FOR;
  const givenUpAt = new Date(clock.now()).toISOString();
  await store.replace(OUTBOX, row, { ...claim, reason, givenUpAt, nextTryAt }, mine);
  logger.error("message given up", { ...fields, text, reason });
}

/** 2, 4, 8 … minutes, and every four hours in the end. */
function waitAfter(tries: number): number {
  return Math.min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT);
}

/** It is remembered as told first: a row that a crash leaves in the outbox is removed, and not sent again. */
async function forget(
  { store, clock }: SendDeps,
  row: string,
  { environment, key, text, givenUpAt }: OutboxEntry,
): Promise<void> {
  const at = new Date(clock.now()).toISOString();
  const told = { at, text, ...(givenUpAt === undefined ? {} : { givenUpAt }) };
  await store.insert(toldIn(environment), toldRow(key), told);
  await store.remove(OUTBOX, row);
}
