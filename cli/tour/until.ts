import { setTimeout as sleep } from "node:timers/promises";

/** How often a condition is asked again; short, since the tour's virtual time runs fast. */
const POLL_MILLISECONDS = 100;

/** The tour is to end within two minutes: no single step may use them up. */
const DEFAULT_PATIENCE_MILLISECONDS = 90_000;

export interface Patience {
  readonly milliseconds?: number;
  /** Tells what is the matter when patience ends. */
  readonly explain?: () => Promise<string> | string;
}

/** Asks until there is an answer; fails with what was waited for when patience ends. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  patience: Patience = {},
): Promise<T> {
  const deadline = Date.now() + (patience.milliseconds ?? DEFAULT_PATIENCE_MILLISECONDS);
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) {
      const why = patience.explain ? `: ${await patience.explain()}` : "";
      throw new Error(`waited in vain for ${what}${why}`);
    }
    await sleep(POLL_MILLISECONDS);
  }
}
