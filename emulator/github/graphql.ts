import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId } from "./actor.ts";
import { atRoot, callingActor, json, readBody, type Call, type Route } from "./call.ts";
import { GitHubError } from "./errors.ts";
import { isPull, type PullThread, type Repository } from "./hub.ts";
import { isReady } from "./auto-merge.ts";
import { mayReach, requireOneOf } from "./permissions.ts";

/** Auto-merge exists in GraphQL alone; of GraphQL, these two mutations are all that is answered here. */
const Query = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).default({}),
});

const METHODS = ["merge", "squash"] as const;

const MUTATION = /\b(enablePullRequestAutoMerge|disablePullRequestAutoMerge)\b/;

function answer(call: Call): WireReply {
  const by = callingActor(call);
  const { query, variables } = readBody(call, Query);
  const mutation = MUTATION.exec(query)?.[1];
  if (mutation === undefined) return refused("this local GitHub knows no such query");
  const found = findPull(call, String(variables["id"] ?? ""));
  if (found === undefined) return refused("Could not resolve to a node with the global id");
  const { repository, thread } = found;
  requireOneOf(call.caller, repository, ["pull_requests:write"]);
  const enable = mutation === "enablePullRequestAutoMerge";
  const problem = enable ? whyNot(repository, thread) : undefined;
  if (problem !== undefined) return refused(problem);
  const wanted = String(variables["mergeMethod"] ?? "MERGE").toLowerCase();
  const method = METHODS.find((known) => known === wanted);
  if (method === undefined) {
    return refused(`Merge method ${wanted} merging is not allowed on this repository`);
  }
  thread.pull.autoMerge = enable ? { method, by } : undefined;
  return json(200, { data: { [mutation]: { pullRequest: { number: thread.number } } } });
}

/** Source: the API's own messages; a pull request that nothing holds back is to be merged, not queued. */
function whyNot(repository: Repository, { state, pull, number }: PullThread): string | undefined {
  if (state === "closed") return "Pull request is closed";
  if (pull.mergeable === true && isReady(repository, pull.headSha))
    return `Pull request #${number} is in clean status`;
  return undefined;
}

function findPull(
  { hub, caller }: Call,
  id: string,
): { readonly repository: Repository; readonly thread: PullThread } | undefined {
  for (const repository of hub.repositories.values()) {
    if (!mayReach(caller, repository)) continue;
    const thread = [...repository.threads.values()]
      .filter(isPull)
      .find((one) => nodeId("PullRequest", one.id) === id);
    if (thread !== undefined) return { repository, thread };
  }
  return undefined;
}

/** GraphQL says what went wrong in a reply of status 200. */
function refused(message: string): WireReply {
  return json(200, { data: null, errors: [{ type: "UNPROCESSABLE", message }] });
}

function guarded(call: Call): WireReply {
  try {
    return answer(call);
  } catch (error) {
    if (error instanceof GitHubError && error.status === 403) {
      return refused("Resource not accessible by integration");
    }
    throw error;
  }
}

/** github.com has it beside the REST API, GitHub Enterprise Server below /api. */
export const graphqlRoutes: readonly Route[] = [
  atRoot("POST", "graphql", guarded),
  atRoot("POST", "api/graphql", guarded),
];
