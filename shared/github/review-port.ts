import type {
  CheckResult,
  MergeMethod,
  PullComment,
  ReviewedPull,
  ReviewPort,
} from "../promotion/ports.ts";
import { toError } from "../core/errors.ts";
import { attempt } from "./errors.ts";
import type { RepositoryHome } from "./issues.ts";
import { toPullRequest, type WirePull } from "./proposal.ts";

/** Comments of one pull request that are searched for a word of a person. */
const MAX_COMMENTS = 100;
/** Check runs of one commit; a repository with more of them names what it requires. */
const MAX_CHECKS = 100;

/** Who may write to a repository, as GitHub says beside each comment. */
const TRUSTED = ["OWNER", "MEMBER", "COLLABORATOR"];

/** Auto-merge exists in GraphQL alone. */
const ENABLE = `mutation enablePullRequestAutoMerge($id: ID!, $mergeMethod: PullRequestMergeMethod!) {
  enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $mergeMethod}) { clientMutationId }
}`;
const DISABLE = `mutation disablePullRequestAutoMerge($id: ID!) {
  disablePullRequestAutoMerge(input: {pullRequestId: $id}) { clientMutationId }
}`;

export function createReviewPort(home: RepositoryHome): ReviewPort {
  const { octokit, owner, repo } = home;
  const name = `${owner}/${repo}`;
  return {
    broughtBy: (commit) =>
      attempt(`pull requests of commit ${commit} in ${name}`, async () => {
        const { data } = await octokit.request(
          "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
          { owner, repo, commit_sha: commit },
        );
        const pull = data.find(({ merged_at: mergedAt }) => mergedAt !== null);
        return pull && toReviewed(pull);
      }),
    openPull: (branch) =>
      attempt(`pull requests of ${name}`, async () => {
        const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls", {
          owner,
          repo,
          head: `${owner}:${branch}`,
          state: "open",
          per_page: 1,
        });
        return data[0] && toReviewed(data[0]);
      }),
    comments: (pull) =>
      attempt(`comments of ${name}#${pull}`, async (): Promise<readonly PullComment[]> => {
        const { data } = await octokit.request(
          "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
          { owner, repo, issue_number: pull, per_page: MAX_COMMENTS },
        );
        return data.map((comment) => ({
          author: comment.user?.login ?? "",
          body: comment.body ?? "",
          trusted: TRUSTED.includes(comment.author_association ?? ""),
        }));
      }),
    checks: (commit) =>
      attempt(`checks of ${commit} in ${name}`, async (): Promise<readonly CheckResult[]> => {
        const { data } = await octokit.request(
          "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
          {
            owner,
            repo,
            ref: commit,
            filter: "latest",
            per_page: MAX_CHECKS,
          },
        );
        return data.check_runs.map((check) => ({
          name: check.name,
          conclusion: check.conclusion ?? undefined,
        }));
      }),
    enableAutoMerge: (pull, method) => enableAutoMerge(home, pull, method),
    disableAutoMerge: (pull) =>
      attempt(`auto-merge of ${name}#${pull.number}`, async () => {
        await octokit.graphql(DISABLE, { id: pull.nodeId });
      }),
  };
}

/** GitHub's refusals are answers: auto-merge switched off, or nothing that holds the pull request back. */
async function enableAutoMerge(
  { octokit, owner, repo }: RepositoryHome,
  pull: ReviewedPull,
  method: MergeMethod,
): Promise<string | undefined> {
  return attempt(`auto-merge of ${owner}/${repo}#${pull.number}`, async () => {
    try {
      await octokit.graphql(ENABLE, { id: pull.nodeId, mergeMethod: method.toUpperCase() });
      return undefined;
    } catch (thrown) {
      const error = toError(thrown);
      if (error.name === "GraphqlResponseError") return error.message.split("\n").at(-1)?.trim();
      throw error;
    }
  });
}

type WireReviewedPull = WirePull & {
  readonly node_id: string;
  readonly user: { readonly login: string } | null;
  readonly auto_merge: { readonly merge_method: string } | null;
};

function toReviewed(pull: WireReviewedPull): ReviewedPull {
  const method = pull.auto_merge?.merge_method;
  return {
    ...toPullRequest(pull),
    labels: (pull.labels ?? []).flatMap((label) => label.name ?? []),
    author: pull.user?.login ?? "",
    autoMerge: METHODS.find((one) => one === method),
    nodeId: pull.node_id,
  };
}

const METHODS: readonly MergeMethod[] = ["squash", "merge", "rebase"];
