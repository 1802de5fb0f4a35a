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

/**
 * Runs `work` under the lease of `name`, or leaves a wish for another round with whoever holds it. A
 * burst of a hundred events becomes a few rounds, one at a time; nothing else depends on the lease,
 * since every effect is idempotent anyway.
 *
 * @returns whether this call did the work itself.
 */
export async function coalesce(
  deps: CoalesceDeps,
  name: string,
  work: () => Promise<void>,
): Promise<boolean> {
  if (!(await acquireOrKnock(deps, name))) return false;
  let round = 0;
  try {
    do {
      await work();
      round++;
    } while (await continueOrRelease(deps, name, round));
  } catch (error) {
    await release(deps, name);
    throw error;
  }
  return true;
}

async function acquireOrKnock(deps: CoalesceDeps, name: string): Promise<boolean> {
  const { store, holder, wallClock } = deps;
  for (let attempt = 0; attempt < MAX_KNOCKS; attempt++) {
    const lease: Lease = { holder, until: wallClock.now() + LEASE_MILLISECONDS, again: false };
    const held = await store.get<Lease>(PARTITION, name);
    if (!held) {
      if (await store.insert(PARTITION, name, lease)) return true;
    } else if (held.value.until <= wallClock.now()) {
      if (await store.replace(PARTITION, name, lease, held.etag)) return true;
    } else if (
      held.value.again ||
      (await store.replace(PARTITION, name, { ...held.value, again: true }, held.etag))
    ) {
      return false;
    }
  }
  return false;
}

async function continueOrRelease(
  deps: CoalesceDeps,
  name: string,
  round: number,
): Promise<boolean> {
  const { store, holder, wallClock } = deps;
  for (let attempt = 0; attempt < MAX_KNOCKS; attempt++) {
    const held = await store.get<Lease>(PARTITION, name);
    if (!held || held.value.holder !== holder) return false;
    const wanted = held.value.again && round < MAX_ROUNDS;
    const until = wanted ? wallClock.now() + LEASE_MILLISECONDS : 0;
    if (await store.replace(PARTITION, name, { holder, until, again: false }, held.etag)) {
      return wanted;
    }
  }
  return false;
}

async function release({ store, holder }: CoalesceDeps, name: string): Promise<void> {
  const held = await store.get<Lease>(PARTITION, name);
  if (held?.value.holder === holder) {
    await store.replace(PARTITION, name, { holder, until: 0, again: false }, held.etag);
  }
}
