/** How many places are asked for their newest image in one look, and where the next look begins. */
export interface Pace {
  readonly atMost: number;
  readonly start: number;
}

/** A fleet in 60 regions with 4 image families has 240 places; AKS refills 1 to 2 such reads a second. */
export const MAX_ASKED_PER_LOOK = 200;

/** The places to ask now: from where the last look stopped, once around at most. Pure. */
export function inTurn<T>(places: readonly T[], { atMost, start }: Pace): readonly T[] {
  const begin = places.length === 0 ? 0 : start % places.length;
  return [...places.slice(begin), ...places.slice(0, begin)].slice(0, Math.max(1, atMost));
}

/**
 * Half as many as Azure answered before it throttled, twice as many after a look that it answered whole: what
 * is not asked now is asked first by the next look. Pure.
 */
export function nextPace(
  { atMost, start }: Pace,
  asked: { readonly answered: number; readonly throttled: boolean; readonly places: number },
): Pace {
  const wanted = asked.throttled ? Math.floor(asked.answered / 2) : atMost * 2;
  return {
    atMost: Math.min(MAX_ASKED_PER_LOOK, Math.max(1, wanted)),
    start: asked.places === 0 ? 0 : (start + asked.answered) % asked.places,
  };
}
