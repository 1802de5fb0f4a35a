import { FleetwrightError } from "../../shared/core/errors.ts";
import { parseNodeImage } from "../../shared/core/node-image.ts";
import type { Observed, PoolPlan } from "../../shared/node-pool/plan.ts";
import {
  planUpgradeNodeImage,
  planUpgradeToSnapshot,
  planUpgradeToVersion,
} from "../../shared/node-pool/plan-upgrade.ts";
import type { NodePoolDetails, NodePoolSettings } from "../../shared/node-pool/ports.ts";
import { readSnapshotSource } from "../runner/snapshot-source.ts";
import type { NodePoolDeps, NodePoolInputs } from "./inputs.ts";

/** AKS takes `1.34` for its newest patch; what is verified on the nodes must be said exactly. */
const EXACT_VERSION = /^\d+\.\d+\.\d+$/;
/** What a pool keeps for its life, or what `add` alone writes. */
const ONLY_FOR_ADD = ["vmSize", "zones"] as const;

/** To a snapshot, or to a Kubernetes version. */
export async function planUpgrade(
  inputs: NodePoolInputs,
  deps: NodePoolDeps,
  observed: Observed,
): Promise<PoolPlan> {
  const existing = existingPool(inputs, observed);
  const { cluster, source, kubernetesVersion, allowOlder } = inputs;
  const { vmSize, osSku } = existing.pool;
  const settings = upgradeSettings(inputs);
  const snapshot = await readSnapshotSource(deps, source, { cluster, vmSize, osSku });
  if (snapshot !== undefined && kubernetesVersion === undefined) {
    return planUpgradeToSnapshot(existing, { snapshot, allowOlder }, settings);
  }
  if (snapshot === undefined && kubernetesVersion !== undefined) {
    if (!EXACT_VERSION.test(kubernetesVersion)) throw inexact(kubernetesVersion);
    return planUpgradeToVersion(existing, kubernetesVersion, settings);
  }
  throw new FleetwrightError("invalid-input", "upgrade wants a snapshot or a kubernetes-version", {
    remedy: "set exactly one of snapshot-id, snapshot and kubernetes-version",
  });
}

/** To a snapshot's node image, or to the newest one of the region. */
export async function planUpgradeImage(
  inputs: NodePoolInputs,
  deps: NodePoolDeps,
  observed: Observed,
): Promise<PoolPlan> {
  const existing = existingPool(inputs, observed);
  const { pool } = existing;
  const { cluster, source, allowOlder } = inputs;
  if (inputs.kubernetesVersion !== undefined) {
    throw new FleetwrightError(
      "invalid-input",
      "upgrade-node-image does not change the Kubernetes version",
      { remedy: "leave kubernetes-version out, or use operation: upgrade" },
    );
  }
  const snapshot = await readSnapshotSource(deps, source, {
    cluster,
    vmSize: pool.vmSize,
    imageFamily: parseNodeImage(pool.nodeImageVersion).family,
    kubernetesVersion: pool.kubernetesVersion,
  });
  const wanted =
    snapshot === undefined
      ? { latest: await deps.inventory.latestNodeImage(pool.id) }
      : { snapshot, allowOlder };
  return planUpgradeNodeImage(existing, wanted, upgradeSettings(inputs));
}

function existingPool(
  { cluster, nodePool }: NodePoolInputs,
  observed: Observed,
): Observed & { readonly pool: NodePoolDetails } {
  const { pool } = observed;
  if (pool !== undefined) return { ...observed, pool };
  const known = observed.cluster.nodePools.map(({ name }) => name).join(", ");
  throw new FleetwrightError("not-found", `${cluster} has no node pool ${nodePool}`, {
    subject: `${cluster}/agentPools/${nodePool}`,
    remedy: `it has: ${known}`,
  });
}

function upgradeSettings({ settings }: NodePoolInputs): NodePoolSettings {
  const given = ONLY_FOR_ADD.filter((name) => settings[name] !== undefined);
  if (given.length === 0) return settings;
  throw new FleetwrightError("invalid-input", `an upgrade cannot change ${given.join(" and ")}`, {
    remedy: "leave them out: they are chosen when a node pool is added",
  });
}

function inexact(version: string): FleetwrightError {
  return new FleetwrightError(
    "invalid-input",
    `kubernetes-version is ${JSON.stringify(version)}: AKS would choose the patch`,
    { remedy: "write all three numbers, such as 1.34.2" },
  );
}
