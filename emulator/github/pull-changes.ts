import type { PullThread, Repository } from "./hub.ts";
import { diffLines } from "./line-diff.ts";
import { diffTrees } from "./trees.ts";

export interface PullChange {
  readonly path: string;
  readonly status: "added" | "removed" | "modified";
  readonly patch: string | undefined;
}

/** What a pull request brings: its head against the point where it left the base. */
export async function pullChanges(
  repository: Repository,
  { pull }: PullThread,
): Promise<readonly PullChange[]> {
  const { git } = repository;
  const base = await git.mergeBase(pull.baseSha, pull.headSha);
  const changes = await diffTrees(git, base, pull.headSha);
  const read = (oid: string | undefined): Promise<Buffer> =>
    oid === undefined ? Promise.resolve(Buffer.alloc(0)) : git.readBlob(oid);
  return Promise.all(
    changes.map(async ({ path, status, before, after }) => {
      const { patch } = diffLines(await read(before), await read(after));
      return { path, status, patch };
    }),
  );
}
