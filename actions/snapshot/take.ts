import { FleetwrightError } from "../../shared/core/errors.ts";
import { runName } from "../../shared/declaration/strategy.ts";
import { planSnapshots } from "../../shared/snapshot/plan.ts";
import type { SnapshotKind, SnapshotPlan } from "../../shared/snapshot/plan.ts";
import { takeSnapshots } from "../../shared/snapshot/take.ts";
import { findRelease, findStrategy, workspaceOf } from "../runner/declared.ts";
import type { Report } from "../runner/report.ts";
import { listExisting } from "./existing.ts";
import type { Scope } from "./inputs.ts";
import { reportSnapshots } from "./report-snapshots.ts";
import { unprovedPools } from "./unproved-pools.ts";

export async function take(scope: Scope): Promise<Report> {
  const { inputs, deps } = scope;
  const kind = requiredKind(inputs.kind);
  const plan = await planTake(scope, kind);
  deps.runner.leaves(
    `up to ${plan.take.length} snapshots were being taken; the next run takes those that are missing`,
  );
  const result = await takeSnapshots(plan, deps.snapshots);
  for (const { id, nodeImageVersion } of result.taken) {
    deps.runner.log(`took ${id} of ${nodeImageVersion}`);
  }
  return reportSnapshots({ kind, environment: inputs.environment }, plan, result);
}

function requiredKind(kind: SnapshotKind | undefined): SnapshotKind {
  if (kind !== undefined) return kind;
  throw new FleetwrightError("invalid-input", "input kind is required for operation: take", {
    remedy: "set `kind` to `outgoing` or `proven` under `with:`",
  });
}

async function planTake(
  { inputs, deps, declarations, environment, clusters }: Scope,
  kind: SnapshotKind,
): Promise<SnapshotPlan> {
  const { name, groups } = environment;
  const release = findRelease(declarations, inputs.release ?? name);
  const { resourceGroup } = workspaceOf(declarations).spec.snapshots;
  return planSnapshots({
    kind,
    environment: name,
    generation: release.metadata.generation,
    run: runName(release, findStrategy(declarations, release).spec, groups),
    ...(resourceGroup !== undefined && { resourceGroup }),
    clusters,
    existing: await listExisting(deps.snapshots, clusters),
    ...(kind === "proven" && {
      pins: release.spec.nodeImages ?? {},
      unproved: await unprovedPools(deps, clusters),
    }),
  });
}
