import { createGitHubClient } from "../../shared/github/client.ts";
import { attempt } from "../../shared/github/errors.ts";
import type { Diagnosis } from "./diagnosis.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The repository, with the token that the functions or the job would use. */
export async function checkGitHub(env: Environment, branch: string): Promise<readonly Diagnosis[]> {
  const name = env["FLEETWRIGHT_REPOSITORY"] || env["GITHUB_REPOSITORY"];
  const token = env["FLEETWRIGHT_GITHUB_TOKEN"] || env["GITHUB_TOKEN"] || env["GH_TOKEN"];
  const [owner, repo] = (name ?? "").split("/");
  if (!owner || !repo || !token) return [notAsked()];
  const octokit = createGitHubClient(env, { token });
  return attempt(`repository ${owner}/${repo}`, async () => {
    const { data } = await octokit.request("GET /repos/{owner}/{repo}", { owner, repo });
    return [
      ...judgeBranch(`${owner}/${repo}`, branch, data.default_branch),
      ...judgeRights(`${owner}/${repo}`, data.permissions?.push),
    ];
  });
}

function notAsked(): Diagnosis {
  return {
    topic: "github",
    verdict: "unknown",
    message: "the repository was not asked: no name or no token is set",
    remedy:
      "set FLEETWRIGHT_REPOSITORY=OWNER/NAME, and GITHUB_TOKEN to the App's or a person's token",
  };
}

function judgeBranch(name: string, declared: string, actual: string): readonly Diagnosis[] {
  if (declared === actual) return [];
  return [
    {
      topic: "github",
      verdict: "error",
      message: `fleetwright.yaml names the branch ${declared}, ${name} has ${actual} as its default`,
      remedy: "the functions read the default branch: set spec.repository.branch to it",
    },
  ];
}

/** GitHub tells what the token's owner may; an App that may not write has `push: false`. */
function judgeRights(name: string, mayPush: boolean | undefined): readonly Diagnosis[] {
  if (mayPush === true) {
    return [
      { topic: "github", verdict: "ok", message: `${name}: proposals and issues can be written` },
    ];
  }
  return [
    {
      topic: "github",
      verdict: mayPush === undefined ? "unknown" : "error",
      message:
        mayPush === undefined
          ? `${name} can be read; GitHub does not say whether it can be written`
          : `${name} can be read only: no pull request would be opened`,
      remedy: "the App or token needs contents, pull requests and issues: read and write",
    },
  ];
}
