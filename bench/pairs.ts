export interface Pair<T> {
  readonly ours: T;
  readonly beside: T;
}

/**
 * Measures two things in turn, so that a slow moment of the machine hits both; who goes first alternates.
 * A first pair warms caches and files, and is not counted, unless something did before.
 */
export async function measurePairs<T>(
  count: number,
  { ours, beside }: { readonly ours: () => Promise<T>; readonly beside: () => Promise<T> },
  { isWarm = false } = {},
): Promise<readonly Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  for (let index = isWarm ? 0 : -1; index < count; index++) {
    const oursFirst = index % 2 === 0;
    const early = oursFirst ? await ours() : await beside();
    const late = oursFirst ? await beside() : await ours();
    if (index < 0) continue;
    pairs.push(oursFirst ? { ours: early, beside: late } : { ours: late, beside: early });
  }
  return pairs;
}

export interface Spread {
  readonly median: number;
  /** Quartiles. */
  readonly low: number;
  readonly high: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
  };
}

function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
