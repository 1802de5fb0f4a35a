import type { ArmId } from "../core/arm-id.ts";
import type { FleetwrightError } from "../core/errors.ts";
import type { ManagedCluster, NodePool } from "../snapshot/ports.ts";

export interface Autoscaler {
  readonly minCount: number;
  readonly maxCount: number;
}

/** A node pool read by its own address, with what changing or copying it needs to know. */
export interface NodePoolDetails extends NodePool {
  readonly etag: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly string[];
  readonly zones: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined when somebody else scales the pool. */
  readonly autoscaler: Autoscaler | undefined;
  readonly maxUnavailable: string | undefined;
  readonly drainTimeoutMinutes: number | undefined;
  readonly nodeSoakMinutes: number | undefined;
}

/** What a caller wants of a node pool; what is absent stays as it is, or as AKS chooses it. */
export interface NodePoolSettings {
  readonly count?: number;
  readonly mode?: "System" | "User";
  readonly vmSize?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly string[];
  readonly zones?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  /** `null` takes the autoscaler away. */
  readonly autoscaler?: Autoscaler | null;
  readonly maxSurge?: string;
  readonly undrainableNodeBehavior?: "Schedule" | "Cordon";
  readonly drainTimeoutMinutes?: number;
  readonly nodeSoakMinutes?: number;
  readonly kubernetesVersion?: string;
  /** `null` forgets the snapshot that the pool came from. */
  readonly snapshotId?: ArmId | null;
}

export interface NewNodePool extends NodePoolSettings {
  /** A node pool of the same cluster whose every setting is carried over before the others apply. */
  readonly like?: ArmId;
  /** Other properties in ARM's words, below the settings and above those of `like`. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** How Azure ended an operation. Its `failed` is a hint, not the truth about the nodes (AKS#3558). */
export type OperationEnd =
  | { readonly status: "succeeded" }
  | { readonly status: "failed"; readonly error: FleetwrightError };

/** An operation that Azure has accepted. */
export interface BegunOperation {
  /** Waits for its end; throws only when Azure cannot be asked. */
  ended(): Promise<OperationEnd>;
}

/** Writes throw when Azure refuses them, and return once it has accepted them. */
export interface NodePoolPort {
  getCluster(cluster: ArmId): Promise<ManagedCluster | undefined>;
  getPool(pool: ArmId): Promise<NodePoolDetails | undefined>;
  /** Creates only: one that exists already is a conflict. */
  addPool(pool: ArmId, settings: NewNodePool): Promise<BegunOperation>;
  /** With no settings it is the PUT that makes AKS bring the pool to what it is told to be. */
  updatePool(pool: ArmId, settings: NodePoolSettings, etag: string): Promise<BegunOperation>;
  /** To the snapshot's image, or to the region's newest one. */
  upgradeNodeImage(pool: ArmId, snapshotId: ArmId | undefined): Promise<BegunOperation>;
  deletePool(pool: ArmId, etag: string): Promise<BegunOperation>;
  /** Machines by the names of their nodes; they are not drained. */
  deleteMachines(pool: ArmId, machines: readonly string[]): Promise<BegunOperation>;
}
