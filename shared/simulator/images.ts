import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import type { ImageCatalog, Instant } from "./model.ts";

export interface ImageTraits {
  readonly osType: "Linux" | "Windows";
  readonly osSku: string;
  readonly vmSize: string;
  readonly kubernetesVersion: string;
}

/** First Kubernetes version whose default Ubuntu is 24.04 instead of 22.04. */
const UBUNTU_2404_SINCE = "1.34";
/** First Kubernetes version whose Azure Linux is 3.0 instead of 2.0. */
const AZURE_LINUX_3_SINCE = "1.32";
/** A lower-case `p` among the features after the vCPU count: `Standard_D8pds_v5`. */
const ARM64_SIZE = /^Standard_[A-Z]+\d+(-\d+)?[a-z]*p[a-z]*(_|$)/;

/** All sizes are taken for generation 2, the only one that new sizes have. */
export function imageFamily(pool: ImageTraits): string {
  if (pool.osType === "Windows") return windowsFamily(pool.osSku);
  const arm64 = ARM64_SIZE.test(pool.vmSize) ? "arm64" : "";
  const since = (version: string) => compareVersions(pool.kubernetesVersion, version) >= 0;
  switch (pool.osSku) {
    case "Ubuntu2204":
      return ubuntuFamily("2204", arm64);
    case "Ubuntu2404":
      return ubuntuFamily("2404", arm64);
    case "AzureLinux3":
      return `AKSAzureLinux-V3gen2${arm64}`;
    case "AzureLinux":
      return `AKSAzureLinux-V${since(AZURE_LINUX_3_SINCE) ? 3 : 2}gen2${arm64}`;
    case "Mariner":
    case "CBLMariner":
      return `AKSCBLMariner-V2gen2${arm64}`;
    default:
      return ubuntuFamily(since(UBUNTU_2404_SINCE) ? "2404" : "2204", arm64);
  }
}

function ubuntuFamily(release: string, arm64: string): string {
  return `AKSUbuntu-${release}gen2${arm64}containerd`;
}

function windowsFamily(osSku: string): string {
  const release = /^Windows(\d{4})$/.exec(osSku)?.[1] ?? "2022";
  return `AKSWindows-${release}-containerd`;
}

/** Region names come as `westeurope` and as `West Europe`. */
export function normalRegion(region: string): string {
  return region.replaceAll(" ", "").toLowerCase();
}

export interface ReleaseClock {
  readonly now: Instant;
}

export class SimulatedImageCatalog implements ImageCatalog {
  readonly #clock: ReleaseClock;
  readonly #onRelease: (region: string, nodeImageVersion: string) => void;
  readonly #regions = new Map<string, Map<string, Instant>>();

  constructor(clock: ReleaseClock, onRelease: (region: string, image: string) => void) {
    this.#clock = clock;
    this.#onRelease = onRelease;
  }

  release(region: string, nodeImageVersion: string): void {
    const images = this.#imagesOf(region);
    if (images.has(nodeImageVersion)) return;
    images.set(nodeImageVersion, this.#clock.now);
    this.#onRelease(region, nodeImageVersion);
  }

  latest(region: string, family: string): string | undefined {
    return newest([...this.#imagesOf(region).keys()], family);
  }

  list(region: string): { readonly nodeImageVersion: string; readonly releasedAt: Instant }[] {
    return [...this.#imagesOf(region)].map(([nodeImageVersion, releasedAt]) => ({
      nodeImageVersion,
      releasedAt,
    }));
  }

  latestCommon(regions: readonly string[], family: string): string | undefined {
    const [first, ...others] = regions;
    if (first === undefined) return undefined;
    const shared = [...this.#imagesOf(first).keys()].filter((image) =>
      others.every((region) => this.has(region, image)),
    );
    return newest(shared, family);
  }

  has(region: string, nodeImageVersion: string): boolean {
    return this.#imagesOf(region).has(nodeImageVersion);
  }

  #imagesOf(region: string): Map<string, Instant> {
    const key = normalRegion(region);
    let images = this.#regions.get(key);
    if (images === undefined) {
      images = new Map();
      this.#regions.set(key, images);
    }
    return images;
  }
}

/** Only images of one family have an order. */
export function isOlderImage(nodeImageVersion: string, than: string): boolean {
  const [left, right] = [parseNodeImage(nodeImageVersion), parseNodeImage(than)];
  return left.family === right.family && compareVersions(left.version, right.version) < 0;
}

function newest(nodeImageVersions: readonly string[], family: string): string | undefined {
  let best: { readonly nodeImageVersion: string; readonly version: string } | undefined;
  for (const nodeImageVersion of nodeImageVersions) {
    const image = parseNodeImage(nodeImageVersion);
    if (image.family !== family) continue;
    if (best === undefined || compareVersions(image.version, best.version) > 0) {
      best = { nodeImageVersion, version: image.version };
    }
  }
  return best?.nodeImageVersion;
}
