/** Calls by the service that answers them. */
export type Calls = Readonly<Record<string, number>>;

/**
 * What one sweep, one handler or one job may ask for at most in this world of four clusters at most, retries and all: about
 * half as much again as the dearest of a thousand schedules. A loop that does not end, a look that repeats itself,
 * or a request per cluster where one list would do, exceeds it.
 */
export const BUDGETS = {
  invocation: { ARM: 25, Kubernetes: 35, tables: 120, GitHub: 40, "Event Grid": 4, webhook: 10 },
  job: { ARM: 36, Kubernetes: 0, tables: 0, GitHub: 50, "Event Grid": 0, webhook: 0 },
} as const satisfies Readonly<Record<string, Calls>>;

/** Counts the calls of one process against the budget of what it was asked to do. */
export class Account {
  readonly #budget: Calls;
  #spent = new Map<string, number>();
  #asked = 0;
  #busy = 0;
  total = 0;

  constructor(budget: Calls) {
    this.#budget = budget;
  }

  get busy(): boolean {
    return this.#busy > 0;
  }

  begin(): void {
    this.#asked++;
    this.#busy++;
  }

  end(): void {
    this.#busy--;
  }

  /** A new step: what is still under way from before may spend as much again. */
  settle(): void {
    this.#spent.clear();
    this.#asked = this.#busy;
  }

  /** @returns what is wrong, if the budget is exceeded. */
  spend(service: string): string | undefined {
    this.total++;
    const spent = (this.#spent.get(service) ?? 0) + 1;
    this.#spent.set(service, spent);
    // A call that stalled may outlive its handler, which another call's failure ended.
    const allowed = (this.#budget[service] ?? 0) * Math.max(1, this.#asked);
    if (spent <= allowed) return undefined;
    return `${spent} calls to ${service} for ${this.#asked} invocations: over budget`;
  }
}
