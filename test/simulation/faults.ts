import { FleetwrightError } from "../../shared/core/errors.ts";
import type { Chance } from "./chance.ts";

/** How often things go wrong; probabilities per call, or per event. */
export interface FaultOptions {
  readonly callFailsBeforeEffect: number;
  readonly callFailsAfterEffect: number;
  readonly processKilled: number;
  readonly eventLost: number;
  readonly eventDuplicated: number;
  readonly eventDelayed: number;
  readonly sweepSkipped: number;
  readonly nodesUnseen: number;
  readonly personClosesIssue: number;
  /** Per step, while a stage soaks: a person cordons a node of it for some hours. */
  readonly personCordonsNode: number;
  /** Within which a quarantined node must be told of, in hours, when looks fail this often. */
  readonly toldWithinHours: number;
}

export const NO_FAULTS: FaultOptions = {
  callFailsBeforeEffect: 0,
  callFailsAfterEffect: 0,
  processKilled: 0,
  eventLost: 0,
  eventDuplicated: 0,
  eventDelayed: 0,
  sweepSkipped: 0,
  nodesUnseen: 0,
  personClosesIssue: 0,
  personCordonsNode: 0,
  toldWithinHours: 1,
};

export const MANY_FAULTS: FaultOptions = {
  callFailsBeforeEffect: 0.01,
  callFailsAfterEffect: 0.01,
  processKilled: 0.005,
  eventLost: 0.3,
  eventDuplicated: 0.3,
  eventDelayed: 0.3,
  sweepSkipped: 0.2,
  nodesUnseen: 0.05,
  personClosesIssue: 0.02,
  personCordonsNode: 0.1,
  toldWithinHours: 12,
};

/** Processes die so often that most looks end halfway: what is left half done shows. */
export const STORM: FaultOptions = {
  ...MANY_FAULTS,
  processKilled: 0.04,
  toldWithinHours: Number.POSITIVE_INFINITY,
};

/** The process that made the call is gone; nothing that it would have done after happens. */
export class Killed extends Error {}

const CODES = ["throttled", "service-error", "unreachable", "conflict", "timed-out"] as const;

/** One process: its ports fail as drawn, and none of them answers once it was killed. */
export class Process {
  readonly #chance: Chance;
  readonly #faults: FaultOptions;
  #dead = false;
  calls = 0;

  constructor(chance: Chance, faults: FaultOptions) {
    this.#chance = chance;
    this.#faults = faults;
  }

  /** The port with this process's luck: a few turns of the loop before each call, and faults around it. */
  wrap<T extends object>(port: T): T {
    const around = this.#around.bind(this);
    return new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: readonly unknown[]) =>
          around(() => Reflect.apply(member, target, args) as unknown);
      },
    });
  }

  async #around(call: () => unknown): Promise<unknown> {
    for (let turns = this.#chance.below(3); turns > 0; turns--) await Promise.resolve();
    this.#maybeDie();
    this.calls++;
    this.#maybeFail(this.#faults.callFailsBeforeEffect);
    const result = await call();
    this.#maybeDie();
    this.#maybeFail(this.#faults.callFailsAfterEffect);
    return result;
  }

  #maybeDie(): void {
    this.#dead ||= this.#chance.happens(this.#faults.processKilled);
    if (this.#dead) throw new Killed("the process was killed");
  }

  #maybeFail(probability: number): void {
    if (!this.#chance.happens(probability)) return;
    const code = CODES[this.#chance.below(CODES.length)] ?? "service-error";
    throw new FleetwrightError(code, `a drawn fault: ${code}`);
  }
}
