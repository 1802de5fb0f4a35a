import type { ArmId } from "../core/arm-id.ts";
import { canonicalJson } from "../core/digest.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { ClusterNodes } from "../quarantine/ports.ts";
import type { ManagedCluster, NodePool, NodePoolSnapshot } from "../snapshot/ports.ts";
import type { NewNodePool, NodePoolDetails, NodePoolSettings } from "./ports.ts";

/** What the nodes must run in the end; undefined where AKS chooses. */
export interface PoolTarget {
  readonly nodeImageVersion: string | undefined;
  readonly kubernetesVersion: string | undefined;
}

export type PoolStep =
  | { readonly kind: "add"; readonly settings: NewNodePool }
  | { readonly kind: "update"; readonly settings: NodePoolSettings }
  | { readonly kind: "upgrade-node-image"; readonly snapshotId: ArmId | undefined }
  | { readonly kind: "delete" };

export type PoolPlan =
  | {
      readonly kind: "planned";
      /** Empty when there is nothing to do. */
      readonly steps: readonly PoolStep[];
      readonly target: PoolTarget;
    }
  | {
      readonly kind: "refused";
      readonly code: ErrorCode;
      readonly reason: string;
      readonly remedy: string;
    };

/** What every plan looks at. */
export interface Observed {
  readonly cluster: ManagedCluster;
  readonly pool: NodePoolDetails | undefined;
  readonly nodes: ClusterNodes;
  /** Milliseconds since the Unix epoch, by Azure's clock. */
  readonly now: number;
}

export interface SnapshotWanted {
  readonly snapshot: NodePoolSnapshot;
  /** The caller wants the way back: Azure itself then decides whether it goes. */
  readonly allowOlder: boolean;
}

export function refused(reason: string, remedy: string, code: ErrorCode = "preflight-failed") {
  return { kind: "refused", code, reason, remedy } as const;
}

/** States in which AKS takes no second operation. */
const AT_REST = ["Succeeded", "Failed", "Canceled"];

export function isBusy({ provisioningState }: Pick<NodePool, "provisioningState">): boolean {
  return provisioningState !== "" && !AT_REST.includes(provisioningState);
}

/**
 * Whether a pool that ARM shows at its target still has something to do. ARM may show it while nodes run the
 * old image (AKS#3558), and a failed upgrade goes on with the next write; quarantined nodes alone are no
 * reason for one, AKS passes them over until their label is gone.
 */
export function hasUnfinishedNodes(
  pool: NodePool,
  nodes: ClusterNodes,
  target: PoolTarget,
): boolean {
  const failed = pool.provisioningState !== "Succeeded";
  if (!nodes.visible) return failed;
  const own = nodes.nodes.filter((node) => node.nodePool === pool.name);
  const behind = own.some(
    (node) =>
      !node.quarantined &&
      ((target.nodeImageVersion ?? node.nodeImageVersion) !== node.nodeImageVersion ||
        (target.kubernetesVersion ?? node.kubernetesVersion) !== node.kubernetesVersion),
  );
  return behind || (failed && !own.some((node) => node.quarantined));
}

/** Settings that the pool does not have yet; undefined when it has them all. */
export function changedSettings(
  pool: NodePoolDetails,
  wanted: NodePoolSettings,
): NodePoolSettings | undefined {
  const present = new Map<string, unknown>(Object.entries(pool));
  const changed = Object.entries(wanted).filter(
    ([name, value]) => canonicalJson(value) !== canonicalJson(present.get(name)),
  );
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}
