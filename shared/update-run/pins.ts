import { FleetwrightError } from "../core/errors.ts";
import { parseNodeImage } from "../core/node-image.ts";
import type { Release } from "../declaration/documents.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";

/** Families named in one message; the rest is counted. */
const MAX_NAMED = 5;

/**
 * Fleet skips pools of a family that has no pin without a word (AKS#3151). Only for NodeImageOnly is the
 * family known beforehand: a new Kubernetes version may bring another one.
 */
export function assertPinned(release: Release, clusters: readonly ManagedCluster[]): void {
  if (release.spec.upgradeType !== "NodeImageOnly") return;
  if ((release.spec.nodeImageSelection ?? "Custom") !== "Custom") return;
  const pinned = new Set(Object.keys(release.spec.nodeImages ?? {}));
  const missing = new Map<string, string>();
  for (const cluster of clusters) {
    for (const pool of cluster.nodePools) {
      const { family } = parseNodeImage(pool.nodeImageVersion);
      if (!pinned.has(family) && !missing.has(family)) {
        missing.set(family, `${family} (${cluster.name}/${pool.name})`);
      }
    }
  }
  if (missing.size === 0) return;
  const named = [...missing.values()].slice(0, MAX_NAMED).join(", ");
  const rest = missing.size > MAX_NAMED ? ` and ${missing.size - MAX_NAMED} more` : "";
  throw new FleetwrightError(
    "preflight-failed",
    `release ${release.metadata.name} pins no image for ${named}${rest}; the run would skip these node pools`,
    { remedy: "pin one version for each of these families under spec.nodeImages" },
  );
}
