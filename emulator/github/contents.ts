import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import type { WireReply } from "../service.ts";
import { inRepository, json, param, readBody, type RepositoryCall, type Route } from "./call.ts";
import { htmlUrl } from "./commits.ts";
import { conflict, notFound, unprocessable } from "./errors.ts";
import { PersonInput, renderGitCommit, signatureOf, wrapBase64 } from "./git-data.ts";
import type { TreeEntry } from "./git-store.ts";
import { MAX_DIRECTORY_ENTRIES, MAX_INLINE_CONTENT_BYTES } from "./limits.ts";
import { moveRef } from "./refs.ts";
import { editTree, entryAt, isCleanPath } from "./trees.ts";
import { requireWorkflowPermission } from "./workflow-files.ts";

type FileBody = components["schemas"]["content-file"];

function pathOf(call: RepositoryCall): string {
  return (call.params["path"] ?? "").replace(/^\/+|\/+$/g, "");
}

async function getContents(call: RepositoryCall): Promise<WireReply> {
  const ref = call.query.get("ref") ?? call.repository.defaultBranch;
  const commit = await call.repository.git.resolve(ref);
  if (commit === undefined) throw notFound(`No commit found for the ref ${ref}`);
  const path = pathOf(call);
  const entry = await entryAt(call.repository.git, commit, path);
  if (entry === undefined || entry.type === "commit") throw notFound();
  return entry.type === "tree"
    ? listDirectory(call, entry.oid, path, ref)
    : getFile(call, entry.oid, path, ref);
}

async function listDirectory(
  call: RepositoryCall,
  oid: string,
  path: string,
  ref: string,
): Promise<WireReply> {
  const entries = await call.repository.git.readTree(oid);
  const rendered = await Promise.all(
    entries.slice(0, MAX_DIRECTORY_ENTRIES).map(async (entry) => {
      const at = path === "" ? entry.path : `${path}/${entry.path}`;
      return renderEntry(call, { ...entry, path: at }, ref, await sizeOf(call, entry));
    }),
  );
  const accept = call.headers.accept ?? "";
  if (!/\bobject\b/.test(accept)) return json(200, rendered);
  const self = renderEntry(call, { path, mode: "040000", type: "tree", oid }, ref, 0);
  return json(200, { ...self, entries: rendered });
}

async function sizeOf(call: RepositoryCall, entry: TreeEntry): Promise<number> {
  return entry.type === "blob" ? (await call.repository.git.readBlob(entry.oid)).length : 0;
}

function renderEntry(
  call: RepositoryCall,
  entry: TreeEntry,
  ref: string,
  size: number,
): Omit<FileBody, "type" | "encoding" | "content"> & { type: "dir" | "file" | "submodule" } {
  const path = encodeURI(entry.path);
  const isFolder = entry.type === "tree";
  const self = `${call.url}/contents/${path}?ref=${encodeURIComponent(ref)}`;
  const gitUrl = `${call.url}/git/${entry.type}s/${entry.oid}`;
  const html = htmlUrl(call, `/${entry.type}/${ref}/${path}`);
  return {
    type: isFolder ? "dir" : entry.type === "commit" ? "submodule" : "file",
    size,
    name: entry.path.split("/").at(-1) ?? "",
    path: entry.path,
    sha: entry.oid,
    url: self,
    git_url: gitUrl,
    html_url: html,
    download_url: isFolder ? null : htmlUrl(call, `/raw/${ref}/${path}`),
    _links: { self, git: gitUrl, html },
  };
}

async function getFile(
  call: RepositoryCall,
  oid: string,
  path: string,
  ref: string,
): Promise<WireReply> {
  const content = await call.repository.git.readBlob(oid);
  if (/\braw\b/.test(call.headers.accept ?? "")) {
    const headers = { "content-type": "application/vnd.github.raw; charset=utf-8" };
    return { status: 200, headers, body: content };
  }
  return json(200, renderFile(call, oid, path, ref, content));
}

