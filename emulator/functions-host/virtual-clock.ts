/** Time as the app's timers see it: the machine's, or that of a local Azure that runs faster. */
export interface VirtualClock {
  now(): number;
  /** Virtual milliseconds per real one; 0 for a clock that is moved by hand. */
  factor(): number;
  /** Reads the clock again: it may have been moved. */
  synchronize(): Promise<void>;
}

/** How long a reading is waited for; the old one is used on. */
const READ_TIMEOUT_MILLISECONDS = 2_000;

export const machineClock: VirtualClock = {
  now: () => Date.now(),
  factor: () => 1,
  synchronize: () => Promise.resolve(),
};

/** Follows the clock that `GET <control>/clock` tells: `{"now": ISO 8601, "factor": number}`. */
export async function followClock(
  controlUrl: string,
  onError: (error: unknown) => void,
): Promise<VirtualClock> {
  const url = `${controlUrl.replace(/\/+$/, "")}/clock`;
  let anchor = await read(url);
  const now = (): number =>
    Math.floor(anchor.virtual + (performance.now() - anchor.real) * anchor.factor);
  return {
    now,
    factor: () => anchor.factor,
    async synchronize() {
      try {
        anchor = await read(url);
      } catch (error) {
        onError(error);
      }
    },
  };
}

interface Reading {
  readonly virtual: number;
  readonly real: number;
  readonly factor: number;
}

async function read(url: string): Promise<Reading> {
  const response = await fetch(url, { signal: AbortSignal.timeout(READ_TIMEOUT_MILLISECONDS) });
  const { now, factor } = (await response.json()) as { now?: unknown; factor?: unknown };
  const virtual = Date.parse(String(now));
  if (!response.ok || Number.isNaN(virtual) || typeof factor !== "number") {
    throw new Error(`${url} does not tell the time (status ${response.status})`);
  }
  return { virtual, real: performance.now(), factor };
}
