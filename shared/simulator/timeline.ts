import type { Instant } from "./model.ts";

export interface Appointment {
  readonly time: Instant;
  readonly order: number;
  readonly act: () => void;
  cancelled: boolean;
}

/** What happens by itself, in order of time; first come, first served within one millisecond. */
export class Timeline {
  #now: Instant;
  #order = 0;
  #advancing = false;
  readonly #heap: Appointment[] = [];

  constructor(start: Instant) {
    this.#now = start;
  }

  get now(): Instant {
    return this.#now;
  }

  after(milliseconds: number, act: () => void): Appointment {
    return this.at(this.#now + milliseconds, act);
  }

  at(time: Instant, act: () => void): Appointment {
    const due = Math.max(time, this.#now);
    const appointment = { time: due, order: this.#order++, act, cancelled: false };
    this.#rise(appointment);
    return appointment;
  }

  nextAt(): Instant | undefined {
    while (this.#heap[0]?.cancelled) this.#pop();
    return this.#heap[0]?.time;
  }

  advanceTo(time: Instant): void {
    if (this.#advancing) throw new Error("advanceTo was called by something that it lets happen");
    this.#advancing = true;
    try {
      for (let next = this.#heap[0]; next && next.time <= time; next = this.#heap[0]) {
        this.#pop();
        if (next.cancelled) continue;
        this.#now = next.time;
        next.act();
      }
      this.#now = Math.max(this.#now, time);
    } finally {
      this.#advancing = false;
    }
  }

  #rise(appointment: Appointment): void {
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(appointment);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as Appointment;
      if (!isBefore(appointment, above)) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = appointment;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Appointment)) child++;
      const least = heap[child] as Appointment;
      if (!isBefore(least, last)) break;
      heap[hole] = least;
      hole = child;
    }
    heap[hole] = last;
  }
}

function isBefore(a: Appointment, b: Appointment): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
