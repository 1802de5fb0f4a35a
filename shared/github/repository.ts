import { FleetwrightError } from "../core/errors.ts";
import { createLimiter } from "../core/limiter.ts";
import {
  DECLARATION_FOLDERS,
  MAX_DECLARED_FILES,
  isDeclarationPath,
} from "../declaration/places.ts";
import type { DeclarationRepository } from "../promotion/ports.ts";
import { attempt } from "./errors.ts";
import type { RepositoryHome } from "./issues.ts";
import { findOpenPull, openPull, readText, updatePull } from "./proposal.ts";

export interface DeclarationRepositoryOptions extends RepositoryHome {
  /** Asked from GitHub when absent. */
  readonly defaultBranch?: string;
}

const MAX_HISTORY = 100;
/** GitHub asks for no more than 100 requests at once from all of an App together. */
const MAX_READS_AT_ONCE = 8;
/** Texts of blobs never change: a thousand of them save nearly every read of a long-lived process. */
const MAX_CACHED_BLOBS = 1_000;
/** What a commit declares never changes either: the head and the runs of a few environments. */
const MAX_CACHED_COMMITS = 50;
/** Above every sensible declared file, and far below what GitHub would send. */
const MAX_BLOB_BYTES = 1_000_000;

interface Blob {
  readonly path: string;
  readonly sha: string;
  readonly size: number;
}

/** The repository that declares everything, through GitHub's REST API. */
export function createDeclarationRepository(
  options: DeclarationRepositoryOptions,
): DeclarationRepository {
  const { octokit, owner, repo } = options;
  const name = `${owner}/${repo}`;
  const readBlob = createBlobReader(options);
  const limit = createLimiter(MAX_READS_AT_ONCE);
  const commits = new Map<string, Awaited<ReturnType<DeclarationRepository["readDeclarations"]>>>();
  let branch = options.defaultBranch;
  const defaultBranch = async () => (branch ??= await findDefaultBranch(options));
  return {
    head: () =>
      attempt(`the head of ${name}`, async () => {
        const { data } = await octokit.request("GET /repos/{owner}/{repo}/git/ref/{ref}", {
          owner,
          repo,
          ref: `heads/${await defaultBranch()}`,
        });
        return data.object.sha;
      }),
    async readDeclarations(commit) {
      const cached = commits.get(commit);
      if (cached !== undefined) return cached;
      const texts = await attempt(`the declarations of ${name}`, async () => {
        const blobs = await listDeclaredBlobs(options, commit);
        const read = async ({ path, sha }: Blob) => ({ path, text: await readBlob(sha) });
        return Promise.all(blobs.map((blob) => limit(() => read(blob))));
      });
      if (commits.size >= MAX_CACHED_COMMITS) commits.clear();
      commits.set(commit, texts);
      return texts;
    },
    history: (path, count) =>
      attempt(`the history of ${path} in ${name}`, async () => {
        const { data } = await octokit.request("GET /repos/{owner}/{repo}/commits", {
          owner,
          repo,
          sha: await defaultBranch(),
          path,
          per_page: Math.min(count, MAX_HISTORY),
        });
        return data.map((commit) => commit.sha);
      }),
    readFile: (commit, path) => readText(options, commit, path),
    findProposal: async (head) => (await findOpenPull(options, head))?.pull,
    async propose(proposal) {
      const open = await findOpenPull(options, proposal.branch);
      const base = await attempt(name, defaultBranch);
      if (open !== undefined) return updatePull(options, base, open, proposal);
      return { pullRequest: await openPull(options, base, proposal), changed: true };
    },
  };
}

async function findDefaultBranch({ octokit, owner, repo }: RepositoryHome): Promise<string> {
  const { data } = await octokit.request("GET /repos/{owner}/{repo}", { owner, repo });
  return data.default_branch;
}

/** The root, then only the folders that hold declarations: the rest of the repository may be huge. */
async function listDeclaredBlobs(home: RepositoryHome, commit: string): Promise<readonly Blob[]> {
  const root = await readTree(home, commit, false);
  const blobs = root.blobs;
  for (const folder of DECLARATION_FOLDERS) {
    const sha = root.folders.get(folder);
    if (sha === undefined) continue;
    const tree = await readTree(home, sha, true);
    blobs.push(...tree.blobs.map((blob) => ({ ...blob, path: `${folder}/${blob.path}` })));
  }
  const declared = blobs.filter((blob) => isDeclarationPath(blob.path));
  const large = declared.find((blob) => blob.size > MAX_BLOB_BYTES);
  if (large !== undefined) throw unreadable(`${large.path} has ${large.size} bytes`);
  if (declared.length > MAX_DECLARED_FILES) throw unreadable(`${declared.length} declared files`);
  return declared.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function readTree(
  { octokit, owner, repo }: RepositoryHome,
  sha: string,
  recursive: boolean,
): Promise<{ readonly blobs: Blob[]; readonly folders: ReadonlyMap<string, string> }> {
  const { data } = await octokit.request("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", {
    owner,
    repo,
    tree_sha: sha,
    ...(recursive ? { recursive: "true" } : {}),
  });
  if (recursive && data.truncated) throw unreadable("a folder of declarations is too large");
  const blobs: Blob[] = [];
  const folders = new Map<string, string>();
  for (const entry of data.tree) {
    // Mode 120000 is a link: declared files are files of this repository.
    if (entry.type === "blob" && entry.mode !== "120000") {
      blobs.push({ path: entry.path, sha: entry.sha, size: entry.size ?? 0 });
    } else if (entry.type === "tree") {
      folders.set(entry.path, entry.sha);
    }
  }
  return { blobs, folders };
}

function createBlobReader(home: RepositoryHome): (sha: string) => Promise<string> {
  const { octokit, owner, repo } = home;
  const cache = new Map<string, string>();
  return async (sha) => {
    const cached = cache.get(sha);
    if (cached !== undefined) return cached;
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", {
      owner,
      repo,
      file_sha: sha,
    });
    const text = Buffer.from(data.content, "base64").toString("utf8");
    if (cache.size >= MAX_CACHED_BLOBS) cache.clear();
    cache.set(sha, text);
    return text;
  };
}

function unreadable(what: string): FleetwrightError {
  return new FleetwrightError("invalid-declaration", `too much to read: ${what}`, {
    remedy: "keep only strategies in strategies/ and releases in releases/",
  });
}
