import type { Clock } from "./clock.ts";
import { MINUTE } from "./duration.ts";
import type { StateStore } from "./state-store.ts";

/** A lease row: who works, until when at the latest, and whether somebody asked for another round. */
interface Lease {
  readonly holder: string;
  /** Milliseconds since the Unix epoch, by the machines' own clock. */
  readonly until: number;
  readonly again: boolean;
}

/** A handler has 30 s; a lease that is older was left by a process that died. */
const LEASE_MILLISECONDS = 1 * MINUTE;

/** Rounds that one holder does for those who knocked meanwhile; the sweep does what is left. */
const MAX_ROUNDS = 3;

/** Lost races for the lease row before a caller leaves its wish to the sweep. */
const MAX_KNOCKS = 8;

const PARTITION = "lease";

export interface CoalesceDeps {
  readonly store: StateStore;
  /** The machines' own time: a lease bounds the life of a process. */
  readonly wallClock: Clock;
  /** Unique to this call. */
  readonly holder: string;
}

/** What a holder knows of its lease. */
interface Held {
  readonly etag: string;
  /** Somebody else asked for this round. */
  readonly knocked: boolean;
}

/**
 * Runs `work` under the lease of `name`, or leaves a wish for another round with whoever holds it. A
 * burst of a hundred events becomes a few rounds, one at a time; nothing else depends on the lease,
 * since every effect is idempotent anyway.
 *
 * @param work is told whether somebody knocked for this round: then it is not for its caller alone.
 * @returns whether this call did the work itself.
 */
export async function coalesce(
  deps: CoalesceDeps,
  name: string,
  work: (knocked: boolean) => Promise<void>,
): Promise<boolean> {
  let held = await acquireOrKnock(deps, name);
  if (!held) return false;
  try {
    for (let round = 1; held; round++) {
      await work(held.knocked);
      held = await continueOrRelease(deps, name, held.etag, round < MAX_ROUNDS);
    }
  } catch (error) {
    if (held) await continueOrRelease(deps, name, held.etag, false);
    throw error;
  }
  return true;
}

async function acquireOrKnock(deps: CoalesceDeps, name: string): Promise<Held | undefined> {
  const { store, holder, wallClock } = deps;
  for (let attempt = 0; attempt < MAX_KNOCKS; attempt++) {
    const taken = await store.insert(PARTITION, name, freshLease(deps));
    if (taken) return { etag: taken, knocked: false };
    const standing = await store.get<Lease>(PARTITION, name);
    if (!standing) continue;
    const { value, etag } = standing;
    // The answer to our own insert got lost.
    if (value.holder === holder) return { etag, knocked: value.again };
    if (value.until <= wallClock.now()) {
      const over = await store.replace(PARTITION, name, freshLease(deps), etag);
      if (over) return { etag: over, knocked: value.again };
    } else if (
      value.again ||
      (await store.replace(PARTITION, name, { ...value, again: true }, etag))
    ) {
      return undefined;
    }
  }
  return undefined;
}

function freshLease({ holder, wallClock }: CoalesceDeps): Lease {
  return { holder, until: wallClock.now() + LEASE_MILLISECONDS, again: false };
}

/** The row goes with its holder, unless somebody knocked: then there is another round where that is wanted. */
async function continueOrRelease(
  deps: CoalesceDeps,
  name: string,
  known: string,
  wanted: boolean,
): Promise<Held | undefined> {
  const { store, holder } = deps;
  if (await store.remove(PARTITION, name, known)) return undefined;
  for (let attempt = 0; attempt < MAX_KNOCKS; attempt++) {
    const standing = await store.get<Lease>(PARTITION, name);
    // It expired, and somebody else took it over.
    if (standing?.value.holder !== holder) return undefined;
    if (!wanted || !standing.value.again) {
      if (await store.remove(PARTITION, name, standing.etag)) return undefined;
      continue;
    }
    const etag = await store.replace(PARTITION, name, freshLease(deps), standing.etag);
    if (etag) return { etag, knocked: true };
  }
  return undefined;
}
