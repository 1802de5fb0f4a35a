import { createInstallation } from "../../shared/github/app.ts";
import { createGitHubClient, type TokenSource } from "../../shared/github/client.ts";
import { attempt } from "../../shared/github/errors.ts";
import type { Azure } from "../azure.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { appIdentity, checkApp } from "./github-app.ts";
import type { Role } from "./permissions.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface GitHubCheckup {
  readonly env: Environment;
  /** As fleetwright.yaml declares it. */
  readonly branch: string;
  readonly role: Role;
}

interface Home {
  readonly owner: string;
  readonly repo: string;
}

/** The repository, as the App that the functions are, or with the token that they or the job would use. */
export async function checkGitHub(
  azure: Azure,
  { env, branch, role }: GitHubCheckup,
): Promise<readonly Diagnosis[]> {
  const name = env["FLEETWRIGHT_REPOSITORY"] || env["GITHUB_REPOSITORY"];
  const [owner, repo] = (name ?? "").split("/");
  if (!owner || !repo) return [notAsked("no name of it is set")];
  const home = { owner, repo };
  const token = env["FLEETWRIGHT_GITHUB_TOKEN"] || env["GITHUB_TOKEN"] || env["GH_TOKEN"];
  const app = appIdentity(azure, env, home);
  if (!app) {
    if (env["FLEETWRIGHT_GITHUB_APP_ID"]) return [keyNotNamed()];
    return token ? checkRepository(env, home, { branch, token }) : [notAsked("no token is set")];
  }
  const plain = createGitHubClient(env, { token: "" });
  const found = await checkApp(plain, app, role);
  if (found.some(({ verdict }) => verdict === "ok")) {
    const { tokens } = createInstallation(plain, app);
    return [...found, ...(await checkRepository(env, home, { branch, token: tokens }))];
  }
  return token ? [...found, ...(await checkRepository(env, home, { branch, token }))] : found;
}

async function checkRepository(
  env: Environment,
  { owner, repo }: Home,
  { branch, token }: { readonly branch: string; readonly token: string | TokenSource },
): Promise<readonly Diagnosis[]> {
  const octokit = createGitHubClient(env, { token });
  return attempt(`repository ${owner}/${repo}`, async () => {
    const { data } = await octokit.request("GET /repos/{owner}/{repo}", { owner, repo });
    return [
      ...judgeBranch(`${owner}/${repo}`, branch, data.default_branch),
      // What an App may do was asked for above, permission by permission.
      ...(typeof token === "string" ? judgeRights(`${owner}/${repo}`, data.permissions?.push) : []),
    ];
  });
}

function notAsked(why: string): Diagnosis {
  return {
    topic: "github",
    verdict: "unknown",
    message: `the repository was not asked: ${why}`,
    remedy:
      "set FLEETWRIGHT_REPOSITORY=OWNER/NAME, and the App as the functions have it (FLEETWRIGHT_GITHUB_APP_ID and FLEETWRIGHT_GITHUB_APP_KEY) or GITHUB_TOKEN",
  };
}

function keyNotNamed(): Diagnosis {
  return {
    topic: "github",
    verdict: "error",
    message: "FLEETWRIGHT_GITHUB_APP_ID is set, and FLEETWRIGHT_GITHUB_APP_KEY is not",
    remedy: "set it to the address of the App's key: https://<vault>.vault.azure.net/keys/<name>",
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
