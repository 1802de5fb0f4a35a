import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId } from "./actor.ts";
import {
  callingActor,
  inRepository,
  json,
  param,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { htmlUrl, renderSignature, unsigned } from "./commits.ts";
import { notFound, unprocessable } from "./errors.ts";
import type { Commit, Signature, TreeEntry } from "./git-store.ts";
import { emailOf } from "./hub.ts";
import { MAX_TREE_ENTRIES } from "./limits.ts";
import { editTree, flattenTree, isCleanPath, type TreeEdit } from "./trees.ts";
import { requireWorkflowPermission } from "./workflow-files.ts";

export const PersonInput = z.object({
  name: z.string().optional(),
  email: z.string().optional(),
  date: z.string().optional(),
});

/** Author or committer of a commit made through the API; what is not given is the caller, now. */
export function signatureOf(
  call: RepositoryCall,
  person: z.output<typeof PersonInput> | undefined,
): Signature {
  const actor = callingActor(call);
  const at = person?.date === undefined ? call.hub.now() : Date.parse(person.date);
  if (Number.isNaN(at)) throw unprocessable("Invalid date");
  return {
    name: person?.name ?? actor.login,
    email: person?.email ?? emailOf(actor),
    timestamp: Math.floor(at / 1_000),
  };
}

export function renderGitCommit(
  call: RepositoryCall,
  commit: Commit,
): components["schemas"]["git-commit"] {
  const { oid } = commit;
  return {
    sha: oid,
    node_id: nodeId("Commit", oid),
    url: `${call.url}/git/commits/${oid}`,
    html_url: htmlUrl(call, `/commit/${oid}`),
    author: renderSignature(commit.author),
    committer: renderSignature(commit.committer),
    tree: { sha: commit.tree, url: `${call.url}/git/trees/${commit.tree}` },
    message: commit.message,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${call.url}/git/commits/${sha}`,
      html_url: htmlUrl(call, `/commit/${sha}`),
    })),
    verification: unsigned,
  };
}

async function getCommit(call: RepositoryCall): Promise<WireReply> {
  const { git } = call.repository;
  const sha = param(call, "sha");
  if ((await git.type(sha)) !== "commit") throw notFound();
  return json(200, renderGitCommit(call, await git.readCommit(sha)));
}

const NewCommit = z.object({
  message: z.string(),
  tree: z.string(),
  parents: z.array(z.string()).default([]),
  author: PersonInput.optional(),
  committer: PersonInput.optional(),
});

async function createCommit(call: RepositoryCall): Promise<WireReply> {
  const input = readBody(call, NewCommit);
  const { git } = call.repository;
  if ((await git.type(input.tree)) !== "tree") throw unprocessable("Tree SHA does not exist");
  for (const parent of input.parents) {
    if ((await git.type(parent)) !== "commit") {
      throw unprocessable("Parent SHA does not exist or is not a commit object");
    }
  }
  const author = signatureOf(call, input.author);
  const committer = input.committer === undefined ? author : signatureOf(call, input.committer);
  const { message, tree, parents } = input;
  const oid = await git.writeCommit({ message, tree, parents, author, committer });
  return json(201, renderGitCommit(call, await git.readCommit(oid)));
}

async function renderTree(
  call: RepositoryCall,
  oid: string,
  entries: readonly TreeEntry[],
): Promise<components["schemas"]["git-tree"]> {
  const rendered = entries.slice(0, MAX_TREE_ENTRIES).map(async (entry) => ({
    path: entry.path,
    mode: entry.mode,
    type: entry.type,
    sha: entry.oid,
    ...(entry.type === "blob"
      ? { size: (await call.repository.git.readBlob(entry.oid)).length }
      : {}),
    url: `${call.url}/git/${entry.type}s/${entry.oid}`,
  }));
  return {
    sha: oid,
    url: `${call.url}/git/trees/${oid}`,
    tree: await Promise.all(rendered),
    truncated: entries.length > MAX_TREE_ENTRIES,
  };
}

/** A tree's own SHA, from its SHA or from anything that names a commit. */
async function treeOid(call: RepositoryCall, name: string): Promise<string | undefined> {
  const { git } = call.repository;
  if ((await git.type(name)) === "tree") return name;
  const commit = await git.resolve(name);
  return commit === undefined ? undefined : (await git.readCommit(commit)).tree;
}

async function getTree(call: RepositoryCall): Promise<WireReply> {
  const { git } = call.repository;
  const oid = await treeOid(call, param(call, "tree"));
  if (oid === undefined) throw notFound();
  const entries = call.query.has("recursive")
    ? await flattenTree(git, oid)
    : await git.readTree(oid);
  return json(200, await renderTree(call, oid, entries));
}

const NewTree = z.object({
  base_tree: z.string().optional(),
  tree: z.array(
    z.object({
      path: z.string(),
      mode: z.enum(["100644", "100755", "040000", "160000", "120000"]),
      type: z.enum(["blob", "tree", "commit"]).optional(),
      sha: z.string().nullish(),
      content: z.string().optional(),
    }),
  ),
});
type NewEntry = z.output<typeof NewTree>["tree"][number];

async function createTree(call: RepositoryCall): Promise<WireReply> {
  const input = readBody(call, NewTree);
  const { git } = call.repository;
  const base = input.base_tree === undefined ? undefined : await treeOid(call, input.base_tree);
  if (input.base_tree !== undefined && base === undefined) {
    throw unprocessable("base_tree is not a valid tree SHA");
  }
  requireWorkflowPermission(
    call,
    input.tree.map((entry) => entry.path),
  );
  const edits = await Promise.all(input.tree.map((entry) => editOf(call, entry)));
  const oid = await editTree(git, base, edits);
  return json(201, await renderTree(call, oid, await git.readTree(oid)));
}

async function editOf(call: RepositoryCall, entry: NewEntry): Promise<TreeEdit> {
  const { git } = call.repository;
  const { path, mode } = entry;
  if (!isCleanPath(path)) throw unprocessable("tree.path contains a malformed path component");
  const type = mode === "040000" ? "tree" : mode === "160000" ? "commit" : "blob";
  if (entry.content !== undefined) {
    const oid = await git.writeBlob(Buffer.from(entry.content, "utf8"));
    return { path, entry: { mode, type: "blob", oid } };
  }
  if (entry.sha === null) return { path, entry: undefined };
  if (entry.sha === undefined) {
    throw unprocessable("Must supply either tree.sha or tree.content");
  }
  if (type !== "commit" && (await git.type(entry.sha)) !== type) {
    throw unprocessable(`tree.sha ${entry.sha} is not a valid ${type}`);
  }
  return { path, entry: { mode, type, oid: entry.sha } };
}

async function getBlob(call: RepositoryCall): Promise<WireReply> {
  const { git } = call.repository;
  const sha = param(call, "sha");
  if ((await git.type(sha)) !== "blob") throw notFound();
  const content = await git.readBlob(sha);
  if (/\braw\b/.test(call.headers.accept ?? "")) return { status: 200, body: content };
  return json(200, {
    sha,
    node_id: nodeId("Blob", sha),
    size: content.length,
    url: `${call.url}/git/blobs/${sha}`,
    content: wrapBase64(content),
    encoding: "base64",
  } satisfies components["schemas"]["blob"]);
}

/** GitHub breaks base64 every 60 characters. */
export function wrapBase64(content: Buffer): string {
  return content.toString("base64").replace(/.{1,60}/g, "$&\n");
}

const NewBlob = z.object({
  content: z.string(),
  encoding: z.enum(["utf-8", "base64"]).default("utf-8"),
});

async function createBlob(call: RepositoryCall): Promise<WireReply> {
  const { content, encoding } = readBody(call, NewBlob);
  const bytes = Buffer.from(content, encoding === "base64" ? "base64" : "utf8");
  const sha = await call.repository.git.writeBlob(bytes);
  return json(201, { sha, url: `${call.url}/git/blobs/${sha}` });
}

export const gitDataRoutes: readonly Route[] = [
  inRepository("GET", "git/commits/{sha}", "contents:read", getCommit),
  inRepository("POST", "git/commits", "contents:write", createCommit),
  inRepository("GET", "git/trees/{tree*}", "contents:read", getTree),
  inRepository("POST", "git/trees", "contents:write", createTree),
  inRepository("GET", "git/blobs/{sha}", "contents:read", getBlob),
  inRepository("POST", "git/blobs", "contents:write", createBlob),
];
