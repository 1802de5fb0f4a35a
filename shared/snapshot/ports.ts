import type { ArmId } from "../core/arm-id.ts";

export interface ManagedCluster {
  readonly id: ArmId;
  readonly name: string;
  readonly location: string;
  readonly kubernetesVersion: string;
  /** State of the ARM resource; a hint about the nodes, never the truth. */
  readonly provisioningState: string;
  readonly powerState: "Running" | "Stopped";
  /** What AKS upgrades by itself, in Azure's words; absent where the service does not say. */
  readonly autoUpgrade?: {
    /** `none`, `patch`, `stable`, `rapid` or `node-image`. */
    readonly channel: string;
    /** `None`, `Unmanaged`, `SecurityPatch` or `NodeImage`. */
    readonly nodeOsChannel: string;
  };
  /** How its pods get addresses, in Azure's words; absent where the service does not say. */
  readonly network?: { readonly plugin: string; readonly mode: string | undefined };
  readonly nodePools: readonly NodePool[];
}

export interface NodePool {
  readonly id: ArmId;
  readonly name: string;
  readonly mode: string;
  readonly count: number;
  readonly vmSize: string;
  readonly osType: string;
  readonly osSku: string;
  readonly kubernetesVersion: string;
  readonly nodeImageVersion: string;
  readonly provisioningState: string;
  readonly undrainableNodeBehavior: "Schedule" | "Cordon";
  readonly maxSurge: string | undefined;
  /** Absent: AKS's own default. */
  readonly drainTimeoutMinutes?: number | undefined;
  /** The snapshot that the pool was created from or upgraded to. */
  readonly snapshotId: ArmId | undefined;
  /** Where its addresses come from; absent in the network that AKS made for its cluster. */
  readonly network?: PoolNetwork;
}

export interface PoolNetwork {
  readonly maxPods: number;
  readonly subnetId: ArmId;
  /** A subnet for the pods alone. */
  readonly podSubnetId: ArmId | undefined;
  /** Pods get whole blocks of addresses in advance. */
  readonly staticBlocks: boolean;
}

/** What exists, read by paged lists: never one request per cluster. */
export interface ClusterInventory {
  /** All managed clusters of a subscription. */
  listClusters(subscription: string): Promise<readonly ManagedCluster[]>;
  /** The newest node image for this pool in its region (one upgrade-profile read). */
  latestNodeImage(nodePool: ArmId): Promise<string>;
}

export interface NodePoolSnapshot {
  readonly id: ArmId;
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly sourcePool: ArmId;
  readonly nodeImageVersion: string;
  readonly kubernetesVersion: string;
  readonly vmSize: string;
  readonly osType: string;
  readonly osSku: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface NewSnapshot {
  readonly id: ArmId;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly sourcePool: ArmId;
}

export interface SnapshotPort {
  /** All node pool snapshots of a subscription. */
  listSnapshots(subscription: string): Promise<readonly NodePoolSnapshot[]>;
  /** Undefined when there is none, or none that this identity may see. */
  getSnapshot(id: ArmId): Promise<NodePoolSnapshot | undefined>;
  createSnapshot(snapshot: NewSnapshot): Promise<NodePoolSnapshot>;
  /** One that is gone already is deleted. */
  deleteSnapshot(id: ArmId): Promise<void>;
}
