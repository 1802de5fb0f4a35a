import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId } from "./actor.ts";
import {
  inRepository,
  json,
  noContent,
  param,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { htmlUrl, renderCommit } from "./commits.ts";
import { notFound, unprocessable } from "./errors.ts";
import { isRefName } from "./git-store.ts";
import type { Hub, Repository } from "./hub.ts";
import { listReply } from "./paging.ts";
import { refreshPullsOf } from "./pull-request.ts";

const branchPrefix = "refs/heads/";

/** The one way in which a ref moves: pull requests of the branch look again. */
export async function moveRef(
  hub: Hub,
  repository: Repository,
  ref: string,
  sha: string | undefined,
): Promise<void> {
  if (sha === undefined) await repository.git.deleteRef(ref);
  else await repository.git.writeRef(ref, sha);
  repository.pushedAt = hub.now();
  if (ref.startsWith(branchPrefix)) {
    await refreshPullsOf(hub, repository, ref.slice(branchPrefix.length));
  }
}

async function renderRef(
  call: RepositoryCall,
  ref: string,
  sha: string,
): Promise<components["schemas"]["git-ref"]> {
  const type = (await call.repository.git.type(sha)) ?? "commit";
  return {
    ref,
    node_id: nodeId("Ref", `${call.repository.id}:${ref}`),
    url: `${call.url}/git/${ref}`,
    object: { type, sha, url: `${call.url}/git/${type}s/${sha}` },
  };
}

async function getRef(call: RepositoryCall): Promise<WireReply> {
  const ref = `refs/${param(call, "ref")}`;
  const sha = await call.repository.git.readRef(ref);
  if (sha === undefined) throw notFound();
  return json(200, await renderRef(call, ref, sha));
}

async function matchingRefs(call: RepositoryCall): Promise<WireReply> {
  const prefix = `refs/${call.params["ref"] ?? ""}`;
  const { git } = call.repository;
  const refs = (await git.listRefs("refs")).filter((ref) => ref.startsWith(prefix));
  return listReply(call, refs, async (ref) => renderRef(call, ref, (await git.readRef(ref)) ?? ""));
}

const NewRef = z.object({ ref: z.string(), sha: z.string() });

async function createRef(call: RepositoryCall): Promise<WireReply> {
  const { ref, sha } = readBody(call, NewRef);
  const { git } = call.repository;
  if (!isRefName(ref) || ref.split("/").length < 3) {
    throw unprocessable(`"${ref}" is not a valid ref name.`);
  }
  if ((await git.type(sha)) === undefined) throw unprocessable("Object does not exist");
  if ((await git.readRef(ref)) !== undefined) throw unprocessable("Reference already exists");
  await moveRef(call.hub, call.repository, ref, sha);
  return json(201, await renderRef(call, ref, sha), { location: `${call.url}/git/${ref}` });
}

const RefUpdate = z.object({ sha: z.string(), force: z.boolean().optional() });

async function updateRef(call: RepositoryCall): Promise<WireReply> {
  const ref = `refs/${param(call, "ref")}`;
  const { sha, force } = readBody(call, RefUpdate);
  const { git } = call.repository;
  const current = await git.readRef(ref);
  if (current === undefined) throw unprocessable("Reference does not exist");
  if ((await git.type(sha)) === undefined) throw unprocessable("Object does not exist");
  if (force !== true && !(await git.isAncestor(current, sha))) {
    throw unprocessable("Update is not a fast forward");
  }
  await moveRef(call.hub, call.repository, ref, sha);
  return json(200, await renderRef(call, ref, sha));
}

async function deleteRef(call: RepositoryCall): Promise<WireReply> {
  const ref = `refs/${param(call, "ref")}`;
  if ((await call.repository.git.readRef(ref)) === undefined) {
    throw unprocessable("Reference does not exist");
  }
  if (ref === branchPrefix + call.repository.defaultBranch) {
    throw unprocessable("Cannot delete the default branch");
  }
  await moveRef(call.hub, call.repository, ref, undefined);
  return noContent;
}

async function listBranches(call: RepositoryCall): Promise<WireReply> {
  const { git } = call.repository;
  const refs = await git.listRefs("refs/heads");
  return listReply(call, refs, async (ref) => {
    const sha = (await git.readRef(ref)) ?? "";
    return {
      name: ref.slice(branchPrefix.length),
      commit: { sha, url: `${call.url}/commits/${sha}` },
      protected: false,
    };
  });
}

async function getBranch(call: RepositoryCall): Promise<WireReply> {
  const name = param(call, "branch");
  const { git } = call.repository;
  const sha = await git.readRef(branchPrefix + name);
  if (sha === undefined) throw notFound("Branch not found");
  const self = `${call.url}/branches/${name}`;
  return json(200, {
    name,
    commit: renderCommit(call, await git.readCommit(sha)),
    _links: { self, html: htmlUrl(call, `/tree/${name}`) },
    protected: false,
    protection: { enabled: false },
    protection_url: `${self}/protection`,
  } satisfies components["schemas"]["branch-with-protection"]);
}

export const refRoutes: readonly Route[] = [
  inRepository("GET", "git/ref/{ref*}", "contents:read", getRef),
  inRepository("GET", "git/matching-refs", "contents:read", matchingRefs),
  inRepository("GET", "git/matching-refs/{ref*}", "contents:read", matchingRefs),
  inRepository("GET", "git/refs", "contents:read", matchingRefs),
  inRepository("GET", "git/refs/{ref*}", "contents:read", getRef),
  inRepository("POST", "git/refs", "contents:write", createRef),
  inRepository("PATCH", "git/refs/{ref*}", "contents:write", updateRef),
  inRepository("DELETE", "git/refs/{ref*}", "contents:write", deleteRef),
  inRepository("GET", "branches", "contents:read", listBranches),
  inRepository("GET", "branches/{branch*}", "contents:read", getBranch),
];
