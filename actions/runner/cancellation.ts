import { constants } from "node:os";
import { error, setOutput } from "@actions/core";

/**
 * A cancelled job sends SIGINT, 7.5 s later SIGTERM, 2.5 s later it kills. There is no time to wait for
 * Azure: what the step has begun there is told, in words that were prepared before each step.
 */
export function onCancel(): { leaves(sentence: string): void } {
  let left = "nothing was changed in Azure";
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      error(`cancelled by ${signal}: ${left}`);
      setOutput("failure-reason", "cancelled");
      // Pipes are asynchronous on Windows: end only when the words are out.
      process.stdout.write("", () => process.exit(128 + constants.signals[signal]));
    });
  }
  return {
    leaves(sentence) {
      left = sentence;
    },
  };
}
