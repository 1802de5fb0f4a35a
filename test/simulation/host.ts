import { createHash } from "node:crypto";
import { FleetwrightError } from "../../shared/core/errors.ts";
import type { DeclarationRepository, PullRequest } from "../../shared/promotion/ports.ts";
import type { Issue, IssueTracker } from "../../shared/quarantine/ports.ts";

type Files = readonly { readonly path: string; readonly text: string }[];

interface Commit {
  readonly sha: string;
  readonly files: Files;
}

export type Pull = PullRequest & { readonly branch: string; readonly files: Files };

/** The repository's host: commits, one branch per proposal, issues. */
export interface RepositoryHost {
  readonly repository: DeclarationRepository;
  readonly issues: IssueTracker;
  readonly allIssues: readonly Issue[];
  readonly pulls: readonly Pull[];
  merge(number: number): void;
  closeIssue(number: number): void;
}

export function createHost(files: Files): RepositoryHost {
  const commits: Commit[] = [commitOf(files, "")];
  const pulls: Pull[] = [];
  const allIssues: Issue[] = [];
  const head = (): Commit => commits.at(-1) as Commit;
  const at = (sha: string): Files => {
    const commit = commits.find((one) => one.sha === sha);
    if (!commit) throw new FleetwrightError("not-found", sha);
    return commit.files;
  };
  const repository: DeclarationRepository = {
    head: async () => head().sha,
    readDeclarations: async (sha) => at(sha),
    history: async (path, limit) =>
      commits
        .filter(
          (commit, index) =>
            textOf(commit.files, path) !== textOf(commits[index - 1]?.files ?? [], path),
        )
        .toReversed()
        .slice(0, limit)
        .map(({ sha }) => sha),
    readFile: async (sha, path) => textOf(at(sha), path),
    findProposal: async (branch) =>
      pulls.find((pull) => pull.branch === branch && pull.state === "open"),
    async propose({ branch, title, body, files: changed }) {
      const content = head().files.map(({ path, text }) => ({ path, text: changed[path] ?? text }));
      const open = pulls.findIndex((pull) => pull.branch === branch && pull.state === "open");
      const number = open >= 0 ? open + 1 : pulls.length + 1;
      const pull: Pull = {
        number,
        url: `pull/${number}`,
        state: "open",
        headSha: "",
        title,
        body,
        branch,
        files: content,
      };
      const before = JSON.stringify(pulls[number - 1]);
      pulls[number - 1] = pull;
      return { pullRequest: pull, changed: before !== JSON.stringify(pull) };
    },
  };
  const replace = (number: number, change: Partial<Issue>): void => {
    allIssues[number - 1] = { ...(allIssues[number - 1] as Issue), ...change };
  };
  const issues: IssueTracker = {
    findByMarker: async (marker) => allIssues.find(({ body }) => body.includes(marker)),
    async open({ title, body }) {
      const issue: Issue = { number: allIssues.length + 1, title, body, state: "open", url: "" };
      allIssues.push(issue);
      return issue;
    },
    update: async (number, change) => replace(number, change),
    comment: async () => {},
  };
  return {
    repository,
    issues,
    allIssues,
    pulls,
    merge(number) {
      const pull = pulls[number - 1] as Pull;
      pulls[number - 1] = { ...pull, state: "merged" };
      commits.push(commitOf(pull.files, head().sha));
    },
    closeIssue: (number) => replace(number, { state: "closed" }),
  };
}

function commitOf(files: Files, parent: string): Commit {
  const sha = createHash("sha1")
    .update(JSON.stringify([parent, files]))
    .digest("hex");
  return { sha, files };
}

function textOf(files: Files, path: string): string | undefined {
  return files.find((file) => file.path === path)?.text;
}
