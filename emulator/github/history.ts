import type { Commit, GitStore } from "./git-store.ts";
import { entryAt } from "./trees.ts";

/** No repository of declarations comes near; a walk must end all the same. */
const MAX_COMMITS_WALKED = 10_000;

/** Commits reachable from `from` and not from `exclude`: children before parents, newest first. */
export async function commitsBetween(
  store: GitStore,
  from: string,
  exclude?: string,
): Promise<readonly Commit[]> {
  const excluded = exclude === undefined ? new Map() : await reachable(store, exclude, new Map());
  return topological(await reachable(store, from, excluded));
}

/** Commits that changed a path, with git's simplification: a merge that took one side's file is silent. */
export async function commitsOfPath(
  store: GitStore,
  from: string,
  path: string,
): Promise<readonly Commit[]> {
  const touching = new Map<string, Commit>();
  const visited = new Set<string>();
  const queue = [from];
  while (queue.length > 0 && visited.size < MAX_COMMITS_WALKED) {
    const oid = queue.pop();
    if (oid === undefined || visited.has(oid)) continue;
    visited.add(oid);
    const commit = await store.readCommit(oid);
    const own = await pathOid(store, oid, path);
    const parents = await Promise.all(
      commit.parents.map(async (parent) => ({ parent, oid: await pathOid(store, parent, path) })),
    );
    const same = parents.find((parent) => parent.oid === own);
    if (same !== undefined) queue.push(same.parent);
    else {
      if (own !== undefined || parents.length > 0) touching.set(oid, commit);
      queue.push(...commit.parents);
    }
  }
  return newestFirst(touching, await commitsBetween(store, from));
}

function newestFirst(some: ReadonlyMap<string, Commit>, ordered: readonly Commit[]): Commit[] {
  return ordered.filter((commit) => some.has(commit.oid));
}

async function pathOid(store: GitStore, commit: string, path: string): Promise<string | undefined> {
  const entry = await entryAt(store, commit, path);
  return entry === undefined ? undefined : `${entry.mode} ${entry.oid}`;
}

async function reachable(
  store: GitStore,
  from: string,
  excluded: ReadonlyMap<string, Commit>,
): Promise<Map<string, Commit>> {
  const found = new Map<string, Commit>();
  const queue = [from];
  while (queue.length > 0 && found.size < MAX_COMMITS_WALKED) {
    const oid = queue.shift();
    if (oid === undefined || found.has(oid) || excluded.has(oid)) continue;
    const commit = await store.readCommit(oid);
    found.set(oid, commit);
    queue.push(...commit.parents);
  }
  return found;
}

/** Commit times may be equal (several commits within one second), so order by descent first. */
function topological(commits: ReadonlyMap<string, Commit>): Commit[] {
  const children = new Map<string, number>();
  for (const commit of commits.values()) {
    for (const parent of commit.parents) children.set(parent, (children.get(parent) ?? 0) + 1);
  }
  const ready = [...commits.values()].filter((commit) => !children.has(commit.oid));
  const ordered: Commit[] = [];
  while (ready.length > 0) {
    const next = takeNewest(ready);
    ordered.push(next);
    for (const oid of next.parents) {
      const left = (children.get(oid) ?? 1) - 1;
      children.set(oid, left);
      const parent = commits.get(oid);
      if (left === 0 && parent !== undefined) ready.push(parent);
    }
  }
  return ordered;
}

function takeNewest(ready: Commit[]): Commit {
  const newest = ready.reduce((best, commit) =>
    commit.committer.timestamp > best.committer.timestamp ? commit : best,
  );
  ready.splice(ready.indexOf(newest), 1);
  return newest;
}
