import { subscriptionsOf, readClusters } from "../snapshot/fleet-clusters.ts";
import type { Logger } from "../core/logger.ts";
import { parseNodeImage } from "../core/node-image.ts";
import type { StateStore } from "../core/state-store.ts";
import { withNodeImages } from "../declaration/edit.ts";
import { planSnapshots } from "../snapshot/plan.ts";
import type { ClusterInventory, ManagedCluster, SnapshotPort } from "../snapshot/ports.ts";
import { takeSnapshots } from "../snapshot/take.ts";
import { findCandidate, type Candidate } from "./candidate.ts";
import { coverageOf, readImages } from "./lookout.ts";
import type { DeclarationRepository } from "./ports.ts";
import type { Capture, ProposalResult, ProposalTarget } from "./proposal.ts";
import { renderNodeImageProposal } from "./render.ts";

export interface ProposeDeps {
  readonly repository: DeclarationRepository;
  readonly inventory: ClusterInventory;
  readonly snapshots: SnapshotPort;
  readonly store: StateStore;
  readonly logger: Logger;
}

/** AKS grants one write a second and subscription; a handler has 30 s for everything. */
const MAX_SNAPSHOTS_PER_LOOK = 20;

/**
 * Proposes the newest node images to an environment: first the outgoing snapshots (what the pools run
 * now, the way back), then one pull request that changes only the release. Idempotent: snapshots have
 * deterministic names, and the pull request of a branch is brought up to date, never doubled.
 */
export async function proposeNodeImages(
  deps: ProposeDeps,
  target: ProposalTarget,
): Promise<ProposalResult> {
  const images = (await readImages(deps.store)).map(({ value }) => value);
  const clusters = await readClusters(deps.inventory, target.clusterIds);
  const candidate = findCandidate({
    pins: target.release.nodeImages,
    clusters,
    coverage: coverageOf(images),
    allRegions: target.allRegions,
  });
  if (Object.keys(candidate.nodeImages).length === 0) return { kind: "none" };
  const capture = await captureOutgoing(deps, target, clusters, candidate);
  if (capture.remaining > 0) return { kind: "capturing", remaining: capture.remaining };
  const { pullRequest, changed } = await deps.repository.propose({
    branch: `fleetwright/${target.environment}/node-images`,
    ...renderNodeImageProposal({ target, candidate, clusters, images, capture }),
    labels: ["fleetwright", "node-images"],
    basedOn: target.release.commit,
    files: {
      [target.release.file]: withNodeImages(target.release.text, {
        release: target.release.name,
        nodeImages: candidate.nodeImages,
        generation: target.release.generation + 1,
      }),
    },
  });
  return { kind: "proposed", pullRequest, changed };
}

async function captureOutgoing(
  deps: ProposeDeps,
  target: ProposalTarget,
  clusters: readonly ManagedCluster[],
  candidate: Candidate,
): Promise<Capture> {
  if (!target.captureOutgoing) return { captured: 0, refused: [], remaining: 0 };
  const lists = await Promise.all(
    subscriptionsOf(target.clusterIds).map((id) => deps.snapshots.listSnapshots(id)),
  );
  const plan = planSnapshots({
    kind: "outgoing",
    environment: target.environment,
    generation: target.release.generation,
    clusters: clusters.map((cluster) => onlyMoving(cluster, candidate)),
    existing: lists.flat(),
    ...(target.snapshotResourceGroup ? { resourceGroup: target.snapshotResourceGroup } : {}),
  });
  const batch = plan.take.slice(0, MAX_SNAPSHOTS_PER_LOOK);
  const { taken, failed } = await takeSnapshots({ take: batch }, deps.snapshots);
  for (const { id, sourcePool } of taken) {
    deps.logger.info("outgoing snapshot taken", { pool: sourcePool, snapshot: id });
  }
  for (const { pool, error } of failed) {
    deps.logger.warn("the outgoing snapshot could not be taken", { pool, error: error.message });
  }
  return {
    captured: plan.captured.length + taken.length,
    refused: plan.refused,
    remaining: plan.take.length - taken.length,
  };
}

/** The cluster with only the pools that the candidate would move. */
function onlyMoving(cluster: ManagedCluster, { nodeImages }: Candidate): ManagedCluster {
  const moves = (nodeImageVersion: string): boolean => {
    const { family, version } = parseNodeImage(nodeImageVersion);
    return nodeImages[family] !== undefined && nodeImages[family] !== version;
  };
  return {
    ...cluster,
    nodePools: cluster.nodePools.filter((pool) => moves(pool.nodeImageVersion)),
  };
}
