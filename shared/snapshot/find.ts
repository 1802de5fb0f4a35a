import { armKey } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import type { SnapshotKind } from "./plan.ts";
import type { NodePoolSnapshot } from "./ports.ts";
import { TAG_ENVIRONMENT, TAG_KIND } from "./tags.ts";
import { vmFamily } from "./vm-size.ts";

/** What is absent is no condition. */
export interface SnapshotWish {
  readonly environment: string;
  readonly kind?: SnapshotKind | undefined;
  /** Such as `AKSUbuntu-2204gen2containerd`. */
  readonly imageFamily?: string | undefined;
  /** A size whose family is wanted. */
  readonly vmSize?: string | undefined;
  readonly osSku?: string | undefined;
  readonly kubernetesVersion?: string | undefined;
  /** Node pools of which it was taken. */
  readonly sourcePools?: readonly ArmId[] | undefined;
}

/** The snapshots of a wish, newest first: by image when one family is wished for, else by time alone. */
export function findSnapshots(
  snapshots: readonly NodePoolSnapshot[],
  wish: SnapshotWish,
): readonly NodePoolSnapshot[] {
  const sources = wish.sourcePools && new Set(wish.sourcePools.map(armKey));
  return snapshots
    .filter((snapshot) => fits(snapshot, wish))
    .filter(({ sourcePool }) => sources === undefined || sources.has(armKey(sourcePool)))
    .toSorted(wish.imageFamily === undefined ? byTime : byImage);
}

function fits(snapshot: NodePoolSnapshot, wish: SnapshotWish): boolean {
  const { kind, imageFamily, vmSize, osSku, kubernetesVersion } = wish;
  const { family } = parseNodeImage(snapshot.nodeImageVersion);
  return (
    snapshot.tags[TAG_ENVIRONMENT] === wish.environment &&
    (kind === undefined || snapshot.tags[TAG_KIND] === kind) &&
    (imageFamily === undefined || family === imageFamily) &&
    (vmSize === undefined || vmFamily(snapshot.vmSize) === vmFamily(vmSize)) &&
    (osSku === undefined || snapshot.osSku === osSku) &&
    (kubernetesVersion === undefined || snapshot.kubernetesVersion === kubernetesVersion)
  );
}

function byImage(a: NodePoolSnapshot, b: NodePoolSnapshot): number {
  const [left, right] = [parseNodeImage(a.nodeImageVersion), parseNodeImage(b.nodeImageVersion)];
  return compareVersions(right.version, left.version) || byTime(a, b);
}

/** Newest first; equal times by id, so that the answer is always the same. */
export function byTime(a: NodePoolSnapshot, b: NodePoolSnapshot): number {
  return Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.id < b.id ? -1 : 1);
}
