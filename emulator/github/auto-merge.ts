import { isPull, type Hub, type Repository } from "./hub.ts";
import { latestChecks } from "./latest-checks.ts";
import { merge } from "./pull-merge.ts";

/** Here every check of the head counts as one that a branch rule requires; on GitHub the rules say which do. */
export function isReady(repository: Repository, sha: string): boolean {
  return latestChecks(repository, sha).every(({ conclusion }) => conclusion === "success");
}

/** A check of a commit has ended: what waited for it and was let go is merged. */
export async function mergeWhenReady(hub: Hub, repository: Repository, sha: string): Promise<void> {
  if (!isReady(repository, sha)) return;
  for (const thread of [...repository.threads.values()].filter(isPull)) {
    const { autoMerge, headSha, mergeable, draft } = thread.pull;
    const isDue = thread.state === "open" && headSha === sha && mergeable === true && !draft;
    if (autoMerge === undefined || !isDue) continue;
    const input = { merge_method: autoMerge.method };
    await merge({ hub, repository, by: autoMerge.by }, thread, input);
  }
}
