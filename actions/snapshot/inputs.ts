import { DAY, HOUR } from "../../shared/core/duration.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import type { NodeReader } from "../../shared/quarantine/ports.ts";
import type { SnapshotKind } from "../../shared/snapshot/plan.ts";
import type {
  ClusterInventory,
  ManagedCluster,
  SnapshotPort,
} from "../../shared/snapshot/ports.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import type { Declared } from "../runner/declared.ts";
import type { Runner } from "../runner/run-action.ts";

export const OPERATIONS = ["take", "find", "prune"] as const;
export const KINDS = ["outgoing", "proven"] as const;
/** As the workspace's `snapshots.keep`; above, somebody archives instead. */
export const KEEP_BOUNDS = { min: 1, max: 1_000 };
/** Younger snapshots may belong to a run that has not ended. */
export const MAX_AGE_BOUNDS = { min: HOUR, max: 3_650 * DAY };

export interface SnapshotInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly environment: string;
  readonly kind: SnapshotKind | undefined;
  readonly release: string | undefined;
  readonly nodePools: readonly string[];
  readonly imageFamily: string | undefined;
  readonly vmSize: string | undefined;
  readonly keep: number | undefined;
  readonly maxAgeMilliseconds: number | undefined;
  readonly dryRun: boolean;
  readonly subscriptionId: string | undefined;
}

export interface SnapshotDeps {
  readonly fleet: FleetPort;
  readonly inventory: ClusterInventory;
  readonly snapshots: SnapshotPort;
  readonly nodes: NodeReader;
  readonly runner: Runner;
  readDeclared(): Promise<Declared>;
  /** Azure's time. */
  now(): number;
}

/** What every operation works on. */
export interface Scope {
  readonly inputs: SnapshotInputs;
  readonly deps: SnapshotDeps;
  readonly declarations: Declarations;
  readonly environment: Environment;
  /** The environment's clusters, with only those pools that are wanted. */
  readonly clusters: readonly ManagedCluster[];
}
