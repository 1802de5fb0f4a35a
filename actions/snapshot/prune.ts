import { markdownTable } from "../../shared/core/markdown.ts";
import { findSnapshots } from "../../shared/snapshot/find.ts";
import { subscriptionsOf } from "../../shared/snapshot/fleet-clusters.ts";
import { planPrune, pruneSnapshots } from "../../shared/snapshot/prune.ts";
import type { PrunedSnapshots, PrunePlan, SpentSnapshot } from "../../shared/snapshot/prune.ts";
import { workspaceOf } from "../runner/declared.ts";
import type { Report } from "../runner/report.ts";
import { listExisting } from "./existing.ts";
import type { Scope } from "./inputs.ts";

/** Ids in JSON outputs: outputs of a job share 1 MB. */
const MAX_LISTED = 1_000;

export async function prune(scope: Scope): Promise<Report> {
  const { inputs, deps } = scope;
  const plan = await planOf(scope);
  if (inputs.dryRun) {
    for (const spent of plan.remove) deps.runner.log(`would remove ${sentence(spent)}`);
    return report(scope, plan, { removed: [], failed: [] });
  }
  deps.runner.leaves(
    `up to ${plan.remove.length} snapshots were being removed; the next run removes the rest`,
  );
  const pruned = await pruneSnapshots(plan, deps.snapshots, (spent) =>
    deps.runner.log(`removed ${sentence(spent)}`),
  );
  return report(scope, plan, pruned);
}

async function planOf({ inputs, deps, declarations, environment, clusters }: Scope) {
  const existing = await listExisting(deps.snapshots, clusters);
  const sourcePools = clusters.flatMap(({ nodePools }) => nodePools.map(({ id }) => id));
  // A pool of any cluster may have been made from a snapshot, also one outside of the fleet.
  const subscriptions = subscriptionsOf(clusters.map(({ id }) => id));
  const lists = await Promise.all(subscriptions.map((id) => deps.inventory.listClusters(id)));
  return planPrune({
    snapshots: findSnapshots(existing, {
      environment: environment.name,
      kind: inputs.kind,
      ...(inputs.nodePools.length > 0 && { sourcePools }),
    }),
    clusters: lists.flat(),
    keep: inputs.keep ?? workspaceOf(declarations).spec.snapshots.keep,
    maxAgeMilliseconds: inputs.maxAgeMilliseconds,
    now: deps.now(),
  });
}

function report(scope: Scope, plan: PrunePlan, { removed, failed }: PrunedSnapshots): Report {
  const told = scope.inputs.dryRun ? plan.remove : removed;
  const failure = failed[0]?.error;
  return {
    outputs: {
      changed: String(removed.length > 0),
      removed: String(removed.length),
      "snapshot-ids": JSON.stringify(told.slice(0, MAX_LISTED).map(({ snapshot }) => snapshot.id)),
      "in-use": JSON.stringify(
        plan.inUse.slice(0, MAX_LISTED).map(({ snapshot, pool }) => ({ id: snapshot.id, pool })),
      ),
    },
    summary: summary(scope, plan, { removed, failed }),
    ...(failure !== undefined && { failure }),
  };
}

function summary(
  { inputs, environment }: Scope,
  plan: PrunePlan,
  { removed, failed }: PrunedSnapshots,
): string {
  const gone = new Set(removed.map(({ snapshot }) => snapshot.id));
  const verdict = inputs.dryRun
    ? `**${plan.remove.length} would be removed**, ${plan.inUse.length} in use, ${plan.kept} kept.`
    : `**${removed.length} removed**, ${plan.inUse.length} in use, ${plan.kept} kept, ${plan.remove.length - removed.length} left over.`;
  const rows = [
    ...failed.map(({ snapshot, error }) => [snapshot.name, "failed", error.message]),
    ...plan.inUse.map(({ snapshot, pool }) => [snapshot.name, "in use", `by ${pool}`]),
    ...plan.remove
      .slice(0, MAX_LISTED)
      .filter(({ snapshot }) => inputs.dryRun || gone.has(snapshot.id))
      .map(({ snapshot, reason }) => [
        snapshot.name,
        inputs.dryRun ? "would be removed" : "removed",
        reason,
      ]),
  ];
  const table = rows.length === 0 ? [] : [markdownTable(["Snapshot", "", ""], rows)];
  return [`## Snapshots of ${environment.name} pruned`, verdict, ...table].join("\n\n");
}

function sentence({ snapshot, reason }: SpentSnapshot): string {
  return `${snapshot.id}: ${reason}`;
}
