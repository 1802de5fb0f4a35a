import { constants } from "node:os";
import { error, setOutput } from "@actions/core";

/** The runner follows SIGINT with SIGTERM after 7.5 s: an undo that is not done by then is left to the next run. */
const UNDO_TIMEOUT_MILLISECONDS = 5_000;

export interface Cancellation {
  leaves(sentence: string): void;
  undoOnCancel(undo: (() => Promise<void>) | undefined): void;
}

/**
 * A cancelled job sends SIGINT, 7.5 s later SIGTERM, 2.5 s later it kills. There is no time to wait for
 * Azure: what the step has begun there is told, in words that were prepared before each step. What must
 * not stay as it is, such as a budget that was loosened for a moment, is put back first.
 */
export function onCancel(): Cancellation {
  let left = "nothing was changed in Azure";
  let undo: (() => Promise<void>) | undefined;
  let cancelled = false;
  const cancel = async (signal: "SIGINT" | "SIGTERM"): Promise<void> => {
    if (cancelled) return;
    cancelled = true;
    await attempt(undo);
    error(`cancelled by ${signal}: ${left}`);
    setOutput("failure-reason", "cancelled");
    // Pipes are asynchronous on Windows: end only when the words are out.
    process.stdout.write("", () => process.exit(128 + constants.signals[signal]));
  };
  process.on("SIGINT", () => void cancel("SIGINT"));
  process.on("SIGTERM", () => void cancel("SIGTERM"));
  return {
    leaves(sentence) {
      left = sentence;
    },
    undoOnCancel(wanted) {
      undo = wanted;
    },
  };
}

async function attempt(undo: (() => Promise<void>) | undefined): Promise<void> {
  if (undo === undefined) return;
  const late = new Promise<void>((done) => setTimeout(done, UNDO_TIMEOUT_MILLISECONDS));
  await Promise.race([undo().catch(() => undefined), late]);
}
