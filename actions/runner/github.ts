import { setSecret } from "@actions/core";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { createGitHubClient } from "../../shared/github/client.ts";
import type { RepositoryHome } from "../../shared/github/issues.ts";

/** The repository of the workflow, with the token that the step was given. */
export function composeGitHub(env: NodeJS.ProcessEnv, token: string): RepositoryHome {
  setSecret(token);
  const [owner = "", repo = "", ...rest] = (env["GITHUB_REPOSITORY"] ?? "").split("/");
  if (owner === "" || repo === "" || rest.length > 0) {
    throw new FleetwrightError("invalid-input", "GITHUB_REPOSITORY is not OWNER/NAME", {
      remedy: "run this action in a job of the repository that holds fleetwright.yaml",
    });
  }
  return { octokit: createGitHubClient(env, { token }), owner, repo };
}
