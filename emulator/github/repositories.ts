import { nodeId, renderActor } from "./actor.ts";
import { inRepository, json, type RepositoryCall, type Route } from "./call.ts";
import { htmlUrl } from "./commits.ts";
import { fullName, timestamp } from "./hub.ts";

/** What a repository says of itself; the dozens of URL templates are left to clients' imagination. */
export function renderRepository(call: RepositoryCall): object {
  const { repository } = call;
  return {
    id: repository.id,
    node_id: nodeId("Repository", repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.private,
    visibility: repository.private ? "private" : "public",
    owner: renderActor(call, repository.owner),
    html_url: htmlUrl(call),
    description: repository.description,
    fork: false,
    url: call.url,
    // A path is a URL to git: the object database is a real one.
    clone_url: repository.git.directory,
    git_url: repository.git.directory,
    default_branch: repository.defaultBranch,
    archived: false,
    disabled: false,
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    allow_merge_commit: true,
    allow_squash_merge: true,
    allow_rebase_merge: false,
    delete_branch_on_merge: false,
    created_at: timestamp(repository.createdAt),
    updated_at: timestamp(repository.pushedAt),
    pushed_at: timestamp(repository.pushedAt),
    permissions: { admin: false, maintain: false, push: mayPush(call), triage: true, pull: true },
  };
}

function mayPush(call: RepositoryCall): boolean {
  if (call.caller.kind !== "token") return false;
  const { permissions } = call.caller.token;
  return permissions === undefined || permissions.contents === "write";
}

export const repositoryRoutes: readonly Route[] = [
  inRepository("GET", "", "metadata:read", (call) => json(200, renderRepository(call))),
];
