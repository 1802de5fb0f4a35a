import type { components } from "@octokit/openapi-types";
import { actorOfEmail, nodeId, renderActor } from "./actor.ts";
import { inRepository, json, param, type RepositoryCall, type Route } from "./call.ts";
import { notFound, unprocessable } from "./errors.ts";
import type { Commit, GitStore, Signature } from "./git-store.ts";
import { commitsBetween, commitsOfPath } from "./history.ts";
import { MAX_COMPARED_FILES } from "./limits.ts";
import { diffLines } from "./line-diff.ts";
import { listReply, pageOf } from "./paging.ts";
import { diffTrees, type FileChange } from "./trees.ts";
import { fullName, timestamp } from "./hub.ts";

type CommitBody = components["schemas"]["commit"];
type DiffEntry = components["schemas"]["diff-entry"];

/** The commit that a ref, branch or SHA of the caller means. */
export async function requireCommit(call: RepositoryCall, ref: string): Promise<Commit> {
  const oid = await call.repository.git.resolve(ref);
  if (oid === undefined) throw unprocessable(`No commit found for SHA: ${ref}`);
  return call.repository.git.readCommit(oid);
}

export function renderSignature(signature: Signature): {
  name: string;
  email: string;
  date: string;
} {
  return {
    name: signature.name,
    email: signature.email,
    date: timestamp(signature.timestamp * 1_000),
  };
}

export const unsigned = {
  verified: false,
  reason: "unsigned",
  signature: null,
  payload: null,
  verified_at: null,
} as const;

export function htmlUrl(call: RepositoryCall, rest = ""): string {
  return `${call.base}/${fullName(call.repository)}${rest}`;
}

export function renderCommit(call: RepositoryCall, commit: Commit): CommitBody {
  const { oid } = commit;
  const attributed = (signature: Signature): CommitBody["author"] => {
    const actor = actorOfEmail(call.hub, signature.email);
    return actor === undefined ? null : renderActor(call, actor);
  };
  return {
    url: `${call.url}/commits/${oid}`,
    sha: oid,
    node_id: nodeId("Commit", oid),
    html_url: htmlUrl(call, `/commit/${oid}`),
    comments_url: `${call.url}/commits/${oid}/comments`,
    commit: {
      url: `${call.url}/git/commits/${oid}`,
      author: renderSignature(commit.author),
      committer: renderSignature(commit.committer),
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${call.url}/git/trees/${commit.tree}` },
      verification: unsigned,
    },
    author: attributed(commit.author),
    committer: attributed(commit.committer),
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${call.url}/commits/${sha}`,
      html_url: htmlUrl(call, `/commit/${sha}`),
    })),
  };
}

/** Files that differ, with counts and patches. */
export async function changedFiles(
  call: RepositoryCall,
  before: string | undefined,
  after: string,
): Promise<DiffEntry[]> {
  const changes = await diffTrees(call.repository.git, before, after);
  return Promise.all(
    changes.slice(0, MAX_COMPARED_FILES).map((change) => renderChange(call, change, after)),
  );
}

async function renderChange(
  call: RepositoryCall,
  change: FileChange,
  commit: string,
): Promise<DiffEntry> {
  const { git } = call.repository;
  const diff = diffLines(
    await blobOrEmpty(git, change.before),
    await blobOrEmpty(git, change.after),
  );
  const path = encodeURI(change.path);
  return {
    sha: change.after ?? change.before ?? null,
    filename: change.path,
    status: change.status,
    additions: diff.additions,
    deletions: diff.deletions,
    changes: diff.additions + diff.deletions,
    blob_url: htmlUrl(call, `/blob/${commit}/${path}`),
    raw_url: htmlUrl(call, `/raw/${commit}/${path}`),
    contents_url: `${call.url}/contents/${path}?ref=${commit}`,
    ...(diff.patch === undefined ? {} : { patch: diff.patch }),
  };
}

