/**
 * Time as the services see it. Ages and deadlines are compared with timestamps that Azure wrote, so
 * adapters answer with Azure's time (the `Date` header of its responses), not the machine's.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
