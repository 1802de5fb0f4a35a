/** Everything that a simulated schedule leaves to luck, drawn from one seed: the same seed, the same run. */
export interface Chance {
  /** A number from 0 up to, not including, 1. */
  draw(): number;
  happens(probability: number): boolean;
  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number;
}

/** mulberry32: 32 bits of state are plenty for a schedule, and it has no state outside of itself. */
export function createChance(seed: number): Chance {
  // Signed: a number that fits 32 bits with its sign takes no memory of its own.
  let state = seed | 0;
  const draw = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    draw,
    happens: (probability) => draw() < probability,
    below: (below) => Math.floor(draw() * below),
  };
}
