import { parseArmId } from "../../shared/core/arm-id.ts";
import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { markdownTable } from "../../shared/core/markdown.ts";
import type { SnapshotKind, SnapshotPlan } from "../../shared/snapshot/plan.ts";
import type { NodePoolSnapshot } from "../../shared/snapshot/ports.ts";
import type { TakenSnapshots } from "../../shared/snapshot/take.ts";
import { explain } from "../runner/failure-reason.ts";
import type { Annotation, Report } from "../runner/report.ts";

export interface Asked {
  readonly kind: SnapshotKind;
  readonly environment: string;
}

/** Ids and reasons in JSON outputs: outputs of a job share 1 MB. */
const MAX_LISTED = 1_000;

export function reportSnapshots(
  inputs: Asked,
  plan: SnapshotPlan,
  { taken, failed }: TakenSnapshots,
): Report {
  const snapshots = [...taken, ...plan.captured];
  const failure = failureOf(failed, plan.take.length);
  return {
    outputs: {
      changed: String(taken.length > 0),
      taken: String(taken.length),
      captured: String(plan.captured.length),
      "snapshot-ids": JSON.stringify(snapshots.slice(0, MAX_LISTED).map(({ id }) => id)),
      refused: JSON.stringify(plan.refused.slice(0, MAX_LISTED)),
    },
    annotations: plan.refused.map(({ pool, reason }) => warningOf(inputs, pool, reason)),
    summary: renderSummary(inputs, plan, { taken, failed }),
    ...(failure !== undefined && { failure }),
  };
}

function failureOf(failed: TakenSnapshots["failed"], wanted: number): Error | undefined {
  const first = failed[0]?.error;
  if (first === undefined || failed.length === 1) return first;
  const code = first instanceof FleetwrightError ? first.code : "service-error";
  const message = `${failed.length} of ${wanted} snapshots failed, the first: ${explain(first)}`;
  return new FleetwrightError(code, message, { cause: first });
}

function warningOf(inputs: Asked, pool: ArmId, reason: string): Annotation {
  return {
    kind: "warning",
    title: `no ${inputs.kind} snapshot`,
    message: `${poolName(pool)}: ${reason}`,
  };
}

function renderSummary(
  { kind, environment }: Asked,
  plan: SnapshotPlan,
  { taken, failed }: TakenSnapshots,
): string {
  const verdict = `**${taken.length} taken**, ${plan.captured.length} captured before, ${plan.refused.length} refused, ${failed.length} failed.`;
  const rows = [
    ...failed.map(({ pool, error }) => [poolName(pool), "failed", error.message]),
    ...plan.refused.map(({ pool, reason }) => [poolName(pool), "refused", reason]),
    ...taken.map((snapshot) => snapshotRow(snapshot, "taken")),
    ...plan.captured.map((snapshot) => snapshotRow(snapshot, "captured before")),
  ];
  return [
    `## Snapshots (${kind}) of ${environment}`,
    verdict,
    markdownTable(["Node pool", "", ""], rows),
  ].join("\n\n");
}

function snapshotRow(snapshot: NodePoolSnapshot, state: string): string[] {
  const { name, nodeImageVersion, kubernetesVersion, sourcePool } = snapshot;
  const what = `${name}: ${nodeImageVersion}, Kubernetes ${kubernetesVersion}`;
  return [poolName(sourcePool), state, what];
}

function poolName(pool: ArmId): string {
  return parseArmId(pool).names.join("/");
}
