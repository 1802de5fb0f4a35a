import type { GitStore, TreeEntry } from "./git-store.ts";

/** A path that gets a blob (or a whole tree), or goes away. */
export type TreeEdit =
  | { readonly path: string; readonly entry: Omit<TreeEntry, "path"> }
  | { readonly path: string; readonly entry: undefined };

/** All entries below a tree, folders included, each with its whole path. */
export async function flattenTree(
  store: GitStore,
  tree: string,
  prefix = "",
): Promise<TreeEntry[]> {
  const all: TreeEntry[] = [];
  for (const entry of await store.readTree(tree)) {
    const path = `${prefix}${entry.path}`;
    all.push({ ...entry, path });
    if (entry.type === "tree") all.push(...(await flattenTree(store, entry.oid, `${path}/`)));
  }
  return all;
}

/** The entry at a path of a tree or commit. The empty path is the tree itself. */
export async function entryAt(
  store: GitStore,
  root: string,
  path: string,
): Promise<Omit<TreeEntry, "path"> | undefined> {
  let current: Omit<TreeEntry, "path"> = { mode: "040000", type: "tree", oid: root };
  for (const segment of path.split("/").filter((part) => part !== "")) {
    if (current.type !== "tree") return undefined;
    const entries = await store.readTree(current.oid);
    const next = entries.find((entry) => entry.path === segment);
    if (next === undefined) return undefined;
    current = { mode: next.mode, type: next.type, oid: next.oid };
  }
  return current;
}

/** Applies edits to a tree (or to nothing) and writes the result; folders left empty vanish. */
export async function editTree(
  store: GitStore,
  base: string | undefined,
  edits: readonly TreeEdit[],
): Promise<string> {
  const entries = new Map<string, TreeEntry>();
  for (const entry of base === undefined ? [] : await store.readTree(base)) {
    entries.set(entry.path, entry);
  }
  for (const [name, group] of byFirstSegment(edits)) {
    await applyGroup(store, entries, name, group);
  }
  return store.writeTree([...entries.values()]);
}

async function applyGroup(
  store: GitStore,
  entries: Map<string, TreeEntry>,
  name: string,
  group: readonly TreeEdit[],
): Promise<void> {
  const here = group.filter((edit) => edit.path === name);
  const below = group
    .filter((edit) => edit.path !== name)
    .map((edit) => ({ ...edit, path: edit.path.slice(name.length + 1) }));
  const last = here.at(-1);
  if (last !== undefined) {
    if (last.entry === undefined) entries.delete(name);
    else entries.set(name, { path: name, ...last.entry });
  }
  if (below.length === 0) return;
  const known = entries.get(name);
  const oid = await editTree(store, known?.type === "tree" ? known.oid : undefined, below);
  const left = await store.readTree(oid);
  if (left.length === 0) entries.delete(name);
  else entries.set(name, { path: name, mode: "040000", type: "tree", oid });
}

function byFirstSegment(edits: readonly TreeEdit[]): Map<string, TreeEdit[]> {
  const groups = new Map<string, TreeEdit[]>();
  for (const edit of edits) {
    const name = edit.path.split("/", 1)[0] ?? edit.path;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [edit]);
    else group.push(edit);
  }
  return groups;
}

/** git refuses such names, and so does GitHub ("malformed path component"). */
export function isCleanPath(path: string): boolean {
  const segments = path.split("/");
  return segments.every(
    (part) => part !== "" && part !== "." && part !== ".." && part.toLowerCase() !== ".git",
  );
}

export interface FileChange {
  readonly path: string;
  readonly status: "added" | "removed" | "modified";
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Files that differ between two trees or commits, sorted by path. */
export async function diffTrees(
  store: GitStore,
  before: string | undefined,
  after: string,
): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  await collectChanges(store, before, after, "", changes);
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function collectChanges(
  store: GitStore,
  before: string | undefined,
  after: string | undefined,
  prefix: string,
  changes: FileChange[],
): Promise<void> {
  const old = await entriesByName(store, before);
  const now = await entriesByName(store, after);
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const was = old.get(name);
    const is = now.get(name);
    if (was?.oid === is?.oid && was?.mode === is?.mode) continue;
    const path = `${prefix}${name}`;
    addFileChange(path, was, is, changes);
    const trees = [was, is].map((entry) => (entry?.type === "tree" ? entry.oid : undefined));
    if (trees.every((oid) => oid === undefined)) continue;
    await collectChanges(store, trees[0], trees[1], `${path}/`, changes);
  }
}

async function entriesByName(
  store: GitStore,
  tree: string | undefined,
): Promise<Map<string, TreeEntry>> {
  const entries = tree === undefined ? [] : await store.readTree(tree);
  return new Map(entries.map((entry) => [entry.path, entry]));
}

function addFileChange(
  path: string,
  was: TreeEntry | undefined,
  is: TreeEntry | undefined,
  changes: FileChange[],
): void {
  const before = was?.type === "blob" ? was.oid : undefined;
  const after = is?.type === "blob" ? is.oid : undefined;
  if (before === undefined && after === undefined) return;
  const status = before === undefined ? "added" : after === undefined ? "removed" : "modified";
  changes.push({ path, status, before, after });
}
