import { createHash } from "node:crypto";

/**
 * A number in [0, 1) that depends on the seed and the words alone. Deliveries run concurrently, so a
 * generator with a state would give other numbers in every run.
 */
export function draw(seed: number, ...words: readonly (string | number)[]): number {
  const hash = createHash("sha256")
    .update([seed, ...words].join("\n"))
    .digest();
  return hash.readUInt32BE(0) / 2 ** 32;
}
