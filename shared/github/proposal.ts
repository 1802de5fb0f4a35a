import { FleetwrightError } from "../core/errors.ts";
import type { Proposal, PullRequest } from "../promotion/ports.ts";
import { boundedBody } from "./body.ts";
import { attempt, hasStatus, unlessMissing } from "./errors.ts";
import type { RepositoryHome } from "./issues.ts";

export interface WirePull {
  readonly number: number;
  readonly html_url: string;
  readonly state: string;
  readonly merged_at?: string | null;
  readonly title: string;
  readonly body: string | null;
  readonly head: { readonly sha: string };
  readonly labels?: readonly { readonly name?: string }[];
}

export interface OpenPull {
  readonly pull: PullRequest;
  readonly labels: readonly string[];
}

/** The open pull request of a branch of this repository; GitHub allows one per branch and base. */
export async function findOpenPull(
  { octokit, owner, repo }: RepositoryHome,
  branch: string,
): Promise<OpenPull | undefined> {
  const response = await attempt(`pull requests of ${owner}/${repo}`, () =>
    octokit.request("GET /repos/{owner}/{repo}/pulls", {
      owner,
      repo,
      head: `${owner}:${branch}`,
      state: "open",
      per_page: 1,
    }),
  );
  const pull: WirePull | undefined = response.data[0];
  return (
    pull && {
      pull: toPullRequest(pull),
      labels: (pull.labels ?? []).flatMap((label) => label.name ?? []),
    }
  );
}

/**
 * Opens the pull request of a proposal by git data: the branch appears complete, with one commit for any
 * number of files. A branch that an earlier, closed pull request left behind starts anew.
 */
export async function openPull(
  home: RepositoryHome,
  base: string,
  proposal: Proposal,
): Promise<PullRequest> {
  const { octokit, owner, repo } = home;
  return attempt(`pull request ${proposal.branch} of ${owner}/${repo}`, async () => {
    const start = await readCommit(home, base);
    if (await hasChanged(home, proposal, proposal.basedOn, start.sha))
      throw overtaken(proposal, base);
    const tree = await createTree(home, start.tree, proposal.files);
    if (tree === start.tree) throw nothingToPropose(proposal.branch, base);
    const commit = await createCommit(home, proposal.title, tree, start.sha);
    await placeBranch(home, proposal.branch, commit);
    const response = await octokit.request("POST /repos/{owner}/{repo}/pulls", {
      owner,
      repo,
      head: proposal.branch,
      base,
      title: proposal.title,
      body: boundedBody(proposal.body),
    });
    const pull = toPullRequest(response.data);
    await addLabels(home, pull.number, proposal.labels);
    return pull;
  });
}

/**
 * Brings the open pull request up to date; sends only what differs, and says whether anything did. Its
 * branch begins anew when the base changed a proposed file since: the two might conflict.
 */
export async function updatePull(
  home: RepositoryHome,
  base: string,
  open: OpenPull,
  proposal: Proposal,
): Promise<{ readonly pullRequest: PullRequest; readonly changed: boolean }> {
  const { owner, repo } = home;
  return attempt(`pull request ${owner}/${repo}#${open.pull.number}`, async () => {
    const newer = await overtakenBy(home, base, open.pull.headSha, proposal);
    const commit = newer
      ? await rebuildBranch(home, newer, proposal)
      : await commitDifferences(home, open.pull.headSha, proposal);
    const text = await updateText(home, open.pull, proposal);
    const missing = proposal.labels.filter((label) => !open.labels.includes(label));
    await addLabels(home, open.pull.number, missing);
    return {
      pullRequest: { ...open.pull, ...text, ...(commit && { headSha: commit }) },
      changed: commit !== undefined || text !== undefined || missing.length > 0,
    };
  });
}

/** A text file at a commit, or undefined. */
export async function readText(
  { octokit, owner, repo }: RepositoryHome,
  commit: string,
  path: string,
): Promise<string | undefined> {
  const response = await unlessMissing(`${owner}/${repo}/${path}`, () =>
    octokit.request("GET /repos/{owner}/{repo}/contents/{path}", {
      owner,
      repo,
      path,
      ref: commit,
    }),
  );
  if (response === undefined) return undefined;
  const file: unknown = response.data;
  if (!isInlineFile(file)) {
    throw new FleetwrightError("invalid-declaration", `${path} is not a text file below 1 MB`, {
      subject: path,
    });
  }
  return Buffer.from(file.content, "base64").toString("utf8");
}

/** The contents API gives a folder as a list, and a file above 1 MB without its content. */
function isInlineFile(file: unknown): file is { readonly content: string } {
  return (
    typeof file === "object" &&
    file !== null &&
    "content" in file &&
    "encoding" in file &&
    file.encoding === "base64"
  );
}

/** The base's head, when it says something else of a proposed file than where the branch began. */
async function overtakenBy(
  home: RepositoryHome,
  base: string,
  head: string,
  proposal: Proposal,
): Promise<string | undefined> {
  const { octokit, owner, repo } = home;
  const { data } = await octokit.request("GET /repos/{owner}/{repo}/compare/{basehead}", {
    owner,
    repo,
    basehead: `${base}...${head}`,
    // Asked for where the two stand; their commits are of no interest.
    per_page: 1,
  });
  const [begun, newest] = [data.merge_base_commit.sha, data.base_commit.sha];
  // Whoever stalled must not write over what was proposed or merged meanwhile.
  if (await hasChanged(home, proposal, proposal.basedOn, newest)) throw overtaken(proposal, base);
  return (await hasChanged(home, proposal, begun, newest)) ? newest : undefined;
}

