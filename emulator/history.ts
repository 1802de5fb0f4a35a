import type { Transition, World } from "../shared/simulator/model.ts";

/** Transitions kept since the start: a fleet of 1,000 small clusters fits twice. */
const MAX_HISTORY = 500_000;

const TOLD = new Set<Transition["kind"]>(["node", "pool", "run", "gate", "image"]);

/** What happened in the world since the start, for timelines and proofs. */
export class History {
  readonly #transitions: Transition[] = [];
  #dropped = 0;
  readonly close: () => void;

  constructor(world: World) {
    this.close = world.subscribe((transition) => this.#keep(transition));
  }

  /** Oldest first, times in ISO 8601. */
  read(): { dropped: number; transitions: readonly object[] } {
    const transitions = this.#transitions.map((transition) => ({
      ...transition,
      at: new Date(transition.at).toISOString(),
    }));
    return { dropped: this.#dropped, transitions };
  }

  #keep(transition: Transition): void {
    if (!TOLD.has(transition.kind)) return;
    if (this.#transitions.length >= MAX_HISTORY) this.#dropped += 1;
    else this.#transitions.push(transition);
  }
}
