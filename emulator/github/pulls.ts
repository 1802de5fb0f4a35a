import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId, renderActor, renderLogins } from "./actor.ts";
import {
  callingActor,
  inRepository,
  json,
  param,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { changedFiles, htmlUrl, renderCommit, requireCommit } from "./commits.ts";
import { invalid } from "./errors.ts";
import { commitsBetween } from "./history.ts";
import { isPull, optionalTimestamp, type PullPart, type PullThread, timestamp } from "./hub.ts";
import { renderLabels } from "./labels.ts";
import { listReply } from "./paging.ts";
import { openPulls, refreshPull } from "./pull-request.ts";
import { renderRepository } from "./repositories.ts";
import {
  commentCount,
  openThread,
  requireFittingText,
  requirePull,
  setState,
  sortThreads,
} from "./threads.ts";

export function renderPull(call: RepositoryCall, thread: PullThread): object {
  const { pull } = thread;
  const url = `${call.url}/pulls/${thread.number}`;
  const issue = `${call.url}/issues/${thread.number}`;
  const web = htmlUrl(call, `/pull/${thread.number}`);
  const assignees = renderLogins(call, thread.assignees);
  const merged = pull.mergedAt !== undefined;
  return {
    url,
    id: thread.id,
    node_id: nodeId("PullRequest", thread.id),
    html_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    issue_url: issue,
    number: thread.number,
    state: thread.state,
    locked: false,
    title: thread.title,
    user: renderActor(call, thread.user),
    body: thread.body,
    created_at: timestamp(thread.createdAt),
    updated_at: timestamp(thread.updatedAt),
    closed_at: optionalTimestamp(thread.closedAt),
    merged_at: optionalTimestamp(pull.mergedAt),
    merge_commit_sha: pull.mergeCommitSha,
    assignee: assignees[0] ?? null,
    assignees,
    requested_reviewers: renderLogins(call, pull.requestedReviewers),
    requested_teams: [],
    labels: renderLabels(call, thread),
    milestone: null,
    draft: pull.draft,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${call.url}/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: `${call.url}/statuses/${pull.headSha}`,
    head: renderEnd(call, pull.headBranch, pull.headSha),
    base: renderEnd(call, pull.base, pull.baseSha),
    _links: { self: { href: url }, html: { href: web }, issue: { href: issue } },
    author_association: "COLLABORATOR",
    auto_merge: pull.autoMerge === undefined ? null : { merge_method: pull.autoMerge.method },
    active_lock_reason: null,
    merged,
    mergeable: pull.mergeable ?? null,
    rebaseable: pull.mergeable ?? null,
    mergeable_state: mergeableState(pull),
    merged_by: pull.mergedBy === undefined ? null : renderActor(call, pull.mergedBy),
    comments: commentCount(call.repository, thread),
    review_comments: 0,
    maintainer_can_modify: false,
  };
}

function renderEnd(call: RepositoryCall, ref: string, sha: string): object {
  const { owner } = call.repository;
  return {
    label: `${owner.login}:${ref}`,
    ref,
    sha,
    user: renderActor(call, owner),
    repo: renderRepository(call),
  };
}

function mergeableState(pull: PullPart): string {
  if (pull.mergeable === undefined) return "unknown";
  if (!pull.mergeable) return "dirty";
  return pull.draft ? "draft" : "clean";
}

/** With the counts that only a single pull request shows. */
async function renderWholePull(call: RepositoryCall, thread: PullThread): Promise<object> {
  const files = await pullFiles(call, thread);
  const sum = (key: "additions" | "deletions"): number =>
    files.reduce((total, file) => total + file[key], 0);
  const { pull } = thread;
  const commits = await commitsBetween(call.repository.git, pull.headSha, pull.baseSha);
  return {
    ...renderPull(call, thread),
    commits: commits.length,
    additions: sum("additions"),
    deletions: sum("deletions"),
    changed_files: files.length,
  };
}

/** A merged pull request keeps showing what it brought: `baseSha` stays at the base before the merge. */
async function pullFiles(
  call: RepositoryCall,
  thread: PullThread,
): ReturnType<typeof changedFiles> {
  const { baseSha, headSha } = thread.pull;
  const base = await call.repository.git.mergeBase(baseSha, headSha);
  return changedFiles(call, base, headSha);
}

function listPulls(call: RepositoryCall): Promise<WireReply> {
  const { query } = call;
  const state = query.get("state") ?? "open";
  const head = query.get("head");
  const base = query.get("base");
  const owner = call.repository.owner.login;
  const pulls = [...call.repository.threads.values()].filter(isPull).filter(
    ({ pull, ...thread }) =>
      (state === "all" || thread.state === state) &&
      // GitHub ignores a `head` without its owner.
      (head === undefined || !head.includes(":") || head === `${owner}:${pull.headBranch}`) &&
      (base === undefined || base === pull.base),
  );
  return listReply(call, sortThreads(call, pulls), (pull) => renderPull(call, pull));
}

const NewPull = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
});

