import { parseNodeImage } from "../core/node-image.ts";
import { seenAfter } from "./cluster-upgrade.ts";
import type { SimulatedCluster } from "./cluster.ts";
import { isOlderImage } from "./images.ts";
import { IMAGE_VALID_DAYS, isExpired } from "./image-validity.ts";
import type { Kernel } from "./kernel.ts";
import { SimulationError } from "./model.ts";
import type { ClusterUpgrade, Instant, MaintenanceWindow, NodePool, RunSpec } from "./model.ts";
import { windowAt } from "./maintenance-window.ts";

export type MemberDecision =
  | { readonly kind: "reached" }
  | { readonly kind: "upgrade"; readonly upgrade: ClusterUpgrade }
  | { readonly kind: "pending"; readonly code: string; readonly message: string }
  | { readonly kind: "closed"; readonly opensAt: Instant | undefined }
  | { readonly kind: "unresolvable" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export interface RunTarget {
  readonly kernel: Kernel;
  readonly spec: RunSpec;
  /** One image per family, chosen or given when the run started; undefined for `Latest`. */
  readonly selected: readonly string[] | undefined;
}

/** The newest images that every region of the members has, one per family that pools have after the upgrade. */
export function selectConsistentImages(
  { kernel, spec }: Pick<RunTarget, "kernel" | "spec">,
  clusters: readonly SimulatedCluster[],
): string[] {
  const regions = [...new Set(clusters.map(({ region }) => region))];
  const families = new Set<string>();
  for (const cluster of clusters) {
    for (const pool of cluster.pools.values()) {
      families.add(seenAfter(pool, spec.upgrade.kubernetesVersion).imageFamily);
    }
  }
  return [...families]
    .toSorted()
    .map((family) => kernel.images.latestCommon(regions, family))
    .filter((image) => image !== undefined);
}

/** What to do with a member when its turn comes. */
export function decideMember(target: RunTarget, cluster: SimulatedCluster): MemberDecision {
  if (cluster.powerState === "Stopped") {
    const message = `Managed cluster '${cluster.name}' is stopped.`;
    return { kind: "failed", code: "OperationNotAllowed", message };
  }
  const obstacle = unavailable(target, cluster);
  if (obstacle !== undefined) return obstacle;
  const upgrade = upgradeOf(target);
  try {
    if (isAtVersion(target, cluster) || cluster.isUpgradeReached(upgrade)) {
      return { kind: "reached" };
    }
    const expired = expiredImage(target, cluster, upgrade);
    if (expired !== undefined) return expired;
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    return { kind: "failed", code: error.code, message: error.message };
  }
  const window = windowOf(target.spec, cluster);
  const state = window && windowAt(window, target.kernel.timeline.now);
  if (state?.open === false) return { kind: "closed", opensAt: state.opensAt };
  return { kind: "upgrade", upgrade };
}

/** One reading of "at the target Kubernetes version", which asks for no images. */
function isAtVersion({ kernel, spec }: RunTarget, cluster: SimulatedCluster): boolean {
  const { type, kubernetesVersion } = spec.upgrade;
  const skips = kernel.rules.skipFullAtVersion && type === "Full";
  return skips && cluster.kubernetesVersion === kubernetesVersion;
}

function expiredImage(
  { kernel }: RunTarget,
  cluster: SimulatedCluster,
  upgrade: ClusterUpgrade,
): MemberDecision | undefined {
  if (!kernel.rules.expiredImageFailsMember) return undefined;
  const { now } = kernel.timeline;
  const image = cluster.imagesOfUpgrade(upgrade).find((one) => isExpired(one, now));
  if (image === undefined) return undefined;
  const message = `node image ${image} has expired: images are valid for ${IMAGE_VALID_DAYS} days.`;
  return { kind: "failed", code: "NodeImageVersionExpired", message };
}

/** Source: learn.microsoft.com/azure/kubernetes-fleet/concepts-update-orchestration, planned maintenance */
function windowOf({ upgrade }: RunSpec, cluster: SimulatedCluster): MaintenanceWindow | undefined {
  return cluster.maintenanceWindows.get(
    upgrade.type === "NodeImageOnly"
      ? "aksManagedNodeOSUpgradeSchedule"
      : "aksManagedAutoUpgradeSchedule",
  );
}

export const NO_WINDOW_RANK = 2;
const FOUR_HOURS = 4 * 3_600_000;

/** Open windows first, then those that open within four hours, then clusters without one, then closed ones. */
export function windowRank(spec: RunSpec, cluster: SimulatedCluster, now: Instant): number {
  const window = windowOf(spec, cluster);
  if (window === undefined) return NO_WINDOW_RANK;
  const state = windowAt(window, now);
  if (state.open) return 0;
  return state.opensAt !== undefined && state.opensAt - now <= FOUR_HOURS ? 1 : 3;
}

function upgradeOf(target: RunTarget): ClusterUpgrade {
  const { spec, selected } = target;
  const version = spec.upgrade.kubernetesVersion;
  return {
    type: spec.upgrade.type,
    ...(version !== undefined && { kubernetesVersion: version }),
    ...(selected !== undefined && {
      imageFor: (pool: NodePool) => pinned(target, selected, pool),
      dropSnapshots: true,
    }),
  };
}

/** The image that the run has for a pool; one that the pool is ahead of moves nobody back but by name. */
function pinned(
  { kernel, spec }: RunTarget,
  selected: readonly string[],
  pool: NodePool,
): string | undefined {
  const image = selected.find((one) => parseNodeImage(one).family === pool.imageFamily);
  if (image === undefined || !isOlderImage(image, pool.nodeImageVersion)) return image;
  if (spec.nodeImageSelection.type === "Consistent") return pool.nodeImageVersion;
  return kernel.rules.allowCustomDowngrade ? image : undefined;
}

/**
 * What a run to chosen images says of a member of which it moves some pools alone; undefined when it moves all.
 * Source of the words: learn.microsoft.com/azure/kubernetes-fleet/howto-monitor-update-runs, the sample of a run
 */
export function passedPools(target: RunTarget, cluster: SimulatedCluster): string | undefined {
  const { spec, selected } = target;
  const { type, kubernetesVersion = cluster.kubernetesVersion } = spec.upgrade;
  if (selected === undefined) return undefined;
  const passed = [...cluster.pools.values()].flatMap((pool) => {
    const after = seenAfter(pool, spec.upgrade.kubernetesVersion);
    const image = selected.find((one) => parseNodeImage(one).family === after.imageFamily);
    const isMoved = type === "Full" && pool.kubernetesVersion !== kubernetesVersion;
    if (image === undefined || isMoved) return [];
    const wanted = pinned(target, selected, after) ?? pool.nodeImageVersion;
    if (wanted !== pool.nodeImageVersion) return [];
    return `current node image version "${pool.nodeImageVersion}" of agent pool "${pool.name}" is already at or ahead of target upgrade version "${image}"`;
  });
  if (passed.length === 0) return undefined;
  return `Skipped upgrade of following agent pool(s): ${passed.join("; ")}.`;
}

function unavailable(target: RunTarget, cluster: SimulatedCluster): MemberDecision | undefined {
  const { kernel, spec, selected } = target;
  const version = spec.upgrade.kubernetesVersion;
  if (version !== undefined && !kernel.kubernetesVersions.includes(version)) {
    const message = `target Kubernetes version "${version}" is not available in region "${cluster.region}"`;
    return { kind: "pending", code: "K8sVersionNotAvailable", message };
  }
  if (selected === undefined || spec.upgrade.type === "ControlPlaneOnly") return undefined;
  for (const pool of cluster.pools.values()) {
    const image = pinned(target, selected, seenAfter(pool, version));
    if (image === undefined) {
      if (spec.nodeImageSelection.type === "Consistent") return { kind: "unresolvable" };
      continue;
    }
    if (pool.nodeImageVersion === image || kernel.images.has(cluster.region, image)) continue;
    const message = `target upgrade node image version "${image}" for agent pool ${pool.name} is not available in region "${cluster.region}"`;
    return { kind: "pending", code: "NodeImageVersionNotAvailable", message };
  }
  return undefined;
}
