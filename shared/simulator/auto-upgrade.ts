import { compareVersions } from "../core/node-image.ts";
import { isReached, planUpgrade, upgradeCluster } from "./cluster-upgrade.ts";
import { isOlderImage } from "./images.ts";
import { windowAt } from "./maintenance-window.ts";
import { SimulationError } from "./model.ts";
import type { ClusterUpgrade, Instant, WindowName } from "./model.ts";
import type { ClusterState } from "./state.ts";

const HOUR = 3_600_000;
/** Without a window AKS chooses the time itself and does not say which: within a day of the release. */
const DELAY_WITHOUT_WINDOW = 24 * HOUR;
/** A busy cluster is looked at again. */
const RETRY_WHEN_BUSY = HOUR;

interface DueUpgrade {
  readonly upgrade: ClusterUpgrade;
  readonly window: WindowName;
}

/**
 * AKS's own upgrades. Whoever changes what they depend on calls this: nothing is polled, so a failed upgrade is
 * tried again with the next release or the next change of channel or window.
 */
export function considerAutoUpgrade(cluster: ClusterState): void {
  const { timeline } = cluster.kernel;
  const due = dueUpgrade(cluster);
  const appointed = cluster.autoUpgradeDue;
  // One release after another must not put an upgrade off for ever.
  const stays = due !== undefined && !cluster.maintenanceWindows.has(due.window);
  if (appointed !== undefined && stays) return;
  if (appointed !== undefined) appointed.cancelled = true;
  cluster.autoUpgradeDue = undefined;
  const at = due && beginsAt(cluster, due.window);
  if (at !== undefined) cluster.autoUpgradeDue = timeline.at(at, () => begin(cluster));
}

function beginsAt(cluster: ClusterState, name: WindowName): Instant | undefined {
  const { now } = cluster.kernel.timeline;
  const window = cluster.maintenanceWindows.get(name);
  if (window === undefined) return now + DELAY_WITHOUT_WINDOW;
  const state = windowAt(window, now);
  return state.open ? now : state.opensAt;
}

function begin(cluster: ClusterState): void {
  cluster.autoUpgradeDue = undefined;
  const due = dueUpgrade(cluster);
  if (due === undefined || !cluster.alive || cluster.powerState === "Stopped") return;
  const isBusy = [cluster, ...cluster.pools.values()].some(({ operation }) => operation);
  if (isBusy) {
    const { timeline } = cluster.kernel;
    cluster.autoUpgradeDue = timeline.after(RETRY_WHEN_BUSY, () => beginInWindow(cluster, due));
    return;
  }
  try {
    const operation = upgradeCluster(cluster, due.upgrade);
    operation.whenEnded.push(() => {
      if (operation.status === "Succeeded") considerAutoUpgrade(cluster);
    });
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
  }
}

/** The window may have closed while the cluster was busy. */
function beginInWindow(cluster: ClusterState, { window }: DueUpgrade): void {
  const held = cluster.maintenanceWindows.get(window);
  const isClosed = held !== undefined && !windowAt(held, cluster.kernel.timeline.now).open;
  if (isClosed) considerAutoUpgrade(cluster);
  else begin(cluster);
}

/** Kubernetes versions go before node images; undefined when the channels have nothing to do. */
function dueUpgrade(cluster: ClusterState): DueUpgrade | undefined {
  const { upgradeChannel, nodeOsUpgradeChannel } = cluster.autoUpgrade;
  const kubernetesVersion = targetVersion(cluster);
  if (kubernetesVersion !== undefined) {
    const upgrade = { type: "Full", kubernetesVersion } as const;
    return { upgrade, window: "aksManagedAutoUpgradeSchedule" };
  }
  const byCluster = upgradeChannel === "node-image";
  const bySystem = nodeOsUpgradeChannel === "NodeImage" || nodeOsUpgradeChannel === "SecurityPatch";
  if (!byCluster && !bySystem) return undefined;
  const isPatch = !byCluster && nodeOsUpgradeChannel === "SecurityPatch";
  const upgrade = isPatch ? securityPatch(cluster) : ({ type: "NodeImageOnly" } as const);
  if (isReached(planUpgrade(cluster, upgrade))) return undefined;
  const window = bySystem ? "aksManagedNodeOSUpgradeSchedule" : "aksManagedAutoUpgradeSchedule";
  return { upgrade, window };
}

/** Linux only: "Windows-based nodes are automatically skipped". Source: update orchestration concept, SecurityPatch */
function securityPatch({ kernel, region }: ClusterState): ClusterUpgrade {
  return {
    type: "NodeImageOnly",
    imageFor: ({ osType, snapshotId, imageFamily, nodeImageVersion }) => {
      if (osType === "Windows" || snapshotId !== undefined) return undefined;
      const latest = kernel.images.latest(region, imageFamily);
      return latest !== undefined && isOlderImage(nodeImageVersion, latest) ? latest : undefined;
    },
  };
}

/** Source: learn.microsoft.com/azure/aks/auto-upgrade-cluster; minor versions are taken one at a time. */
function targetVersion(cluster: ClusterState): string | undefined {
  const { kubernetesVersions } = cluster.kernel;
  const current = minorOf(cluster.kubernetesVersion);
  const newest = minorOf(kubernetesVersions.toSorted(compareVersions).at(-1) ?? "0.0.0");
  const goal = { patch: current, stable: newest - 1, rapid: newest, "node-image": 0, none: 0 };
  const wanted = goal[cluster.autoUpgrade.upgradeChannel];
  if (wanted < current) return undefined;
  const next = wanted > current ? current + 1 : current;
  const target = kubernetesVersions
    .filter((version) => minorOf(version) === next)
    .toSorted(compareVersions)
    .at(-1);
  if (target === undefined || compareVersions(target, cluster.kubernetesVersion) <= 0) {
    return undefined;
  }
  return target;
}

function minorOf(version: string): number {
  return Number(version.split(".")[1] ?? 0);
}
