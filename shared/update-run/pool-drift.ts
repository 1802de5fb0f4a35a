import { parseNodeImage } from "../core/node-image.ts";
import type { Release } from "../declaration/documents.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import type { Drift } from "./drift.ts";

/** Clusters and node pools against what their release says that they run. */
export function poolDrift(
  { spec }: Release,
  clusters: readonly ManagedCluster[],
): readonly Drift[] {
  return clusters.flatMap((cluster) => [
    ...versionDrift(spec.kubernetesVersion, cluster),
    ...cluster.nodePools.flatMap((pool): readonly Drift[] => {
      const { family, version } = parseNodeImage(pool.nodeImageVersion);
      const pins = spec.nodeImages ?? {};
      if (Object.keys(pins).length === 0 || pins[family] === version) return [];
      const subject = `${cluster.name}/${pool.name}`;
      if (pins[family] === undefined) {
        const detail = `runs ${pool.nodeImageVersion}, the release pins no image of its family`;
        return [{ kind: "pool-image-not-pinned", subject, detail }];
      }
      const detail = `runs ${pool.nodeImageVersion}, the release pins ${pins[family]}`;
      return [{ kind: "pool-image", subject, detail }];
    }),
  ]);
}

/** `1.33` is declared for whatever patch of it runs. */
function versionDrift(
  wanted: string | undefined,
  { name, kubernetesVersion }: ManagedCluster,
): readonly Drift[] {
  if (wanted === undefined) return [];
  if (kubernetesVersion === wanted || kubernetesVersion.startsWith(`${wanted}.`)) return [];
  const detail = `runs Kubernetes ${kubernetesVersion}, the release says ${wanted}`;
  return [{ kind: "kubernetes-version", subject: name, detail }];
}
