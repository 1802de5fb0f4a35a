import {
  isPull,
  optionalTimestamp,
  type PullThread,
  type Repository,
  type Thread,
  timestamp,
} from "./hub.ts";
import { pullChanges } from "./pull-changes.ts";

/** All that happened in a repository, for reports and assertions. */
export async function summarize(repository: Repository): Promise<object> {
  const threads = [...repository.threads.values()];
  const { git, defaultBranch } = repository;
  return {
    owner: repository.owner.login,
    name: repository.name,
    defaultBranch,
    head: await git.readRef(`refs/heads/${defaultBranch}`),
    gitDirectory: git.directory,
    branches: (await git.listRefs("refs/heads")).map((ref) => ref.slice("refs/heads/".length)),
    pulls: await Promise.all(
      threads.filter(isPull).map((thread) => summarizePull(repository, thread)),
    ),
    issues: threads.filter((thread) => !isPull(thread)).map(summarizeThread),
    comments: [...repository.comments.values()].map((comment) => ({
      id: comment.id,
      number: comment.thread,
      user: comment.user.login,
      body: comment.body,
      createdAt: timestamp(comment.createdAt),
      updatedAt: timestamp(comment.updatedAt),
    })),
    checks: [...repository.checks.values()].map(({ actor, app, ...check }) => ({
      ...check,
      createdBy: app?.slug ?? actor.login,
    })),
    statuses: repository.statuses.map(({ creator, createdAt, ...status }) => ({
      ...status,
      creator: creator.login,
      createdAt: timestamp(createdAt),
    })),
    deployments: [...repository.deployments.values()].map((deployment) => ({
      id: deployment.id,
      sha: deployment.sha,
      environment: deployment.environment,
      states: deployment.statuses.map((status) => status.state),
      createdAt: timestamp(deployment.createdAt),
    })),
    dispatches: repository.dispatches.map((dispatch) => ({
      ...dispatch,
      createdAt: timestamp(dispatch.createdAt),
    })),
  };
}

function summarizeThread(thread: Thread): object {
  return {
    number: thread.number,
    title: thread.title,
    body: thread.body,
    state: thread.state,
    user: thread.user.login,
    labels: thread.labels,
    createdAt: timestamp(thread.createdAt),
    updatedAt: timestamp(thread.updatedAt),
    closedAt: optionalTimestamp(thread.closedAt),
  };
}

async function summarizePull(repository: Repository, thread: PullThread): Promise<object> {
  const { pull } = thread;
  return {
    ...summarizeThread(thread),
    state: pull.mergedAt === undefined ? thread.state : "merged",
    head: pull.headBranch,
    headSha: pull.headSha,
    base: pull.base,
    mergedAt: optionalTimestamp(pull.mergedAt),
    mergedBy: pull.mergedBy?.login ?? null,
    mergeCommitSha: pull.mergedAt === undefined ? null : pull.mergeCommitSha,
    reviews: pull.reviews.map(({ user, state }) => ({ user: user.login, state })),
    changes: await pullChanges(repository, thread),
  };
}
