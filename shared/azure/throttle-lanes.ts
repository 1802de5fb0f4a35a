import type { Client } from "@azure-rest/core-client";
import { MINUTE, SECOND } from "../core/duration.ts";
import { armOperation } from "./arm-operation.ts";
import { toRefusal } from "./errors.ts";

type Policy = Parameters<Client["pipeline"]["addPolicy"]>[0];
type Request = Parameters<Policy["sendRequest"]>[0];
type Next = Parameters<Policy["sendRequest"]>[1];
type Response = Awaited<ReturnType<Next>>;

export interface LaneOptions {
  /** How long one request waits for its turn. */
  readonly patienceMs: number;
  /** Hears once of each kind of request that Azure begins to throttle. */
  onThrottled?(sentence: string): void;
  sleep(milliseconds: number): Promise<void>;
  /** A clock that only grows. */
  elapsed(): number;
}

/**
 * A look at 1,000 clusters is 2,000 calls of AKS, of which Azure grants sixty at once and then one a second.
 * Source: learn.microsoft.com/azure/aks/quotas-skus-regions, throttling limits
 */
export const LANE_PATIENCE_MS = 45 * MINUTE;
/** Where a refusal does not say how long. */
const DEFAULT_PAUSE_MS = 5 * SECOND;
/** Tokens gather during a pause: one refusal in sixteen calls, at one a second. */
const LONGEST_OWN_PAUSE_MS = 16 * SECOND;

/** After such a calm, a refusal is the first of a new crowd. */
const CALM_MS = MINUTE;

/**
 * Once Azure has answered 429, requests of the same kind go one by one, in order, at the pace it grants, instead of
 * each of them retrying by itself until it gives up. A refused request was not carried out, so a write may wait, too.
 */
export function throttleLanes(options: LaneOptions): Policy {
  // One per kind of request: as many as there are types in a few subscriptions.
  const lanes = new Map<string, Lane>();
  return {
    name: "fleetwrightThrottleLanes",
    async sendRequest(request, next) {
      const kind = kindOf(request);
      const known = lanes.get(kind);
      if (known?.isBusy() === true) return known.pass(() => next(request));
      const response = await next(request);
      if (response.status !== 429) return response;
      const lane = known ?? lanes.get(kind) ?? new Lane(options, kind);
      lanes.set(kind, lane);
      lane.refused(response);
      return lane.pass(() => next(request));
    },
  };
}

/** AKS counts most calls per subscription, whatever cluster they are about. */
function kindOf({ method, url }: Request): string {
  const { id, action } = armOperation(method, url);
  return `${action} of subscription ${id.split("/")[2] ?? ""}`;
}

class Lane {
  readonly #options: LaneOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #pause = 0;
  #opensAt = 0;

  constructor(options: LaneOptions, kind: string) {
    this.#options = options;
    options.onThrottled?.(`Azure throttles ${kind}: going on at the pace it grants`);
  }

  isBusy(): boolean {
    return this.#waiting > 0 || this.#opensAt > this.#options.elapsed();
  }

  /** Nothing is sent before the time that Azure asked for, nor before twice as long as after the last refusal. */
  refused({ headers }: Response): void {
    const now = this.#options.elapsed();
    const asked = Number(headers.get("retry-after") ?? Number.NaN) * SECOND;
    const wanted = Number.isFinite(asked) && asked > 0 ? asked : DEFAULT_PAUSE_MS;
    const before = now - this.#opensAt > CALM_MS ? 0 : this.#pause;
    // Those that were under way together are refused together: they are one refusal.
    // No longer than it takes to grant what waits: one that waits alone asks as Azure says.
    const enough = Math.min(LONGEST_OWN_PAUSE_MS, Math.max(1, this.#waiting) * wanted);
    const own = this.#opensAt > now ? before : Math.min(2 * before, enough);
    this.#pause = Math.max(wanted, own);
    this.#opensAt = Math.max(this.#opensAt, now + this.#pause);
  }

  /** Sends when those before it are through; refuses when patience is over. */
  async pass(send: () => Promise<Response>): Promise<Response> {
    const deadline = this.#options.elapsed() + this.#options.patienceMs;
    const turn = this.#last.then(() => this.#through(send, deadline));
    this.#last = turn.catch(() => {});
    this.#waiting++;
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  async #through(send: () => Promise<Response>, deadline: number): Promise<Response> {
    const { sleep, elapsed } = this.#options;
    for (;;) {
      if (this.#opensAt > deadline) throw toRefusal(429, this.#pause / SECOND, undefined);
      const wait = this.#opensAt - elapsed();
      if (wait > 0) await sleep(wait);
      const response = await send();
      if (response.status !== 429) return response;
      this.refused(response);
    }
  }
}
