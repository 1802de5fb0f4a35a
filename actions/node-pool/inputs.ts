import type { ArmId } from "../../shared/core/arm-id.ts";
import type { NodePoolPort, NodePoolSettings } from "../../shared/node-pool/ports.ts";
import type { NodeReader } from "../../shared/quarantine/ports.ts";
import type { ClusterInventory, SnapshotPort } from "../../shared/snapshot/ports.ts";
import type { Runner } from "../runner/run-action.ts";
import type { SnapshotSource } from "../runner/snapshot-source.ts";
import type { Waiting } from "../runner/waiting.ts";

export const OPERATIONS = ["add", "upgrade", "upgrade-node-image", "delete"] as const;
export const MODES = ["System", "User"] as const;
export const BEHAVIORS = ["Schedule", "Cordon"] as const;
export const VERIFY = ["nodes", "none"] as const;
/** Source: https://learn.microsoft.com/azure/aks/quotas-skus-regions */
export const COUNT_BOUNDS = { min: 0, max: 1_000 };
/** Source: https://learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling */
export const DRAIN_TIMEOUT_BOUNDS = { min: 5, max: 1_440 };
export const NODE_SOAK_BOUNDS = { min: 0, max: 30 };

export interface NodePoolInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly cluster: ArmId;
  readonly nodePool: string;
  readonly source: SnapshotSource;
  readonly kubernetesVersion: string | undefined;
  /** Upgrade settings of any operation; count, mode and size of a new pool. */
  readonly settings: NodePoolSettings;
  readonly allowOlder: boolean;
  readonly verify: (typeof VERIFY)[number];
}

export interface NodePoolDeps {
  readonly inventory: ClusterInventory;
  readonly snapshots: SnapshotPort;
  readonly nodePools: NodePoolPort;
  readonly nodes: NodeReader;
  readonly runner: Runner;
  readonly waiting: Waiting;
  /** Azure's time. */
  now(): number;
}
