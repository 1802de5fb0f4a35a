import { readFile } from "node:fs/promises";
import { FleetwrightError } from "../../shared/core/errors.ts";

/** What the runner says about the job that a step belongs to. */
export interface Job {
  /** The commit that is checked out. */
  readonly commit: string | undefined;
  /** Who started the workflow. */
  readonly actor: string;
  /** Of the workflow's run, for a person. */
  readonly url: string;
}

export function readJob(env: NodeJS.ProcessEnv): Job {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  return {
    commit: env["GITHUB_SHA"] || undefined,
    actor: env["GITHUB_TRIGGERING_ACTOR"] || env["GITHUB_ACTOR"] || "somebody",
    url: `${server}/${repository}/actions/runs/${run}`,
  };
}

/** The head of the pull request that is being reviewed; undefined in any other job. */
export async function readReviewedHead(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const path = env["GITHUB_EVENT_PATH"];
  if (path === undefined || path === "" || !isOfPullRequest(env)) return undefined;
  const event = parseEvent(await readFile(path, "utf8").catch(() => ""));
  return event?.pull_request?.head?.sha;
}

function isOfPullRequest(env: NodeJS.ProcessEnv): boolean {
  return (env["GITHUB_EVENT_NAME"] ?? "").startsWith("pull_request");
}

interface PullRequestEvent {
  readonly pull_request?: { readonly head?: { readonly sha?: string } };
}

function parseEvent(text: string): PullRequestEvent | undefined {
  try {
    return JSON.parse(text) as PullRequestEvent;
  } catch (cause) {
    throw new FleetwrightError("invalid-input", "the file of GITHUB_EVENT_PATH is no JSON", {
      cause,
      remedy: "run this action in a job of GitHub Actions",
    });
  }
}
