import type { World } from "../shared/simulator/model.ts";
import type { Pacer } from "./service.ts";

/** `real`: one to one; a number: virtual milliseconds per real one; `manual`: moved by hand alone. */
export type ClockSpeed = "real" | "manual" | number;

/** Longest delay that setTimeout takes; a later event is waited for in several steps. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

interface Task {
  readonly time: number;
  readonly run: () => void;
}

export interface PacerOptions {
  readonly world: World;
  readonly speed: ClockSpeed;
  /** Told what a task threw: one faulty task must not stop time. */
  readonly onError: (error: unknown) => void;
  /** Monotonic real milliseconds. */
  readonly realNow?: () => number;
}

/**
 * Maps real time to virtual time. Time is sampled once per turn of the event loop, so that code which
 * changes the world, and the listeners of that change, see one instant and never re-enter the world.
 */
export class PacedClock implements Pacer {
  #factor: number;
  readonly #world: World;
  readonly #onError: (error: unknown) => void;
  readonly #realNow: () => number;
  readonly #tasks: Task[] = [];
  readonly #unsubscribe: () => void;
  #anchorReal: number;
  #anchorVirtual: number;
  #current: number;
  #catchingUp = false;
  #sampled = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PacerOptions) {
    this.#factor = options.speed === "real" ? 1 : options.speed === "manual" ? 0 : options.speed;
    this.#world = options.world;
    this.#onError = options.onError;
    this.#realNow = options.realNow ?? (() => performance.now());
    this.#anchorReal = this.#realNow();
    this.#anchorVirtual = options.world.now;
    this.#current = options.world.now;
    // A change made from outside may have brought the next event nearer.
    this.#unsubscribe = options.world.subscribe(() => this.#sample());
    this.#arm();
  }

  now(): number {
    if (!this.#catchingUp && !this.#sampled) this.#catchUp(this.#target());
    return this.#current;
  }

  at(time: number, run: () => void): () => void {
    const task: Task = { time, run };
    this.#tasks.splice(insertionPoint(this.#tasks, time), 0, task);
    if (this.#tasks[0] === task) this.#sample();
    return () => {
      const index = this.#tasks.indexOf(task);
      if (index >= 0) this.#tasks.splice(index, 1);
    };
  }

  advance(milliseconds: number): void {
    if (this.#catchingUp) throw new Error("the clock cannot be moved by what it is running");
    this.#anchorVirtual += milliseconds;
    this.#catchUp(this.factor === 0 ? this.#current + milliseconds : this.#target());
  }

  get factor(): number {
    return this.#factor;
  }

  pace(factor: number): void {
    if (this.#catchingUp) throw new Error("the clock cannot be paced by what it is running");
    this.#catchUp(this.#target());
    this.#anchorReal = this.#realNow();
    this.#anchorVirtual = this.#current;
    this.#factor = factor;
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#unsubscribe();
  }

  #target(): number {
    const elapsed = (this.#realNow() - this.#anchorReal) * this.factor;
    return this.factor === 0 ? this.#current : Math.floor(this.#anchorVirtual + elapsed);
  }

  #nextAt(): number {
    return Math.min(this.#world.nextAt() ?? Infinity, this.#tasks[0]?.time ?? Infinity);
  }

  #catchUp(target: number): void {
    this.#catchingUp = true;
    try {
      for (let next = this.#nextAt(); next <= target; next = this.#nextAt()) {
        this.#current = Math.max(this.#current, next);
        this.#world.advanceTo(this.#current);
        this.#runDueTasks();
      }
      this.#current = Math.max(this.#current, target);
      this.#world.advanceTo(this.#current);
    } finally {
      this.#catchingUp = false;
    }
    this.#sample();
  }

  #runDueTasks(): void {
    for (let task = this.#tasks[0]; task && task.time <= this.#current; task = this.#tasks[0]) {
      this.#tasks.shift();
      try {
        task.run();
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /** Holds the present instant until this turn of the event loop is over. */
  #sample(): void {
    if (this.#sampled || this.#catchingUp || this.#closed) return;
    this.#sampled = true;
    setImmediate(() => {
      this.#sampled = false;
      this.#arm();
    });
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#nextAt();
    if (this.#closed || this.factor === 0 || next === Infinity) return;
    const delay = Math.max(0, (next - this.#target()) / this.factor);
    this.#timer = setTimeout(
      () => this.#wake(),
      Math.min(Math.ceil(delay), MAX_TIMER_MILLISECONDS),
    );
    this.#timer.unref();
  }

  #wake(): void {
    try {
      this.now();
    } catch (error) {
      this.#onError(error);
    }
    this.#sample();
  }
}

/** After every task of the same time: tasks of one instant run in the order they were given. */
function insertionPoint(tasks: readonly Task[], time: number): number {
  let low = 0;
  let high = tasks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tasks[middle]?.time ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
