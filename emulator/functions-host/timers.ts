import type { Schedule } from "./schedule.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What a timer function gets, in the host's spelling (TimerInfo of azure-webjobs-sdk-extensions). */
export interface TimerInfo {
  readonly Schedule: { readonly AdjustForDST: boolean };
  readonly ScheduleStatus: {
    readonly Last: string;
    readonly Next: string;
    readonly LastUpdated: string;
  } | null;
  readonly IsPastDue: boolean;
}

export interface TimerSpec {
  readonly name: string;
  readonly schedule: Schedule;
  readonly runOnStartup: boolean;
  readonly useMonitor: boolean;
}

export interface TimersDeps {
  readonly clock: VirtualClock;
  /** Never rejects: a failed run is logged, and the schedule moves on. */
  readonly run: (name: string, timer: TimerInfo) => Promise<void>;
}

interface Timer {
  readonly spec: TimerSpec;
  next: number | undefined;
  last: number | undefined;
  isRunning: boolean;
  /** Asked for by hand while it was running. */
  isWanted: boolean;
}

/** The clock is read so often, for it may have been moved forward; between, it runs evenly. */
const SYNCHRONIZE_MILLISECONDS = 500;
/** A clock moved by hand is asked more often, for nothing happens between. */
const MANUAL_POLL_MILLISECONDS = 100;

/** Runs timer functions by virtual time. Runs of one function never overlap; missed ones become one. */
export class Timers {
  readonly #deps: TimersDeps;
  readonly #timers: Map<string, Timer>;
  #wake: NodeJS.Timeout | undefined;
  #isStopped = false;
  #synchronizedAt = performance.now();

  constructor(specs: readonly TimerSpec[], deps: TimersDeps) {
    this.#deps = deps;
    const now = deps.clock.now();
    this.#timers = new Map(specs.map((spec) => [spec.name, newTimer(spec, now)]));
  }

  start(): void {
    for (const timer of this.#timers.values()) {
      if (timer.spec.runOnStartup) this.#fire(timer, false);
    }
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#wake);
  }

  /** Runs a timer function by hand; after the run that is under way, if there is one. */
  trigger(name: string): void {
    const timer = this.#timers.get(name);
    if (!timer) return;
    if (timer.isRunning) timer.isWanted = true;
    else this.#run(timer, timerInfo(timer, false));
  }

  /** Starts what is due. */
  tick(): void {
    const now = this.#deps.clock.now();
    for (const timer of this.#timers.values()) {
      if (timer.isRunning || timer.next === undefined || timer.next > now) continue;
      const following = timer.spec.schedule.after(timer.next);
      this.#fire(timer, following !== undefined && following <= now);
    }
  }

  /** A scheduled run moves the schedule on from its start, so that time lost in it makes one catch-up. */
  #fire(timer: Timer, isPastDue: boolean): void {
    const now = this.#deps.clock.now();
    const info = timerInfo(timer, isPastDue);
    timer.last = now;
    timer.next = timer.spec.schedule.after(now);
    this.#run(timer, info);
  }

  #run(timer: Timer, info: TimerInfo): void {
    timer.isRunning = true;
    void this.#deps.run(timer.spec.name, info).finally(() => {
      timer.isRunning = false;
      const isWanted = timer.isWanted && !this.#isStopped;
      timer.isWanted = false;
      if (isWanted) this.#run(timer, timerInfo(timer, false));
      this.#arm();
    });
  }

  #arm(): void {
    clearTimeout(this.#wake);
    if (this.#isStopped || this.#timers.size === 0) return;
    this.#wake = setTimeout(() => {
      void this.#synchronize().finally(() => {
        if (this.#isStopped) return;
        this.tick();
        this.#arm();
      });
    }, this.#sleep());
  }

  async #synchronize(): Promise<void> {
    const { clock } = this.#deps;
    const age = performance.now() - this.#synchronizedAt;
    if (clock.factor() !== 0 && age < SYNCHRONIZE_MILLISECONDS) return;
    await clock.synchronize();
    this.#synchronizedAt = performance.now();
  }

  /** Real milliseconds until something may be due. */
  #sleep(): number {
    const { clock } = this.#deps;
    if (clock.factor() === 0) return MANUAL_POLL_MILLISECONDS;
    const waiting = [...this.#timers.values()].filter(({ isRunning }) => !isRunning);
    const next = Math.min(...waiting.map((timer) => timer.next ?? Infinity));
    const delay = Math.ceil((next - clock.now()) / clock.factor());
    return Math.min(SYNCHRONIZE_MILLISECONDS, Math.max(1, delay));
  }
}

function newTimer(spec: TimerSpec, now: number): Timer {
  return {
    spec,
    next: spec.schedule.after(now),
    last: undefined,
    isRunning: false,
    isWanted: false,
  };
}

/** .NET's `default(DateTime)`: the schedule has no last run yet. */
const NEVER = "0001-01-01T00:00:00+00:00";

function timerInfo({ spec, last, next }: Timer, isPastDue: boolean): TimerInfo {
  // The host keeps no status without a monitor, nor for schedules under a minute (ScheduleMonitor.cs).
  const isMonitored = spec.useMonitor && !spec.schedule.isFrequent;
  return {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: isMonitored
      ? { Last: dotNetTime(last), Next: dotNetTime(next), LastUpdated: dotNetTime(last) }
      : null,
    IsPastDue: isPastDue,
  };
}

function dotNetTime(time: number | undefined): string {
  return time === undefined ? NEVER : new Date(time).toISOString().replace("Z", "+00:00");
}
