import { parseArmId } from "../core/arm-id.ts";
import { DAY } from "../core/duration.ts";
import { parseNodeImage } from "../core/node-image.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import type { Candidate } from "./candidate.ts";
import type { NodeImageReleased } from "./ports.ts";
import type { Capture, ProposalTarget } from "./proposal.ts";

/** Azure supports upgrades to a node image for 90 days after its publication. */
const IMAGE_VALIDITY_MILLISECONDS = 90 * DAY;

/** Pools that are named as not captured; the rest is counted. */
const MAX_REFUSED_LISTED = 20;

export interface ProposalText {
  readonly title: string;
  readonly body: string;
}

export function renderNodeImageProposal(input: {
  readonly target: ProposalTarget;
  readonly candidate: Candidate;
  readonly clusters: readonly ManagedCluster[];
  readonly images: readonly NodeImageReleased[];
  readonly capture: Capture;
}): ProposalText {
  const { target, candidate, clusters, images, capture } = input;
  const families = Object.entries(candidate.nodeImages);
  const regions = [...new Set(clusters.map(({ location }) => location))].toSorted();
  return {
    title: `${target.environment}: node image ${families.map(([, version]) => version).join(", ")}`,
    body: [
      `<!-- fleetwright:node-images environment=${target.environment} -->`,
      `**${target.environment}** can move to a newer node image: ${clusters.length} clusters in ${regions.join(", ")}.`,
      "Merging pins it; the update run then follows the declared strategy, stage by stage.",
      "",
      "| image family | from | to | valid until |",
      "|---|---|---|---|",
      ...families.map(
        ([family, version]) =>
          `| \`${family}\` | \`${target.release.nodeImages[family]}\` | \`${version}\` | ${validUntil(version)} |`,
      ),
      "",
      "| region | seen there |",
      "|---|---|",
      ...seenRows(candidate, images),
      "",
      ...captureLines(capture),
      ...candidate.waiting.map(
        ({ family, regions: behind }) =>
          `A newer \`${family}\` exists, but not yet in ${behind.join(", ")}: it waits.`,
      ),
    ].join("\n"),
  };
}

/** Ubuntu and Azure Linux images carry their publication day: `202506.16.0` is 16 June 2025. */
function validUntil(version: string): string {
  const match = /^(\d{4})(\d{2})\.(\d{1,2})\./.exec(version);
  if (!match) return "unknown";
  const [, year, month, day] = match.map(Number);
  const published = Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1);
  return new Date(published + IMAGE_VALIDITY_MILLISECONDS).toISOString().slice(0, 10);
}

function seenRows(candidate: Candidate, images: readonly NodeImageReleased[]): readonly string[] {
  return images
    .filter(({ nodeImageVersion }) => {
      const { family, version } = parseNodeImage(nodeImageVersion);
      return candidate.nodeImages[family] === version;
    })
    .toSorted((a, b) => (a.region < b.region ? -1 : 1))
    .map(
      ({ region, nodeImageVersion, noticedAt }) =>
        `| ${region} | \`${nodeImageVersion}\` since ${noticedAt} |`,
    );
}

function captureLines({ captured, refused }: Capture): readonly string[] {
  return [
    `Outgoing snapshots: ${captured} node pools captured, so that there is a way back.`,
    ...refused
      .slice(0, MAX_REFUSED_LISTED)
      .map(
        ({ pool, reason }) =>
          `- not captured: \`${parseArmId(pool).names.slice(-2).join("/")}\`: ${reason}`,
      ),
    ...(refused.length > MAX_REFUSED_LISTED
      ? [`- and ${refused.length - MAX_REFUSED_LISTED} more`]
      : []),
  ];
}
