import * as fs from "node:fs";
import * as git from "isomorphic-git";

export interface TreeEntry {
  readonly path: string;
  /** Six digits, as git prints them: 100644, 100755, 120000, 040000, 160000. */
  readonly mode: string;
  readonly type: "blob" | "tree" | "commit";
  readonly oid: string;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

export interface Commit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

export type MergeResult =
  | { readonly kind: "merged"; readonly tree: string }
  | { readonly kind: "up-to-date" }
  | { readonly kind: "conflict"; readonly paths: readonly string[] };

const fullSha = /^[0-9a-f]{40}$/;
/** Names become paths below the repository's folder, so what git refuses is not looked for at all. */
const refName = /^(?:HEAD|refs(?:\/(?!\.)[^\s~^:?*[\\\]/\p{Cc}]+)+)$/u;
const shortSha = /^[0-9a-f]{7,39}$/;

/** One bare git repository on disk: any git client can clone its folder. */
export class GitStore {
  readonly directory: string;
  readonly #at: { fs: typeof fs; gitdir: string };

  constructor(directory: string) {
    this.directory = directory;
    this.#at = { fs, gitdir: directory };
  }

  async init(defaultBranch: string): Promise<void> {
    await git.init({ ...this.#at, bare: true, defaultBranch });
  }

  /** Commit that a branch, tag, ref or (short) SHA means; undefined when there is none. */
  async resolve(ref: string): Promise<string | undefined> {
    if (fullSha.test(ref)) return this.#peel(ref);
    for (const name of [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/${ref}`, ref]) {
      const oid = await this.readRef(name);
      if (oid !== undefined) return this.#peel(oid);
    }
    if (!shortSha.test(ref)) return undefined;
    const expanded = await orUndefined(git.expandOid({ ...this.#at, oid: ref }));
    return expanded === undefined ? undefined : this.#peel(expanded);
  }

  async #peel(oid: string): Promise<string | undefined> {
    const commit = await orUndefined(git.readCommit({ ...this.#at, oid }));
    return commit?.oid;
  }

  /** Full names only (`refs/heads/main`); HEAD is accepted too. */
  async readRef(name: string): Promise<string | undefined> {
    if (!isRefName(name)) return undefined;
    return orUndefined(git.resolveRef({ ...this.#at, ref: name }));
  }

  async writeRef(name: string, oid: string): Promise<void> {
    await git.writeRef({ ...this.#at, ref: name, value: oid, force: true });
  }

  async deleteRef(name: string): Promise<void> {
    await git.deleteRef({ ...this.#at, ref: name });
  }

  /** Full names of all refs below a folder such as `refs/heads`, sorted. */
  async listRefs(folder: string): Promise<readonly string[]> {
    const names = await git.listRefs({ ...this.#at, filepath: folder });
    return names.map((name) => `${folder}/${name}`).toSorted();
  }

  async type(oid: string): Promise<"blob" | "tree" | "commit" | "tag" | undefined> {
    if (!fullSha.test(oid)) return undefined;
    const read = await orUndefined(git.readObject({ ...this.#at, oid, format: "content" }));
    const type = read?.type;
    return type === "blob" || type === "tree" || type === "commit" || type === "tag"
      ? type
      : undefined;
  }

  async readCommit(oid: string): Promise<Commit> {
    const { commit } = await git.readCommit({ ...this.#at, oid });
    return {
      oid,
      tree: commit.tree,
      parents: commit.parent,
      message: commit.message.replace(/\n$/, ""),
      author: commit.author,
      committer: commit.committer,
    };
  }

  async writeCommit(commit: NewCommit): Promise<string> {
    const utc = { timezoneOffset: 0 };
    return git.writeCommit({
      ...this.#at,
      commit: {
        tree: commit.tree,
        parent: [...commit.parents],
        message: commit.message.endsWith("\n") ? commit.message : `${commit.message}\n`,
        author: { ...commit.author, ...utc },
        committer: { ...commit.committer, ...utc },
      },
    });
  }

  /** Entries of a tree, or of a commit's tree. */
  async readTree(oid: string): Promise<readonly TreeEntry[]> {
    const { tree } = await git.readTree({ ...this.#at, oid });
    return tree;
  }

  async writeTree(entries: readonly TreeEntry[]): Promise<string> {
    return git.writeTree({ ...this.#at, tree: [...entries] });
  }

  async readBlob(oid: string): Promise<Buffer> {
    const { blob } = await git.readBlob({ ...this.#at, oid });
    return Buffer.from(blob);
  }

  async writeBlob(content: Buffer): Promise<string> {
    return git.writeBlob({ ...this.#at, blob: content });
  }

  async mergeBase(one: string, other: string): Promise<string | undefined> {
    const bases: readonly string[] = await git.findMergeBase({ ...this.#at, oids: [one, other] });
    return bases[0];
  }

  async isAncestor(ancestor: string, oid: string): Promise<boolean> {
    if (ancestor === oid) return true;
    return git.isDescendent({ ...this.#at, oid, ancestor, depth: -1 });
  }

  /** Three-way merge of two commits into a tree; moves no branch. */
  async merge(ours: string, theirs: string, by: Signature): Promise<MergeResult> {
    try {
      const result = await git.merge({
        ...this.#at,
        ours,
        theirs,
        fastForward: false,
        noUpdateBranch: true,
        abortOnConflict: true,
        message: "Test merge",
        author: { ...by, timezoneOffset: 0 },
      });
      if (result.alreadyMerged === true || result.tree === undefined) return { kind: "up-to-date" };
      return { kind: "merged", tree: result.tree };
    } catch (error) {
      if (error instanceof git.Errors.MergeConflictError) {
        return { kind: "conflict", paths: error.data.filepaths };
      }
      // Several merge bases, or none: GitHub calls such a pull request not mergeable as well.
      if (error instanceof git.Errors.MergeNotSupportedError)
        return { kind: "conflict", paths: [] };
      throw error;
    }
  }

  /** A work tree with its own .git, as a runner's checkout leaves it. */
  async checkout(ref: string, directory: string): Promise<void> {
    const gitdir = `${directory}/.git`;
    await fs.promises.cp(this.directory, gitdir, { recursive: true });
    await git.setConfig({ fs, gitdir, path: "core.bare", value: false });
    await git.addRemote({ fs, gitdir, remote: "origin", url: this.directory, force: true });
    await git.checkout({ fs, dir: directory, gitdir, ref, force: true });
  }
}

/** git check-ref-format, for full names. */
export function isRefName(name: string): boolean {
  return refName.test(name) && !/\.\.|@\{|\.lock(?:\/|$)|[./]$/.test(name);
}

/** Absence is an answer; damage is not. */
async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (
      error instanceof git.Errors.NotFoundError ||
      error instanceof git.Errors.ObjectTypeError ||
      error instanceof git.Errors.AmbiguousError
    ) {
      return undefined;
    }
    throw error;
  }
}
