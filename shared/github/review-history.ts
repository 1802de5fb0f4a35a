import type { ReviewHistory } from "../update-run/history.ts";
import { attempt } from "./errors.ts";
import type { RepositoryHome } from "./issues.ts";

/** A release, its strategy and the workspace: nothing else decides about a run. */
const MAX_PATHS = 5;

export function createReviewHistory(home: RepositoryHome): ReviewHistory {
  return {
    async reviewedHeads(commit, paths) {
      const commits = new Set([commit]);
      for (const path of paths.slice(0, MAX_PATHS)) {
        const changed = await lastChange(home, commit, path);
        if (changed !== undefined) commits.add(changed);
      }
      const heads = new Set<string>();
      for (const one of commits) for (const head of await headsOf(home, one)) heads.add(head);
      return [...heads];
    },
  };
}

function lastChange(
  { octokit, owner, repo }: RepositoryHome,
  commit: string,
  path: string,
): Promise<string | undefined> {
  return attempt(`the history of ${path} in ${owner}/${repo}`, async () => {
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/commits", {
      owner,
      repo,
      sha: commit,
      path,
      per_page: 1,
    });
    return data[0]?.sha;
  });
}

function headsOf(
  { octokit, owner, repo }: RepositoryHome,
  commit: string,
): Promise<readonly string[]> {
  return attempt(`the pull requests of ${commit} in ${owner}/${repo}`, async () => {
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", {
      owner,
      repo,
      commit_sha: commit,
    });
    return data.filter(({ merged_at }) => merged_at !== null).map(({ head }) => head.sha);
  });
}
