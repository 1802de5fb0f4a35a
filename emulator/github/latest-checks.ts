import type { CheckRun, Repository } from "./hub.ts";

/** The newest check of each App and name on a commit: the ones that count. */
export function latestChecks({ checks }: Repository, sha: string): readonly CheckRun[] {
  return newestOfEachName([...checks.values()].filter(({ headSha }) => headSha === sha));
}

export function newestOfEachName(checks: readonly CheckRun[]): readonly CheckRun[] {
  const newest = new Map<string, CheckRun>();
  for (const check of checks) newest.set(`${check.app?.id ?? 0}/${check.name}`, check);
  return [...newest.values()];
}
