import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import type { UpdateRun } from "./ports.ts";
import type { Rollout } from "./rollout.ts";

/** What a run had to bring to a member, and what of it can be said to be missing without a look at its nodes. */
export interface Targets {
  /** Node image version by node pool; a pool that is scaled to zero has nothing to prove. */
  readonly images: ReadonlyMap<string, string>;
  readonly shortcomings: readonly string[];
}

/** Version by image family: the pins, or what Azure says that it chose; undefined when it does not say. */
export function imagesOf(
  { selectedImages }: Pick<UpdateRun, "selectedImages">,
  { nodeImages, nodeImageSelection = "Custom" }: Rollout,
): Readonly<Record<string, string>> | undefined {
  if (nodeImageSelection === "Custom") return nodeImages;
  const images = selectedImages?.map(parseNodeImage);
  return images && Object.fromEntries(images.map(({ family, version }) => [family, version]));
}

/** The pin of each pool's family; undefined when Azure chose the images and does not say which. A run of the control plane alone leaves every pool its own image. Pure. */
export function targetsOf(
  cluster: ManagedCluster,
  run: Pick<UpdateRun, "selectedImages">,
  rollout: Rollout,
): Targets | undefined {
  const pins = imagesOf(run, rollout);
  const controlPlaneOnly = rollout.upgradeType === "ControlPlaneOnly";
  if (pins === undefined && !controlPlaneOnly) return undefined;
  const images = new Map<string, string>();
  const shortcomings: string[] = [];
  for (const pool of cluster.nodePools.filter(({ count }) => count > 0)) {
    const { family } = parseNodeImage(pool.nodeImageVersion);
    const pin = pins?.[family];
    if (controlPlaneOnly) images.set(pool.name, pool.nodeImageVersion);
    else if (pin !== undefined) images.set(pool.name, `${family}-${pin}`);
    // Fleet skips such a pool without a word (AKS#3151).
    else shortcomings.push(`pool ${pool.name} runs ${family}, for which nothing is pinned`);
  }
  const wanted = rollout.kubernetesVersion;
  if (wanted !== undefined && compareVersions(cluster.kubernetesVersion, wanted) < 0) {
    shortcomings.push(
      `the control plane runs Kubernetes ${cluster.kubernetesVersion}, not ${wanted}`,
    );
  }
  return { images, shortcomings };
}

/** At least what each node must run: a run of the control plane alone leaves the nodes behind. */
export function nodeVersionOf({ upgradeType, kubernetesVersion }: Rollout): string | undefined {
  return upgradeType === "Full" ? kubernetesVersion : undefined;
}
