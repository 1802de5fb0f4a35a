import { setTimeout } from "node:timers/promises";
import { HOUR, MINUTE, SECOND } from "../../shared/core/duration.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { duration } from "./inputs.ts";

/** Reads of operation states are limited to 2 per second and subscription; a person wants news within minutes. */
const POLL_BOUNDS = { min: SECOND, max: 10 * MINUTE };
/** A GitHub-hosted job lasts six hours at most. */
const TIMEOUT_BOUNDS = { min: SECOND, max: 24 * HOUR };

export interface Waiting {
  readonly pollIntervalMilliseconds: number;
  readonly timeoutMilliseconds: number;
  sleep(milliseconds: number): Promise<void>;
  /** Milliseconds of waiting, by a clock that only grows. */
  elapsed(): number;
}

/** The inputs poll-interval and timeout. */
export function readWaiting(): Waiting {
  return {
    pollIntervalMilliseconds: duration("poll-interval", POLL_BOUNDS),
    timeoutMilliseconds: duration("timeout", TIMEOUT_BOUNDS),
    sleep: async (milliseconds) => void (await setTimeout(milliseconds)),
    elapsed: () => performance.now(),
  };
}

/** A wait that looks around every now and then, until its work is over or the step's time is up. */
export async function watch<T>(
  waiting: Waiting,
  work: Promise<T>,
  look: () => Promise<void>,
): Promise<T> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  // A bad end is thrown below; here it only ends the pause.
  const settled = Promise.allSettled([done]);
  for (;;) {
    await Promise.race([settled, waiting.sleep(waiting.pollIntervalMilliseconds)]);
    if (over) return done;
    assertInTime(waiting);
    await look();
  }
}

/** Asks again and again until the answer is one to go on with. */
export async function askUntil<T>(
  waiting: Waiting,
  ask: () => Promise<T>,
  isEnough: (answer: T) => boolean,
): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    assertInTime(waiting);
    await waiting.sleep(waiting.pollIntervalMilliseconds);
  }
}

function assertInTime({ elapsed, timeoutMilliseconds }: Waiting): void {
  if (elapsed() < timeoutMilliseconds) return;
  throw new FleetwrightError("timed-out", "the step's time is up; what Azure has begun goes on", {
    remedy: "run the step again: it waits for what is under way, then goes on from there",
  });
}
