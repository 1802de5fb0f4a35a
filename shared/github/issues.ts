import type { Issue, IssueTracker } from "../quarantine/ports.ts";
import { boundedBody } from "./body.ts";
import type { GitHubClient } from "./client.ts";
import { attempt } from "./errors.ts";

export interface RepositoryHome {
  readonly octokit: GitHubClient;
  readonly owner: string;
  readonly repo: string;
}

export interface IssueTrackerOptions extends RepositoryHome {
  /** Our own login: an issue of somebody else that quotes a marker is not ours. */
  readonly author?: string | (() => Promise<string>);
}

/** Every issue of ours has it, so that one list finds them all. */
const LABEL = "fleetwright";

const PAGE_SIZE = 100;
/** 1,000 issues, newest first: a cause that is older has been silent for long. */
const MAX_PAGES = 10;

/**
 * GitHub may answer 502 after it did what it was asked. What makes something new is not sent again by
 * the client: whoever asked looks first whether it is there.
 */
const ONCE = { retries: 0 };

interface WireIssue {
  readonly number: number;
  readonly title: string;
  readonly body?: string | null;
  readonly state: string;
  readonly html_url: string;
  readonly user: { readonly login: string } | null;
  readonly pull_request?: object;
}

export function createIssueTracker(options: IssueTrackerOptions): IssueTracker {
  const { octokit, owner, repo } = options;
  const home = { owner, repo };
  const issue = (number: number) => `issue ${owner}/${repo}#${number}`;
  return {
    findByMarker: (marker) =>
      attempt(`issues of ${owner}/${repo}`, () => findByMarker(options, marker)),
    open: ({ title, body, labels }) =>
      attempt(`a new issue in ${owner}/${repo}`, async () => {
        const response = await octokit.request("POST /repos/{owner}/{repo}/issues", {
          ...home,
          title,
          body: boundedBody(body),
          labels: [...new Set([LABEL, ...labels])],
          request: ONCE,
        });
        return toIssue(response.data);
      }),
    async update(number, { body, ...change }) {
      await attempt(issue(number), () =>
        octokit.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
          ...home,
          issue_number: number,
          ...change,
          ...(body === undefined ? {} : { body: boundedBody(body) }),
        }),
      );
    },
    async comment(number, body) {
      await attempt(issue(number), () =>
        octokit.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
          ...home,
          issue_number: number,
          body: boundedBody(body),
          request: ONCE,
        }),
      );
    },
  };
}

/** Lists instead of searching: GitHub's search learns of a new issue only after a while. */
async function findByMarker(
  { octokit, owner, repo, author }: IssueTrackerOptions,
  marker: string,
): Promise<readonly Issue[]> {
  const login = typeof author === "function" ? await author() : author;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const response = await octokit.request("GET /repos/{owner}/{repo}/issues", {
      owner,
      repo,
      labels: LABEL,
      state: "all",
      sort: "created",
      direction: "desc",
      per_page: PAGE_SIZE,
      page,
    });
    const issues: readonly WireIssue[] = response.data;
    const found = issues.filter((candidate) => isOurs(candidate, marker, login));
    // What was opened twice was opened at about the same time, and so stands on one page.
    if (found.length > 0) return found.map(toIssue).toReversed();
    if (issues.length < PAGE_SIZE) return [];
  }
  return [];
}

function isOurs(issue: WireIssue, marker: string, author: string | undefined): boolean {
  return (
    issue.pull_request === undefined &&
    (issue.body ?? "").includes(marker) &&
    (author === undefined || issue.user?.login === author)
  );
}

function toIssue(issue: WireIssue): Issue {
  return {
    number: issue.number,
    title: issue.title,
    body: issue.body ?? "",
    state: issue.state === "closed" ? "closed" : "open",
    url: issue.html_url,
  };
}
