import { FleetwrightError } from "../../shared/core/errors.ts";

/** The runner's checkout of the consumer's repository. */
export function workspaceFolder(env: NodeJS.ProcessEnv): string {
  const folder = env["GITHUB_WORKSPACE"];
  if (folder === undefined || folder === "") {
    throw new FleetwrightError("invalid-input", "GITHUB_WORKSPACE is not set", {
      remedy: "run this action in a job, after actions/checkout",
    });
  }
  return folder;
}