function renderFile(
  call: RepositoryCall,
  oid: string,
  path: string,
  ref: string,
  content: Buffer,
): FileBody {
  const inline = content.length <= MAX_INLINE_CONTENT_BYTES;
  const entry: TreeEntry = { path, mode: "100644", type: "blob", oid };
  return {
    ...renderEntry(call, entry, ref, content.length),
    type: "file",
    encoding: inline ? "base64" : "none",
    content: inline ? wrapBase64(content) : "",
  };
}

const FileChange = z.object({
  message: z.string(),
  sha: z.string().optional(),
  branch: z.string().optional(),
  author: PersonInput.optional(),
  committer: PersonInput.optional(),
});
const FilePut = FileChange.extend({ content: z.string() });
const FileDelete = FileChange.extend({ sha: z.string() });

async function putFile(call: RepositoryCall): Promise<WireReply> {
  const input = readBody(call, FilePut);
  const target = await targetOf(call, input.branch);
  const known = target.known;
  if (known !== undefined && input.sha === undefined) {
    throw unprocessable(`Invalid request.\n\n"sha" wasn't supplied.`);
  }
  requireSameSha(target, input.sha);
  const content = Buffer.from(input.content, "base64");
  const oid = await call.repository.git.writeBlob(content);
  const mode = known?.mode ?? "100644";
  const commit = await commitEdit(call, target, input, { mode, type: "blob", oid });
  const file = renderFile(call, oid, target.path, target.branch, content);
  const { content: _content, encoding: _encoding, ...shown } = file;
  return json(known === undefined ? 201 : 200, { content: shown, commit });
}

async function deleteFile(call: RepositoryCall): Promise<WireReply> {
  const input = readBody(call, FileDelete);
  const target = await targetOf(call, input.branch);
  if (target.known === undefined) throw notFound();
  requireSameSha(target, input.sha);
  return json(200, { content: null, commit: await commitEdit(call, target, input, undefined) });
}

interface Target {
  readonly path: string;
  readonly branch: string;
  readonly head: string;
  readonly known: Omit<TreeEntry, "path"> | undefined;
}

async function targetOf(call: RepositoryCall, wanted: string | undefined): Promise<Target> {
  const path = pathOf({ ...call, params: { path: param(call, "path") } });
  if (!isCleanPath(path)) throw unprocessable("path contains a malformed path component");
  requireWorkflowPermission(call, [path]);
  const branch = (wanted ?? call.repository.defaultBranch).replace(/^refs\/heads\//, "");
  const head = await call.repository.git.readRef(`refs/heads/${branch}`);
  if (head === undefined) throw notFound(`Branch ${branch} not found`);
  return { path, branch, head, known: await entryAt(call.repository.git, head, path) };
}

function requireSameSha(target: Target, sha: string | undefined): void {
  if (target.known?.oid === sha) return;
  throw conflict(`${target.path} does not match ${sha ?? ""}`);
}

async function commitEdit(
  call: RepositoryCall,
  target: Target,
  input: z.output<typeof FileChange>,
  entry: Omit<TreeEntry, "path"> | undefined,
): Promise<ReturnType<typeof renderGitCommit>> {
  const { git } = call.repository;
  const before = await git.readCommit(target.head);
  const author = signatureOf(call, input.author ?? input.committer);
  const oid = await git.writeCommit({
    tree: await editTree(git, before.tree, [{ path: target.path, entry }]),
    parents: [target.head],
    message: input.message,
    author,
    committer: input.committer === undefined ? author : signatureOf(call, input.committer),
  });
  await moveRef(call.hub, call.repository, `refs/heads/${target.branch}`, oid);
  return renderGitCommit(call, await git.readCommit(oid));
}

export const contentsRoutes: readonly Route[] = [
  inRepository("GET", "contents", "contents:read", getContents),
  inRepository("GET", "contents/{path*}", "contents:read", getContents),
  inRepository("PUT", "contents/{path*}", "contents:write", putFile),
  inRepository("DELETE", "contents/{path*}", "contents:write", deleteFile),
];
