import { compareVersions } from "../../shared/core/node-image.ts";
import { isOlderImage } from "../../shared/simulator/images.ts";
import { IMAGE_VALID_DAYS, isExpired } from "../../shared/simulator/image-validity.ts";
import type { Instant, NodePool } from "../../shared/simulator/model.ts";
import { isMinorSupported } from "./kubernetes-versions.ts";

/** Source: learn.microsoft.com/azure/aks/node-pool-snapshot, before you begin */
const FIRST_POOLS_WITH_SNAPSHOTS = Date.UTC(2021, 10, 10);

/** What a snapshot says: the read-only fields that it copied from its source pool. */
export interface SnapshotContent {
  readonly id: string;
  readonly kubernetesVersion: string;
  readonly nodeImageVersion: string;
  readonly osType: "Linux" | "Windows";
  readonly osSku: string;
  readonly vmSize: string;
}

export interface SnapshotUse {
  readonly snapshot: SnapshotContent;
  readonly vmSize: string;
  readonly now: Instant;
  readonly supportedVersions: readonly string[];
}

/** Why no snapshot can be taken of this pool; undefined when it can. */
export function takeProblem(
  pool: Pick<NodePool, "name" | "provisioningState" | "createdAt">,
  poolRegion: string,
  snapshotRegion: string,
): string | undefined {
  if (poolRegion.toLowerCase() !== snapshotRegion.toLowerCase()) {
    return `The snapshot must be in the region of its source node pool: '${poolRegion}', not '${snapshotRegion}'.`;
  }
  if (pool.provisioningState !== "Succeeded") {
    return `The source node pool '${pool.name}' is in state '${pool.provisioningState}': it must be 'Succeeded'.`;
  }
  if (pool.createdAt < FIRST_POOLS_WITH_SNAPSHOTS) {
    return `The source node pool '${pool.name}' was created before 2021-11-10, when snapshots became available.`;
  }
  return undefined;
}

/** Why no pool of this size may be made from the snapshot now; undefined when it may. */
export function useProblem(use: SnapshotUse): string | undefined {
  const { snapshot, vmSize, now, supportedVersions } = use;
  if (vmFamily(vmSize) !== vmFamily(snapshot.vmSize)) {
    return `The node pool's VM size '${vmSize}' is not of the family of the snapshot's '${snapshot.vmSize}'.`;
  }
  if (!isMinorSupported(supportedVersions, snapshot.kubernetesVersion)) {
    return `The snapshot's Kubernetes version ${snapshot.kubernetesVersion} is out of support.`;
  }
  if (isExpired(snapshot.nodeImageVersion, now)) {
    return `The snapshot's node image ${snapshot.nodeImageVersion} has expired: images are valid for ${IMAGE_VALID_DAYS} days.`;
  }
  return undefined;
}

/** An image is of one operating system; a body that names another contradicts its snapshot. */
export function systemProblem(
  snapshot: SnapshotContent,
  pool: Pick<NodePool, "osType" | "osSku">,
): string | undefined {
  if (pool.osType === snapshot.osType && pool.osSku === snapshot.osSku) return undefined;
  return `The snapshot has ${snapshot.osType} ${snapshot.osSku}, the node pool asks for ${pool.osType} ${pool.osSku}.`;
}

/** Why this pool may not be upgraded to the snapshot; undefined when it may. */
export function upgradeProblem(
  use: Omit<SnapshotUse, "vmSize"> & {
    readonly pool: NodePool;
    readonly allowDowngrade: boolean;
    /** With the image alone the Kubernetes version stays; without, it must grow. */
    readonly nodeImageOnly: boolean;
  },
): string | undefined {
  const { snapshot, pool, allowDowngrade, nodeImageOnly } = use;
  const problem = useProblem({ ...use, vmSize: pool.vmSize }) ?? systemProblem(snapshot, pool);
  if (problem !== undefined) return problem;
  const steps = compareVersions(snapshot.kubernetesVersion, pool.kubernetesVersion);
  if (nodeImageOnly && steps !== 0) {
    return `The snapshot has Kubernetes ${snapshot.kubernetesVersion}, the node pool ${pool.kubernetesVersion}: a node image upgrade cannot change it.`;
  }
  if (!nodeImageOnly && steps === 0 && snapshot.nodeImageVersion !== pool.nodeImageVersion) {
    return `The snapshot has the node pool's Kubernetes version ${pool.kubernetesVersion}: use upgradeNodeImageVersion.`;
  }
  const isOlder = steps < 0 || isOlderImage(snapshot.nodeImageVersion, pool.nodeImageVersion);
  if (isOlder && !allowDowngrade) {
    return `The snapshot (${snapshot.kubernetesVersion}, ${snapshot.nodeImageVersion}) is older than the node pool (${pool.kubernetesVersion}, ${pool.nodeImageVersion}).`;
  }
  return undefined;
}

/** `Standard_D8pds_v5` → `dpds_v5`: the size without the number of its cores. */
export function vmFamily(vmSize: string): string {
  const match = /^Standard_([A-Z]+)\d+(?:-\d+)?([a-z]*)((?:_[^_]+)*)$/i.exec(vmSize);
  return (match ? `${match[1]}${match[2]}${match[3]}` : vmSize).toLowerCase();
}
