import { compareVersions } from "../core/node-image.ts";
import { imageExpiry } from "./expiry.ts";
import type { NodePoolSnapshot } from "./ports.ts";
import { vmFamily } from "./vm-size.ts";

export interface SnapshotUse {
  readonly snapshot: NodePoolSnapshot;
  /** Size of the node pool that is to be made from it or brought to it. */
  readonly vmSize: string;
  /** Version of the control plane, once there is one. */
  readonly controlPlaneVersion?: string | undefined;
  /** Milliseconds since the Unix epoch, by Azure's clock. */
  readonly now: number;
}

/**
 * Why no node pool may run what the snapshot holds; undefined when one may.
 * Source: https://learn.microsoft.com/azure/aks/node-pool-snapshot (limitations)
 */
export function useProblem(use: SnapshotUse): string | undefined {
  const { snapshot, vmSize, controlPlaneVersion, now } = use;
  if (vmFamily(vmSize) !== vmFamily(snapshot.vmSize)) {
    return `it was taken of ${snapshot.vmSize}, and ${vmSize} is of another VM family`;
  }
  const expiry = imageExpiry(snapshot.nodeImageVersion);
  if (expiry !== undefined && now > expiry) {
    const day = new Date(expiry).toISOString().slice(0, 10);
    return `its node image ${snapshot.nodeImageVersion} expired on ${day}: AKS upgrades to an image for 90 days`;
  }
  if (
    controlPlaneVersion !== undefined &&
    compareVersions(snapshot.kubernetesVersion, controlPlaneVersion) > 0
  ) {
    return `it holds Kubernetes ${snapshot.kubernetesVersion}, newer than the control plane's ${controlPlaneVersion}`;
  }
  return undefined;
}
