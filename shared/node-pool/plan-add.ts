import { sameArmId } from "../core/arm-id.ts";
import { compareVersions } from "../core/node-image.ts";
import type { NodePoolSnapshot } from "../snapshot/ports.ts";
import { useProblem } from "../snapshot/use.ts";
import { changedSettings, refused } from "./plan.ts";
import type { Observed, PoolPlan, PoolTarget } from "./plan.ts";
import type { NewNodePool, NodePoolDetails, NodePoolSettings } from "./ports.ts";

/** Source: https://learn.microsoft.com/azure/aks/create-node-pools (limitations) */
const NAME = { Linux: /^[a-z][a-z0-9]{0,11}$/, Windows: /^[a-z][a-z0-9]{0,5}$/ };

export interface AddRequest {
  readonly name: string;
  readonly snapshot: NodePoolSnapshot | undefined;
  readonly settings: NewNodePool;
}

/** Adds a pool; one that exists and is what is wanted is left alone, one that is not is refused. */
export function planAdd(observed: Observed, request: AddRequest): PoolPlan {
  const { snapshot, settings } = request;
  const target = targetOf(request);
  const wanted = wantedSettings(request);
  if (observed.pool !== undefined) return planExisting(observed.pool, wanted, target);
  const osType = snapshot?.osType === "Windows" ? "Windows" : "Linux";
  if (!NAME[osType].test(request.name)) {
    return refused(
      `${JSON.stringify(request.name)} is no name of a ${osType} node pool`,
      `use lower-case letters and digits, at most ${osType === "Windows" ? 6 : 12}, a letter first`,
      "invalid-input",
    );
  }
  return problemOf(observed, request, wanted.vmSize) ?? plan({ ...settings, ...wanted }, target);
}

function problemOf(
  { cluster, now }: Observed,
  { snapshot, settings }: AddRequest,
  vmSize: string | undefined,
): PoolPlan | undefined {
  if (vmSize === undefined) {
    return refused(
      "a node pool without a snapshot needs a VM size",
      "set vm-size",
      "invalid-input",
    );
  }
  const version = settings.kubernetesVersion;
  if (version !== undefined && compareVersions(version, cluster.kubernetesVersion) > 0) {
    return refused(
      `Kubernetes ${version} is newer than the control plane's ${cluster.kubernetesVersion}`,
      "upgrade the control plane first",
    );
  }
  if (snapshot === undefined) return undefined;
  const { kubernetesVersion: controlPlaneVersion } = cluster;
  const problem = useProblem({ snapshot, vmSize, controlPlaneVersion, now });
  if (problem === undefined) return undefined;
  return refused(
    `no node pool can be made of snapshot ${snapshot.name}: ${problem}`,
    "choose another snapshot; `operation: find` of the snapshot action lists them",
  );
}

/** A snapshot gives version, image and, where nobody chose one, the VM size. */
function wantedSettings({ snapshot, settings }: AddRequest): NodePoolSettings {
  const { like: _like, properties: _properties, ...own } = settings;
  if (snapshot === undefined) return own;
  return {
    ...own,
    vmSize: own.vmSize ?? snapshot.vmSize,
    kubernetesVersion: snapshot.kubernetesVersion,
    snapshotId: snapshot.id,
  };
}

function targetOf({ snapshot, settings }: AddRequest): PoolTarget {
  return {
    nodeImageVersion: snapshot?.nodeImageVersion,
    kubernetesVersion: snapshot?.kubernetesVersion ?? settings.kubernetesVersion,
  };
}

function planExisting(
  pool: NodePoolDetails,
  { snapshotId, ...wanted }: NodePoolSettings,
  target: PoolTarget,
): PoolPlan {
  const other = Object.keys(changedSettings(pool, wanted) ?? {});
  if (typeof snapshotId === "string" && !isFrom(pool, snapshotId)) other.push("snapshotId");
  if (other.length > 0) {
    return refused(
      `node pool ${pool.name} exists and differs in ${other.join(", ")}`,
      "choose another name, or upgrade or delete the one that exists",
      "conflict",
    );
  }
  // A creation that failed is completed by the next PUT.
  if (pool.provisioningState !== "Succeeded") {
    return { kind: "planned", steps: [{ kind: "update", settings: {} }], target };
  }
  return { kind: "planned", steps: [], target };
}

function isFrom(pool: NodePoolDetails, snapshotId: string): boolean {
  return pool.snapshotId !== undefined && sameArmId(pool.snapshotId, snapshotId);
}

function plan(settings: NewNodePool, target: PoolTarget): PoolPlan {
  return { kind: "planned", steps: [{ kind: "add", settings }], target };
}