async function createPull(call: RepositoryCall): Promise<WireReply> {
  const input = readBody(call, NewPull);
  requireFittingText("PullRequest", input);
  const { hub, repository } = call;
  const { headBranch, headSha, baseSha } = await endsOf(call, input.head, input.base);
  const pull: PullPart = {
    headBranch,
    base: input.base,
    draft: input.draft,
    headSha,
    baseSha,
    mergeable: undefined,
    mergeCommitSha: null,
    mergedAt: undefined,
    mergedBy: undefined,
    reviews: [],
    requestedReviewers: [],
    autoMerge: undefined,
  };
  const { title } = input;
  const thread = openThread(hub, repository, callingActor(call), {
    title,
    body: input.body ?? null,
    pull,
  });
  const opened: PullThread = Object.assign(thread, { pull });
  await refreshPull(hub, repository, opened);
  return json(201, await renderWholePull(call, opened), {
    location: `${call.url}/pulls/${opened.number}`,
  });
}

/** Head and base of a new pull request, or GitHub's reason why there can be none. */
async function endsOf(
  call: RepositoryCall,
  head: string,
  base: string,
): Promise<{ headBranch: string; headSha: string; baseSha: string }> {
  const { git, owner } = call.repository;
  const resource = "PullRequest";
  const [from, named] = head.includes(":") ? head.split(":") : [owner.login, head];
  const headBranch = (named ?? "").replace(/^refs\/heads\//, "");
  const headSha =
    from?.toLowerCase() === owner.login.toLowerCase()
      ? await git.readRef(`refs/heads/${headBranch}`)
      : undefined;
  if (headSha === undefined) throw invalid({ resource, code: "invalid", field: "head" });
  const baseSha = await git.readRef(`refs/heads/${base}`);
  if (baseSha === undefined) throw invalid({ resource, code: "invalid", field: "base" });
  const custom = (message: string): Error => invalid({ resource, code: "custom", message });
  const twin = openPulls(call.repository).some(
    ({ pull }) => pull.headBranch === headBranch && pull.base === base,
  );
  if (twin) throw custom(`A pull request already exists for ${owner.login}:${headBranch}.`);
  if (await git.isAncestor(headSha, baseSha)) {
    throw custom(`No commits between ${base} and ${headBranch}`);
  }
  return { headBranch, headSha, baseSha };
}

const PullChange = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  base: z.string().optional(),
});

async function updatePull(call: RepositoryCall): Promise<WireReply> {
  const thread = requirePull(call);
  const input = readBody(call, PullChange);
  requireFittingText("PullRequest", input);
  const { hub, repository } = call;
  if (input.base !== undefined) await changeBase(call, thread, input.base);
  if (input.state !== undefined && input.state !== thread.state) {
    if (input.state === "open") await requireReopenable(call, thread);
    setState(hub, thread, input.state, callingActor(call));
    thread.pull.mergeable = undefined;
  }
  thread.title = input.title ?? thread.title;
  if (input.body !== undefined) thread.body = input.body;
  thread.updatedAt = hub.now();
  if (thread.state === "open") await refreshPull(hub, repository, thread);
  return json(200, await renderWholePull(call, thread));
}

async function changeBase(call: RepositoryCall, thread: PullThread, base: string): Promise<void> {
  const sha = await call.repository.git.readRef(`refs/heads/${base}`);
  if (sha === undefined || thread.state === "closed") {
    throw invalid({ resource: "PullRequest", code: "invalid", field: "base" });
  }
  thread.pull.base = base;
}

async function requireReopenable(call: RepositoryCall, thread: PullThread): Promise<void> {
  const { headBranch, mergedAt } = thread.pull;
  const head = await call.repository.git.readRef(`refs/heads/${headBranch}`);
  if (mergedAt === undefined && head !== undefined) return;
  const message =
    mergedAt === undefined
      ? `state cannot be changed. The ${headBranch} branch has been deleted.`
      : "state cannot be changed. The pull request has been merged.";
  throw invalid({ resource: "PullRequest", code: "custom", field: "state", message });
}

async function listPullCommits(call: RepositoryCall): Promise<WireReply> {
  const { pull } = requirePull(call);
  const commits = await commitsBetween(call.repository.git, pull.headSha, pull.baseSha);
  return listReply(call, commits.toReversed(), (commit) => renderCommit(call, commit));
}

/** The pull requests that brought a commit to their base branch, or are about to. */
async function listPullsOfCommit(call: RepositoryCall): Promise<WireReply> {
  const { oid } = await requireCommit(call, param(call, "ref"));
  const { git, threads } = call.repository;
  const found: PullThread[] = [];
  for (const thread of [...threads.values()].filter(isPull)) {
    const { headSha, baseSha, mergedAt, mergeCommitSha } = thread.pull;
    const isMerge = mergedAt !== undefined && mergeCommitSha === oid;
    const commits = isMerge ? [] : await commitsBetween(git, headSha, baseSha);
    if (isMerge || commits.some((commit) => commit.oid === oid)) found.push(thread);
  }
  return listReply(call, found.toReversed(), (thread) => renderPull(call, thread));
}

export const pullRoutes: readonly Route[] = [
  inRepository("GET", "pulls", "pull_requests:read", listPulls),
  inRepository("POST", "pulls", "pull_requests:write", createPull),
  inRepository("GET", "pulls/{number}", "pull_requests:read", async (call) =>
    json(200, await renderWholePull(call, requirePull(call))),
  ),
  inRepository("GET", "commits/{ref*}/pulls", "pull_requests:read", listPullsOfCommit),
  inRepository("PATCH", "pulls/{number}", "pull_requests:write", updatePull),
  inRepository("GET", "pulls/{number}/files", "pull_requests:read", async (call) =>
    listReply(call, await pullFiles(call, requirePull(call)), (file) => file),
  ),
  inRepository("GET", "pulls/{number}/commits", "pull_requests:read", listPullCommits),
];
