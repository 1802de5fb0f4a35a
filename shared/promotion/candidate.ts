import { compareVersions, parseNodeImage } from "../core/node-image.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import type { Coverage } from "./lookout.ts";

export interface CandidateInput {
  /** Pins of the release: version by image family. */
  readonly pins: Readonly<Record<string, string>>;
  readonly clusters: readonly ManagedCluster[];
  readonly coverage: Coverage;
  /** Propose only what every region of the environment has; otherwise what any region has. */
  readonly allRegions: boolean;
}

export interface Candidate {
  /** New pins that differ from the release's, by family. */
  readonly nodeImages: Readonly<Record<string, string>>;
  /** Families that wait, with the regions that do not have the newest image yet. */
  readonly waiting: readonly { readonly family: string; readonly regions: readonly string[] }[];
}

/** The pins that an environment could move to. Pure. An image never moves a pin backwards. */
export function findCandidate(input: CandidateInput): Candidate {
  const nodeImages: Record<string, string> = {};
  const waiting: { family: string; regions: readonly string[] }[] = [];
  for (const [family, pin] of Object.entries(input.pins)) {
    const offers = offersOf(family, input);
    const versions = offers.map(({ version }) => version).toSorted(compareVersions);
    const newest = versions.at(-1);
    const target = input.allRegions ? versions[0] : newest;
    if (target && compareVersions(target, pin) > 0) nodeImages[family] = target;
    if (input.allRegions && newest && newest !== target) {
      const behind = offers.filter(({ version }) => version !== newest);
      waiting.push({ family, regions: behind.map(({ region }) => region) });
    }
  }
  return { nodeImages, waiting };
}

/** The newest known image of a family in each region that runs it; unknown counts as the pin. */
function offersOf(
  family: string,
  { clusters, coverage, pins }: CandidateInput,
): readonly { readonly region: string; readonly version: string }[] {
  const runsIt = (cluster: ManagedCluster): boolean =>
    cluster.nodePools.some((pool) => parseNodeImage(pool.nodeImageVersion).family === family);
  const regions = new Set(clusters.filter(runsIt).map(({ location }) => location));
  return [...regions].map((region) => ({
    region,
    version: coverage.get(region)?.get(family) ?? pins[family] ?? "0",
  }));
}
