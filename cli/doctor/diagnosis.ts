import { FleetwrightError, isError, toError } from "../../shared/core/errors.ts";

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
  /** One sentence: what was found. */
  readonly message: string;
  /** What to do about it: a sentence or a command. */
  readonly remedy?: string;
  /** All that it is about: clusters, node pools, actions. The message may name only some. */
  readonly subjects?: readonly string[];
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
