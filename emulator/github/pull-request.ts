import { type Hub, isPull, type PullThread, type Repository } from "./hub.ts";

const webFlow = { name: "GitHub", email: "noreply@github.com" };

/** Who commits when GitHub itself makes a commit. */
export function webFlowSignature(hub: Hub): { name: string; email: string; timestamp: number } {
  return { ...webFlow, timestamp: Math.floor(hub.now() / 1_000) };
}

export function openPulls(repository: Repository): readonly PullThread[] {
  return [...repository.threads.values()].filter(isPull).filter((pull) => pull.state === "open");
}

/** Looks at head and base again: head commit, mergeability and the test merge (`refs/pull/N/merge`). */
export async function refreshPull(
  hub: Hub,
  repository: Repository,
  thread: PullThread,
): Promise<void> {
  const { git } = repository;
  const { pull } = thread;
  const head = await git.readRef(`refs/heads/${pull.headBranch}`);
  const base = await git.readRef(`refs/heads/${pull.base}`);
  if (head === undefined || base === undefined) return;
  pull.headSha = head;
  pull.baseSha = base;
  await git.writeRef(`refs/pull/${thread.number}/head`, head);
  const committer = webFlowSignature(hub);
  const result = await git.merge(base, head, committer);
  pull.mergeable = result.kind !== "conflict";
  pull.mergeCommitSha = null;
  if (result.kind !== "merged") return;
  pull.mergeCommitSha = await git.writeCommit({
    tree: result.tree,
    parents: [base, head],
    message: `Merge ${head} into ${base}`,
    author: committer,
    committer,
  });
  await git.writeRef(`refs/pull/${thread.number}/merge`, pull.mergeCommitSha);
}

/** What a moved or deleted branch means for the open pull requests. */
export async function refreshPullsOf(
  hub: Hub,
  repository: Repository,
  branch: string,
): Promise<void> {
  const gone = (await repository.git.readRef(`refs/heads/${branch}`)) === undefined;
  for (const thread of openPulls(repository)) {
    const { pull } = thread;
    if (pull.headBranch !== branch && pull.base !== branch) continue;
    if (gone) closeThread(hub, thread);
    else await refreshPull(hub, repository, thread);
    if (pull.headBranch === branch) thread.updatedAt = hub.now();
  }
}

/** GitHub closes a pull request whose branch is deleted. */
function closeThread(hub: Hub, thread: PullThread): void {
  thread.state = "closed";
  thread.closedAt = hub.now();
  thread.pull.mergeable = undefined;
}
