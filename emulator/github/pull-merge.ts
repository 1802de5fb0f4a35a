import { z } from "zod";
import type { WireReply } from "../service.ts";
import {
  callingActor,
  inRepository,
  json,
  noContent,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { conflict, GitHubError, notFound } from "./errors.ts";
import { commitsBetween } from "./history.ts";
import { emailOf, fullName } from "./hub.ts";
import type { Actor, Hub, PullThread, Repository } from "./hub.ts";
import { webFlowSignature } from "./pull-request.ts";
import { moveRef } from "./refs.ts";
import { requirePull, setState } from "./threads.ts";

const Merge = z.object({
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
  sha: z.string().optional(),
  merge_method: z.enum(["merge", "squash", "rebase"]).default("merge"),
});
export type MergeInput = z.output<typeof Merge>;

async function mergePull(call: RepositoryCall): Promise<WireReply> {
  const thread = requirePull(call);
  const input = readBody(call, Merge);
  requireMergeable(thread, input);
  const sha = await merge({ ...call, by: callingActor(call) }, thread, input);
  return json(200, { sha, merged: true, message: "Pull Request successfully merged" });
}

export interface Merging {
  readonly hub: Hub;
  readonly repository: Repository;
  readonly by: Actor;
}

/** Merges a pull request that may be merged. @returns the commit that it became */
export async function merge(
  merging: Merging,
  thread: PullThread,
  input: MergeInput,
): Promise<string> {
  const sha = await writeMerge(merging, thread, input);
  const { hub, repository, by } = merging;
  const { pull } = thread;
  setState(hub, thread, "closed", by);
  Object.assign(pull, { mergedAt: hub.now(), mergedBy: by, mergeable: undefined });
  pull.mergeCommitSha = sha;
  thread.updatedAt = hub.now();
  await repository.git.deleteRef(`refs/pull/${thread.number}/merge`);
  await moveRef(hub, repository, `refs/heads/${pull.base}`, sha);
  return sha;
}

function requireMergeable(thread: PullThread, input: MergeInput): void {
  const { pull } = thread;
  if (input.sha !== undefined && input.sha !== pull.headSha) {
    throw conflict("Head branch was modified. Review and try the merge again.");
  }
  if (input.merge_method === "rebase") {
    throw new GitHubError(405, "Rebase merges are not allowed on this repository.");
  }
  if (pull.draft) throw new GitHubError(405, "Pull Request is still a draft");
  if (thread.state === "closed" || pull.mergeable !== true) {
    throw new GitHubError(405, "Pull Request is not mergeable");
  }
}

async function writeMerge(
  { hub, repository, by }: Merging,
  thread: PullThread,
  input: MergeInput,
): Promise<string> {
  const { git, owner } = repository;
  const { pull } = thread;
  const committer = webFlowSignature(hub);
  const merged = await git.merge(pull.baseSha, pull.headSha, committer);
  if (merged.kind === "conflict") throw new GitHubError(405, "Pull Request is not mergeable");
  const tree = merged.kind === "merged" ? merged.tree : (await git.readCommit(pull.headSha)).tree;
  const author = { name: by.login, email: emailOf(by), timestamp: committer.timestamp };
  const squash = input.merge_method === "squash";
  const from = `${owner.login}/${pull.headBranch}`;
  const title =
    input.commit_title ??
    (squash
      ? `${thread.title} (#${thread.number})`
      : `Merge pull request #${thread.number} from ${from}`);
  const text =
    input.commit_message ?? (squash ? await squashMessage(repository, thread) : thread.title);
  return git.writeCommit({
    tree,
    parents: squash ? [pull.baseSha] : [pull.baseSha, pull.headSha],
    message: text === "" ? title : `${title}\n\n${text}`,
    author,
    committer,
  });
}

async function squashMessage(repository: Repository, thread: PullThread): Promise<string> {
  const { headSha, baseSha } = thread.pull;
  const commits = await commitsBetween(repository.git, headSha, baseSha);
  if (commits.length === 1) return commits[0]?.message.split("\n").slice(2).join("\n") ?? "";
  return commits
    .toReversed()
    .map((commit) => `* ${commit.message}`)
    .join("\n\n");
}

function isMerged(call: RepositoryCall): WireReply {
  if (requirePull(call).pull.mergedAt === undefined) throw notFound();
  return noContent;
}

/** Brings the base into the head branch, as the button "Update branch" does. */
async function updateBranch(call: RepositoryCall): Promise<WireReply> {
  const thread = requirePull(call);
  const { pull } = thread;
  const { git } = call.repository;
  const committer = webFlowSignature(call.hub);
  const merge = await git.merge(pull.headSha, pull.baseSha, committer);
  if (merge.kind === "conflict") throw new GitHubError(422, "merge conflict between base and head");
  if (merge.kind === "up-to-date") {
    throw new GitHubError(422, "There are no new commits on the base branch.");
  }
  const sha = await git.writeCommit({
    tree: merge.tree,
    parents: [pull.headSha, pull.baseSha],
    message: `Merge branch '${pull.base}' into ${pull.headBranch}`,
    author: committer,
    committer,
  });
  await moveRef(call.hub, call.repository, `refs/heads/${pull.headBranch}`, sha);
  const url = `${call.base}/repos/${fullName(call.repository)}/pulls/${thread.number}`;
  return json(202, { message: "Updating pull request branch.", url });
}

export const pullMergeRoutes: readonly Route[] = [
  inRepository("PUT", "pulls/{number}/merge", "contents:write", mergePull),
  inRepository("GET", "pulls/{number}/merge", "contents:read", isMerged),
  inRepository("PUT", "pulls/{number}/update-branch", "pull_requests:write", updateBranch),
];