async function blobOrEmpty(git: GitStore, oid: string | undefined): Promise<Buffer> {
  return oid === undefined ? Buffer.alloc(0) : git.readBlob(oid);
}

async function listCommits(call: RepositoryCall): ReturnType<typeof listReply> {
  const { git, defaultBranch } = call.repository;
  const ref = call.query.get("sha") ?? defaultBranch;
  const from = await git.resolve(ref);
  if (from === undefined) throw notFound();
  const path = call.query.get("path");
  const commits =
    path === undefined ? await commitsBetween(git, from) : await commitsOfPath(git, from, path);
  const chosen = commits.filter((commit) => isWanted(call, commit));
  return listReply(call, chosen, (commit) => renderCommit(call, commit));
}

function isWanted(call: RepositoryCall, commit: Commit): boolean {
  const author = call.query.get("author");
  const since = call.query.get("since");
  const until = call.query.get("until");
  const at = commit.committer.timestamp * 1_000;
  if (since !== undefined && at < Date.parse(since)) return false;
  if (until !== undefined && at > Date.parse(until)) return false;
  if (author === undefined) return true;
  const login = actorOfEmail(call.hub, commit.author.email)?.login;
  return [commit.author.email, login].includes(author);
}

async function getCommit(call: RepositoryCall): Promise<ReturnType<typeof json>> {
  const commit = await requireCommit(call, param(call, "ref"));
  const files = await changedFiles(call, commit.parents[0], commit.oid);
  const sum = (key: "additions" | "deletions"): number =>
    files.reduce((total, file) => total + file[key], 0);
  const stats = {
    additions: sum("additions"),
    deletions: sum("deletions"),
    total: sum("additions") + sum("deletions"),
  };
  return json(200, { ...renderCommit(call, commit), stats, files } satisfies CommitBody);
}

async function compare(call: RepositoryCall): Promise<ReturnType<typeof json>> {
  const [baseRef, headRef] = param(call, "basehead").split("...");
  if (baseRef === undefined || headRef === undefined) throw notFound();
  const { git } = call.repository;
  const base = await git.resolve(withoutOwner(baseRef));
  const head = await git.resolve(withoutOwner(headRef));
  if (base === undefined || head === undefined) throw notFound();
  const mergeBase = await git.mergeBase(base, head);
  if (mergeBase === undefined) {
    throw notFound(`No common ancestor between ${baseRef} and ${headRef}.`);
  }
  const ahead = await commitsBetween(git, head, base);
  const behind = await commitsBetween(git, base, head);
  const page = pageOf(call, ahead.toReversed());
  const web = htmlUrl(call, `/compare/${base}...${head}`);
  const body = {
    url: `${call.url}/compare/${baseRef}...${headRef}`,
    html_url: web,
    permalink_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    base_commit: renderCommit(call, await git.readCommit(base)),
    merge_base_commit: renderCommit(call, await git.readCommit(mergeBase)),
    status: comparisonStatus(ahead.length, behind.length),
    ahead_by: ahead.length,
    behind_by: behind.length,
    total_commits: ahead.length,
    commits: page.items.map((commit) => renderCommit(call, commit)),
    files: await changedFiles(call, mergeBase, head),
  } satisfies components["schemas"]["commit-comparison"];
  return json(200, body, page.headers);
}

function withoutOwner(ref: string): string {
  return ref.includes(":") ? ref.slice(ref.indexOf(":") + 1) : ref;
}

function comparisonStatus(
  ahead: number,
  behind: number,
): "ahead" | "behind" | "diverged" | "identical" {
  if (ahead > 0) return behind > 0 ? "diverged" : "ahead";
  return behind > 0 ? "behind" : "identical";
}

export const commitRoutes: readonly Route[] = [
  inRepository("GET", "commits", "contents:read", listCommits),
  inRepository("GET", "commits/{ref*}", "contents:read", getCommit),
  inRepository("GET", "compare/{basehead*}", "contents:read", compare),
];
