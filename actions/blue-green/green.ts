import { FleetwrightError } from "../../shared/core/errors.ts";
import { compareVersions, parseNodeImage } from "../../shared/core/node-image.ts";
import { judgeQuota } from "../../shared/blue-green/quota.ts";
import type { ObservedColours } from "../../shared/blue-green/observed.ts";
import type { NewNodePool, NodePoolDetails } from "../../shared/node-pool/ports.ts";
import type { NodePoolSnapshot } from "../../shared/snapshot/ports.ts";
import { useProblem } from "../../shared/snapshot/use.ts";
import { readSnapshotSource } from "../runner/snapshot-source.ts";
import type { BlueGreenDeps, BlueGreenInputs } from "./request.ts";

export interface Green {
  readonly name: string;
  readonly pool: NewNodePool;
}

/** What green shall be beyond blue's copy: the image of a snapshot, or a Kubernetes version. */
export async function describeGreen(
  inputs: BlueGreenInputs,
  deps: BlueGreenDeps,
  { cluster, blue }: ObservedColours,
): Promise<Green> {
  const { greenNodePool: name, kubernetesVersion } = inputs;
  if (name === undefined || blue === undefined) {
    throw new FleetwrightError("invalid-input", "input green-node-pool is required for start", {
      remedy: "name the pool that is to be made: at most 12 lower-case letters and digits",
    });
  }
  const { vmSize, osSku, nodeImageVersion } = blue.pool;
  const { family } = parseNodeImage(nodeImageVersion);
  const wish = { cluster: cluster.id, vmSize, osSku, imageFamily: family };
  const snapshot = await readSnapshotSource(deps, inputs, wish);
  const version = versionOf(snapshot, kubernetesVersion);
  requireUsable(snapshot, blue.pool, cluster.kubernetesVersion, deps.now());
  requireControlPlane(version, cluster.kubernetesVersion);
  await requireQuota(deps, cluster, blue.pool);
  return {
    name,
    pool: {
      kubernetesVersion: version,
      count: blue.pool.count,
      ...(snapshot !== undefined && { snapshotId: snapshot.id }),
    },
  };
}

function versionOf(snapshot: NodePoolSnapshot | undefined, asked: string | undefined): string {
  const version = snapshot?.kubernetesVersion ?? asked;
  if (version === undefined) {
    throw new FleetwrightError("invalid-input", "start has to know what green runs", {
      remedy: "set snapshot-id, `snapshot: newest-proven` with environment, or kubernetes-version",
    });
  }
  if (asked === undefined || asked === version) return version;
  throw new FleetwrightError(
    "invalid-input",
    `the snapshot holds Kubernetes ${version}, kubernetes-version says ${asked}`,
    { remedy: "leave kubernetes-version out: a snapshot brings its own" },
  );
}

function requireUsable(
  snapshot: NodePoolSnapshot | undefined,
  { vmSize }: NodePoolDetails,
  controlPlaneVersion: string,
  now: number,
): void {
  if (snapshot === undefined) return;
  const problem = useProblem({ snapshot, vmSize, controlPlaneVersion, now });
  if (problem === undefined) return;
  throw new FleetwrightError("preflight-failed", `snapshot ${snapshot.id}: ${problem}`, {
    subject: snapshot.id,
    remedy: "choose another snapshot, or upgrade the control plane first",
  });
}

function requireControlPlane(version: string, controlPlane: string): void {
  if (compareVersions(version, controlPlane) <= 0) return;
  throw new FleetwrightError(
    "preflight-failed",
    `green would run Kubernetes ${version}, the control plane runs ${controlPlane}`,
    { remedy: "upgrade the control plane first: no node may be newer" },
  );
}

/** Green takes as much as blue while both are there. What cannot be read is said, not guessed. */
async function requireQuota(
  { quotas, runner }: BlueGreenDeps,
  { id, location }: ObservedColours["cluster"],
  blue: NodePoolDetails,
): Promise<void> {
  const verdict = judgeQuota(await quotas.readQuotas(id, location), blue);
  if (verdict.kind === "unknown") runner.log(`quota for a second pool: ${verdict.reason}`);
  if (verdict.kind !== "short") return;
  throw new FleetwrightError("preflight-failed", verdict.reason, {
    subject: id,
    remedy: "ask for more quota in this region, or make blue smaller first",
  });
}
