import { parseArmId } from "../../shared/core/arm-id.ts";
import type { ArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { findSnapshots } from "../../shared/snapshot/find.ts";
import type { SnapshotWish } from "../../shared/snapshot/find.ts";
import type { NodePoolSnapshot, SnapshotPort } from "../../shared/snapshot/ports.ts";
import { useProblem } from "../../shared/snapshot/use.ts";
import { armIdOf } from "./inputs.ts";

export const SNAPSHOTS = ["newest-proven"] as const;

export interface SnapshotSource {
  readonly snapshotId: ArmId | undefined;
  readonly snapshot: (typeof SNAPSHOTS)[number] | undefined;
  /** Whose proven snapshots are meant. */
  readonly environment: string | undefined;
}

/** The snapshot that a step means; undefined when it names none. */
export async function readSnapshotSource(
  deps: { readonly snapshots: SnapshotPort; now(): number },
  source: SnapshotSource,
  wish: Omit<SnapshotWish, "environment" | "kind"> & { readonly cluster: ArmId },
): Promise<NodePoolSnapshot | undefined> {
  const { snapshotId, snapshot, environment } = source;
  if (snapshotId === undefined && snapshot === undefined) return undefined;
  if (snapshotId !== undefined && snapshot !== undefined) {
    throw new FleetwrightError("invalid-input", "snapshot-id and snapshot are both set", {
      remedy: "leave one of them out",
    });
  }
  if (snapshotId !== undefined) return named(deps.snapshots, snapshotId);
  if (environment === undefined) {
    throw new FleetwrightError("invalid-input", "input environment is required for newest-proven", {
      remedy: "set `environment` under `with:`",
    });
  }
  return newestProven(deps, { ...wish, environment, kind: "proven" });
}

async function named(port: SnapshotPort, id: ArmId): Promise<NodePoolSnapshot> {
  armIdOf("snapshot-id", id);
  const found = await port.getSnapshot(id);
  if (found !== undefined) return found;
  throw new FleetwrightError("not-found", `snapshot ${id} does not exist`, {
    subject: id,
    remedy: "check snapshot-id, and that this identity may read it",
  });
}

/** An expired one is passed over: the next may still do. */
async function newestProven(
  deps: { readonly snapshots: SnapshotPort; now(): number },
  { cluster, ...wish }: SnapshotWish & { readonly cluster: ArmId },
): Promise<NodePoolSnapshot> {
  const existing = await deps.snapshots.listSnapshots(parseArmId(cluster).subscription);
  const fitting = findSnapshots(existing, wish);
  const usable = fitting.find(
    (snapshot) =>
      useProblem({ snapshot, vmSize: wish.vmSize ?? snapshot.vmSize, now: deps.now() }) ===
      undefined,
  );
  if (usable !== undefined) return usable;
  const why = fitting.length === 0 ? "" : `, ${fitting.length} expired`;
  const traits = [wish.imageFamily, wish.vmSize, wish.osSku].filter((trait) => trait !== undefined);
  throw new FleetwrightError(
    "not-found",
    `environment ${wish.environment} has no proven snapshot${traits.length === 0 ? "" : ` for ${traits.join(", ")}`}${why}`,
    { remedy: "take one with the snapshot action (operation: take, kind: proven)" },
  );
}
