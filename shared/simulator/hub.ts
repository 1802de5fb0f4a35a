import type { Transition } from "./model.ts";

/** Tells every transition once, in order. Ask `listening` before building one that is costly or frequent. */
export class Hub {
  readonly #listeners = new Set<(transition: Transition) => void>();

  get listening(): boolean {
    return this.#listeners.size > 0;
  }

  subscribe(listener: (transition: Transition) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(transition: Transition): void {
    for (const listener of this.#listeners) listener(transition);
  }
}
