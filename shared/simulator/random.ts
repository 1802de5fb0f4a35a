import type { Duration } from "./model.ts";

/**
 * Counter-based randomness: every draw is a hash of (seed, entity, phase), so two simulations that differ
 * in one rule share the noise of everything else, and the order of draws does not matter.
 */
export function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  hash = Math.imul(hash, 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

export function hashText(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash, text.length);
}

/** A GUID of version 4's form, the same for the same seed and text. */
export function guid(seed: number, text: string): string {
  const words = [1, 2, 3, 4].map((salt) => hashText(text, mix(seed, salt)));
  const hex = words.map((word) => word.toString(16).padStart(8, "0")).join("");
  const variant = "89ab"[Number.parseInt(hex.slice(16, 17), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Integer milliseconds, at least one, from a log-normal around the median. */
export function drawMilliseconds(
  duration: Duration,
  draw: { readonly seed: number; readonly entity: number; readonly phase: number },
): number {
  if (duration.sigma === 0) return Math.max(1, Math.round(duration.median));
  const uniform = (mix(mix(draw.seed, draw.entity), draw.phase) + 0.5) / 2 ** 32;
  return Math.max(
    1,
    Math.round(duration.median * Math.exp(duration.sigma * normalQuantile(uniform))),
  );
}

/** Below this probability (and above its mirror) the tail formula holds. */
const TAIL = 0.02425;

/** P. J. Acklam's rational approximation of the normal quantile; relative error below 1.2e-9. */
export function normalQuantile(p: number): number {
  if (p > 1 - TAIL) return -lowerTail(1 - p);
  if (p < TAIL) return lowerTail(p);
  const q = p - 0.5;
  const r = q * q;
  const numerator =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r +
      138.357751867269) *
      r -
      30.66479806614716) *
      r +
    2.506628277459239;
  const denominator =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r +
      66.80131188771972) *
      r -
      13.28068155288572) *
      r +
    1;
  return (numerator * q) / denominator;
}

function lowerTail(p: number): number {
  const q = Math.sqrt(-2 * Math.log(p));
  const numerator =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q -
      2.549732539343734) *
      q +
      4.374664141464968) *
      q +
    2.938163982698783;
  const denominator =
    (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q +
      3.754408661907416) *
      q +
    1;
  return numerator / denominator;
}
