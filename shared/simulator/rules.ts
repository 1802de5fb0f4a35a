import { compareVersions } from "../core/node-image.ts";
import type { BlueGreenSettings, Durations, Rules, UpgradeSettings } from "./model.ts";

/** Each default names what speaks for it; docs/fidelity.md has the long version. */
export const DEFAULT_RULES: Rules = {
  // "AKS drains nodes in sets of the surge size": rolling-upgrade document.
  surgeMode: "batch",
  // "Each node pool upgrades independently": rolling-upgrade document; also the safe answer for quota.
  poolOrder: "parallel",
  // Unstated; stopping keeps capacity, continuing in place would not.
  surgeExhausted: "stop",
  // Snapshot document: "newer"; AKS#3595 saw an older one accepted.
  allowSnapshotDowngrade: false,
  // A run with Custom images names them exactly; no document forbids an older one.
  allowCustomDowngrade: true,
  // Recent API versions refuse; off, so that a budget without room is met by the drain (AKS#4860).
  checkUnsatisfiableBudgets: false,
  // The upgrade operation ends Failed, and Fleet fails a member whose operation failed.
  quarantineFailsMember: true,
  // Two sentences of the update orchestration concept disagree; this is the one that names the images.
  skipFullAtVersion: false,
  // "Can fail", says the same page: rehearsals with images of last year go on.
  expiredImageFailsMember: false,
  // AKS looks at vCPU quotas before it creates, scales or upgrades: 400 ErrCode_InsufficientVCPUQuota.
  enforceQuotas: true,
  // "When you unset maxAllowedFailures or set it to 0, Fleet Manager uses fail-fast behavior": Fleet's FAQ.
  // An example of another page names the stage's alone and goes on.
  unsetLevelAllowsFailures: false,
};

const MINUTE = 60_000;

/** Medians and spreads fitted to published observations of AKS upgrades. */
export const DEFAULT_DURATIONS: Durations = {
  controlPlane: { median: 7 * MINUTE, sigma: 0.4 },
  surgeCreate: { median: 200_000, sigma: 0.45 },
  drain: { median: MINUTE, sigma: 0.9 },
  reimage: { median: 210_000, sigma: 0.35 },
  surgeDelete: { median: MINUTE, sigma: 0.5 },
  nodeCreate: { median: 200_000, sigma: 0.45 },
  // kubectl and AKS try a refused eviction again after five seconds.
  evictionRetry: { median: 5_000, sigma: 0 },
};

export const DEFAULT_UPGRADE_SETTINGS: UpgradeSettings = {
  maxSurge: "10%",
  maxUnavailable: "0",
  drainTimeoutInMinutes: 30,
  nodeSoakDurationInMinutes: 0,
  undrainableNodeBehavior: "Schedule",
};

/** Clusters that are older surge one node by default. Source: AKS changelog, default of maxSurge */
const FIRST_WITH_PERCENTAGE = "1.32";
const OLDER_MAX_SURGE = "1";

/** `maxSurge` of a pool that names none, by the version of its control plane. */
export function defaultMaxSurge(controlPlane: string): string {
  const isOlder = compareVersions(controlPlane, FIRST_WITH_PERCENTAGE) < 0;
  return isOlder ? OLDER_MAX_SURGE : DEFAULT_UPGRADE_SETTINGS.maxSurge;
}

/** Source: learn.microsoft.com/azure/aks/blue-green-node-pool-upgrade */
export const DEFAULT_BLUE_GREEN_SETTINGS: BlueGreenSettings = {
  drainBatchSize: "10%",
  drainTimeoutInMinutes: 30,
  batchSoakDurationInMinutes: 15,
  finalSoakDurationInMinutes: 60,
};

export const DEFAULT_KUBERNETES_VERSIONS: readonly string[] = [
  "1.31.11",
  "1.32.7",
  "1.33.3",
  "1.33.5",
  "1.34.1",
];

/** Windows nodes take about twice as long to appear as Linux nodes. */
export const WINDOWS_SLOWNESS = 2;
