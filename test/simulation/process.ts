import { FleetwrightError } from "../../shared/core/errors.ts";
import type { Account } from "./budget.ts";
import type { Chance } from "./chance.ts";
import type { Sight, Sightings } from "./coverage.ts";
import type { FaultOptions } from "./faults.ts";

/** The process that made the call is gone; nothing that it would have done after happens. */
export class Killed extends Error {}

/** An answer that is no success, as the wire says it. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** A service behind a port: how its client repeats a call, and how it words what is left of a refusal. */
export interface Service {
  readonly name: string;
  /** Tries after the first one, for what another try can change. */
  readonly retries: number;
  /** Calls that change something, by name; all others read. */
  readonly writes: ReadonlySet<string>;
  /** Calls that carry an ETag: these alone can be answered with 412. */
  readonly conditional: ReadonlySet<string>;
  /** What it may answer although nothing is wrong with the call; 0 is no answer at all. */
  readonly early: readonly number[];
  error(refusal: Refusal): Error;
}

/** What a process is subject to from outside; a stalled call goes on when its promise is kept. */
export interface Surroundings {
  readonly chance: Chance;
  readonly seen: Sightings;
  luck(): FaultOptions;
  stall(): Promise<void>;
  /** Somebody else acts between two calls. */
  meddle(): void;
  /** A process asked for more than its budget. */
  overspend(what: string): void;
}

const TIMEOUT = 0;
/** Whoever awaits it goes on after all who wait already. */
const A_TURN = Promise.resolve();
const STALE = 412;

/** Statuses that another try may change; what an SDK and Octokit's plugin repeat. */
const REPEATED = new Set([429, 500, 503, TIMEOUT]);

/** One process: its calls fail as drawn, and none of them answers once it was killed. */
export class Process {
  readonly #around: Surroundings;
  #dead = false;
  /** Effects of the invocations in flight, to tell "between two effects" from "before the first". */
  effects = 0;
  /** Times that it stalled. */
  stalls = 0;
  /** What kept it from going on: stalls, its death, calls that failed for good. */
  troubles = 0;
  readonly #account: Account | undefined;

  /** @param account of what it may ask for; absent: nobody counts. */
  constructor(around: Surroundings, account?: Account) {
    this.#around = around;
    this.#account = account;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** The port as this process reaches it. */
  wrap<T extends object>(port: T, service: Service): T {
    const wrapped: Record<string, unknown> = {};
    for (const name of Object.keys(port)) {
      const member = port[name as keyof T];
      wrapped[name] =
        typeof member === "function"
          ? (...args: readonly unknown[]) =>
              this.call(service, name, () => Reflect.apply(member, port, args) as unknown)
          : member;
    }
    return wrapped as T;
  }

  async call<T>(service: Service, name: string, effect: () => T): Promise<Awaited<T>> {
    const { chance, seen } = this.#around;
    const writes = service.writes.has(name);
    for (let turns = chance.below(3); turns > 0; turns--) await A_TURN;
    let luck = this.#around.luck();
    if (chance.happens(luck.processStallsPerCall)) {
      seen.add("process stalled for minutes");
      this.stalls++;
      this.troubles++;
      await this.#around.stall();
      luck = this.#around.luck();
    }
    for (let attempt = 0; ; attempt++) {
      if (attempt > 0) luck = this.#around.luck();
      this.#maybeDie(luck, writes ? "before" : undefined);
      if (chance.happens(luck.meddledWithPerCall)) this.#around.meddle();
      this.#spend(service);
      const early = this.#early(luck, service, name);
      if (early === undefined) {
        const result = await effect();
        if (writes) this.effects++;
        this.#maybeDie(luck, writes ? "after" : undefined);
        const late = this.#late(luck);
        if (late === undefined) return result;
        if (attempt >= service.retries) throw this.#failed(service, late);
      } else if (attempt >= service.retries || !REPEATED.has(early.status)) {
        throw this.#failed(service, early);
      }
      seen.add("call repeated by the client");
    }
  }

  #failed(service: Service, refusal: Refusal): Error {
    this.troubles++;
    return service.error(refusal);
  }

  /** A process over its budget is ended, or the loop that it is in would go on for ever. */
  #spend({ name }: Service): void {
    const wrong = this.#account?.spend(name);
    if (wrong === undefined) return;
    this.#dead = true;
    this.#around.overspend(wrong);
    throw new Killed(wrong);
  }

  #maybeDie(luck: FaultOptions, effect: "before" | "after" | undefined): void {
    const { chance, seen } = this.#around;
    if (!this.#dead && chance.happens(luck.processKilledPerCall)) {
      this.#dead = true;
      this.troubles++;
      if (effect === "before") seen.add("killed before an effect");
      if (effect === "after") seen.add("killed after an effect");
      if (this.effects > 0 && effect !== undefined) seen.add("killed between two effects");
    }
    if (this.#dead) throw new Killed("the process was killed");
  }

  #early(luck: FaultOptions, service: Service, name: string): Refusal | undefined {
    const { chance, seen } = this.#around;
    if (!chance.happens(luck.callFailsBeforeEffect)) return undefined;
    // Few calls carry an ETag: every other refusal of those says that it is stale.
    const stale = service.conditional.has(name) && chance.happens(0.5);
    const status = stale ? STALE : (service.early[chance.below(service.early.length)] ?? TIMEOUT);
    const sight = SIGHT_OF.get(status) ?? "5xx before the effect";
    seen.add(sight);
    return { status, message: `a drawn fault: ${sight}` };
  }

  #late(luck: FaultOptions): Refusal | undefined {
    const { chance, seen } = this.#around;
    if (!chance.happens(luck.callFailsAfterEffect)) return undefined;
    const timeout = chance.happens(0.5);
    const sight = timeout ? "timeout after the effect" : "5xx after the effect";
    seen.add(sight);
    return { status: timeout ? TIMEOUT : 500, message: `a drawn fault: ${sight}` };
  }
}

const SIGHT_OF: ReadonlyMap<number, Sight> = new Map([
  [429, "429 throttled"],
  [409, "409 conflict"],
  [STALE, "412 precondition failed"],
  [TIMEOUT, "timeout before the effect"],
]);

/** As the product's one translation of Azure's refusals words them. */
export function azureError({ status, message }: Refusal): FleetwrightError {
  if (status === TIMEOUT) return new FleetwrightError("timed-out", message);
  if (status === 429) return new FleetwrightError("throttled", message);
  if (status === 409 || status === 412) return new FleetwrightError("conflict", message);
  return new FleetwrightError("service-error", message);
}

/** As Octokit throws it; the product's adapter translates it. */
export function gitHubError({ status, message }: Refusal): Error {
  const response = status === TIMEOUT ? undefined : { headers: {} };
  return Object.assign(new Error(message), { status: status || 500, response });
}
