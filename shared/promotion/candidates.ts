import { compareVersions } from "../core/node-image.ts";
import { changesAnything, type PromotionPlan } from "./plan-promotion.ts";
import type { SourceRun } from "./source-run.ts";

/** A completed run that the target could move to. Times in milliseconds since the Unix epoch. */
export interface Candidate {
  readonly source: SourceRun;
  readonly plan: PromotionPlan;
  readonly provedAt: number;
  readonly soakedAt: number;
  /** The next run of the source, when it has begun: the soak goes on, but on newer nodes. */
  readonly movedOn: { readonly run: string; readonly at: number } | undefined;
}

export interface CandidateRules {
  readonly now: number;
  readonly soakMilliseconds: number;
  /** A person shortened the soak of these commits, with a reason. */
  readonly expedited: ReadonlySet<string>;
}

/**
 * Candidates in the order in which they are tried: of those whose soak is over the newest first, then
 * those that still soak, oldest first. A newer run never restarts or ends the soak of an older one, so
 * that promotion cannot starve; only a step back does, since it says that the older one was bad.
 */
export function orderCandidates(
  sources: readonly SourceRun[],
  planFor: (source: SourceRun) => PromotionPlan,
  rules: CandidateRules,
): readonly Candidate[] {
  const candidates = sources.flatMap((source, index): Candidate[] => {
    const newer = sources.slice(0, index);
    const provedAt = endOf(source);
    if (provedAt === undefined) return [];
    if (newer.some((later) => stepsBack(later, source))) return [];
    const plan = planFor(source);
    if (!changesAnything(plan)) return [];
    const soak = rules.expedited.has(source.rollout.commit) ? 0 : rules.soakMilliseconds;
    return [{ source, plan, provedAt, soakedAt: provedAt + soak, movedOn: nextOf(newer) }];
  });
  const soaked = candidates.filter(({ soakedAt }) => soakedAt <= rules.now);
  return [...soaked, ...candidates.filter((one) => !soaked.includes(one)).toReversed()];
}

/**
 * When a run came to a good end, in milliseconds since the Unix epoch; undefined when it did not. Fleet
 * calls a run Skipped when every member was at its target already, or was skipped by a person.
 */
export function endOf({ run: { status } }: SourceRun): number | undefined {
  if (status.state !== "Completed" && status.state !== "Skipped") return undefined;
  const end = Date.parse(status.completedTime ?? "");
  return Number.isNaN(end) ? undefined : end;
}

/** A newer run with an older image took the older run's images back. */
function stepsBack(later: SourceRun, earlier: SourceRun): boolean {
  if (later.run.status.state === "NotStarted") return false;
  const before = earlier.nodeImages;
  return Object.entries(later.nodeImages).some(
    ([family, version]) => before[family] && compareVersions(version, before[family]) < 0,
  );
}

function nextOf(newer: readonly SourceRun[]): Candidate["movedOn"] {
  const next = newer.findLast(({ run }) => run.status.startTime !== undefined);
  return next && { run: next.run.name, at: Date.parse(next.run.status.startTime ?? "") };
}
