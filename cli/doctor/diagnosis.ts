import { FleetwrightError, isError, toError } from "../../shared/core/errors.ts";
import { someOf } from "../terminal.ts";

/** What is looked at. A closed list: tests and documentation name each. */
export type Topic =
  | "declarations"
  | "sign-in"
  | "fleet"
  | "permissions"
  | "clusters"
  | "auto-upgrade"
  | "undrainable-nodes"
  | "kubernetes-api"
  | "quarantine"
  | "events"
  | "github";

/** `unknown`: it could not be found out, which is never `ok`. */
export type Verdict = "ok" | "warning" | "error" | "unknown";

export interface Diagnosis {
  readonly topic: Topic;
  readonly verdict: Verdict;
  /** One sentence: what was found, with all names. */
  readonly message: string;
  /** The same for a terminal, where only the first names stand. */
  readonly brief?: string;
  /** What to do about it: a sentence or a command. */
  readonly remedy?: string;
  /** All that it is about: clusters, node pools, actions. */
  readonly subjects?: readonly string[];
}

/** A sentence about names: all of them, and in brief. */
export function naming(
  names: readonly string[],
  say: (names: string) => string,
): Pick<Diagnosis, "message" | "brief"> {
  return { message: say(names.join(", ")), brief: say(someOf(names)) };
}

/**
 * A look that fails is a finding of its own: the other looks go on. No shipped role reads Event Grid, so that who
 * may not is told so, and nothing is wrong.
 */
export async function diagnose(
  topic: Topic,
  look: () => Promise<readonly Diagnosis[]>,
): Promise<readonly Diagnosis[]> {
  try {
    return await look();
  } catch (thrown) {
    const error = toError(thrown);
    const { remedy, subject } = error instanceof FleetwrightError ? error : {};
    return [
      {
        topic,
        verdict: topic === "events" && isError(error, "unauthorized") ? "unknown" : "error",
        message: error.message,
        ...(remedy === undefined ? {} : { remedy }),
        ...(subject === undefined ? {} : { subjects: [subject] }),
      },
    ];
  }
}