/** Does one commit say something else of a proposed file than the other? */
async function hasChanged(
  home: RepositoryHome,
  { files }: Proposal,
  before: string,
  after: string,
): Promise<boolean> {
  if (before === after) return false;
  const changed = await Promise.all(
    Object.keys(files).map(
      async (path) => (await readText(home, before, path)) !== (await readText(home, after, path)),
    ),
  );
  return changed.includes(true);
}

async function rebuildBranch(
  home: RepositoryHome,
  base: string,
  proposal: Proposal,
): Promise<string> {
  const { tree } = await readCommit(home, base);
  const changed = await createTree(home, tree, proposal.files);
  if (changed === tree) throw nothingToPropose(proposal.branch, base);
  const commit = await createCommit(home, proposal.title, changed, base);
  await moveBranch(home, proposal.branch, commit, true);
  return commit;
}

async function commitDifferences(
  home: RepositoryHome,
  head: string,
  proposal: Proposal,
): Promise<string | undefined> {
  const paths = Object.keys(proposal.files);
  const texts = await Promise.all(paths.map((path) => readText(home, head, path)));
  if (paths.every((path, index) => texts[index] === proposal.files[path])) return undefined;
  const { tree } = await readCommit(home, head);
  const changed = await createTree(home, tree, proposal.files);
  const commit = await createCommit(home, proposal.title, changed, head);
  await moveBranch(home, proposal.branch, commit, false);
  return commit;
}

async function updateText(
  { octokit, owner, repo }: RepositoryHome,
  pull: PullRequest,
  proposal: Proposal,
): Promise<{ readonly title: string; readonly body: string } | undefined> {
  const { title } = proposal;
  const body = boundedBody(proposal.body);
  // GitHub stores what it is given, but browsers send \r\n.
  if (pull.title === title && pull.body.replaceAll("\r\n", "\n") === body) return undefined;
  await octokit.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
    owner,
    repo,
    pull_number: pull.number,
    title,
    body,
  });
  return { title, body };
}

async function readCommit(
  { octokit, owner, repo }: RepositoryHome,
  ref: string,
): Promise<{ readonly sha: string; readonly tree: string }> {
  const { data } = await octokit.request("GET /repos/{owner}/{repo}/commits/{ref}", {
    owner,
    repo,
    ref,
  });
  return { sha: data.sha, tree: data.commit.tree.sha };
}

async function createTree(
  { octokit, owner, repo }: RepositoryHome,
  base: string,
  files: Proposal["files"],
): Promise<string> {
  const tree = Object.entries(files).map(
    ([path, content]) => ({ path, content, mode: "100644", type: "blob" }) as const,
  );
  const { data } = await octokit.request("POST /repos/{owner}/{repo}/git/trees", {
    owner,
    repo,
    base_tree: base,
    tree,
  });
  return data.sha;
}

async function createCommit(
  { octokit, owner, repo }: RepositoryHome,
  message: string,
  tree: string,
  parent: string,
): Promise<string> {
  const { data } = await octokit.request("POST /repos/{owner}/{repo}/git/commits", {
    owner,
    repo,
    message,
    tree,
    parents: [parent],
  });
  return data.sha;
}

async function placeBranch(home: RepositoryHome, branch: string, commit: string): Promise<void> {
  const { octokit, owner, repo } = home;
  const ref = `refs/heads/${branch}`;
  try {
    await octokit.request("POST /repos/{owner}/{repo}/git/refs", { owner, repo, ref, sha: commit });
  } catch (error) {
    // "Reference already exists": nobody has an open pull request on it, so nobody's work is lost.
    if (!hasStatus(error, 422)) throw error;
    await moveBranch(home, branch, commit, true);
  }
}

async function moveBranch(
  { octokit, owner, repo }: RepositoryHome,
  branch: string,
  commit: string,
  force: boolean,
): Promise<void> {
  await octokit.request("PATCH /repos/{owner}/{repo}/git/refs/{ref}", {
    owner,
    repo,
    ref: `heads/${branch}`,
    sha: commit,
    force,
  });
}

async function addLabels(
  { octokit, owner, repo }: RepositoryHome,
  number: number,
  labels: readonly string[],
): Promise<void> {
  if (labels.length === 0) return;
  await octokit.request("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", {
    owner,
    repo,
    issue_number: number,
    labels: [...labels],
  });
}

function overtaken({ branch, basedOn }: Proposal, base: string): FleetwrightError {
  return new FleetwrightError("conflict", `${base} has changed what ${branch} proposes to change`, {
    subject: basedOn,
    remedy: "the next look proposes it anew",
  });
}

function nothingToPropose(branch: string, base: string): FleetwrightError {
  return new FleetwrightError("conflict", `${base} already says what ${branch} would propose`, {
    subject: branch,
  });
}

export function toPullRequest(pull: WirePull): PullRequest {
  const closed = pull.merged_at ? "merged" : "closed";
  return {
    number: pull.number,
    url: pull.html_url,
    state: pull.state === "open" ? "open" : closed,
    headSha: pull.head.sha,
    title: pull.title,
    body: pull.body ?? "",
  };
}
