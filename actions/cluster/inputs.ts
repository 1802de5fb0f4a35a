import type { ArmId } from "../../shared/core/arm-id.ts";
import type { ArmBody, ManagedClusterPort } from "../../shared/managed-cluster/ports.ts";
import type { NodePoolPort } from "../../shared/node-pool/ports.ts";
import type { NodeReader } from "../../shared/quarantine/ports.ts";
import type { SnapshotPort } from "../../shared/snapshot/ports.ts";
import type { Runner } from "../runner/run-action.ts";
import type { SnapshotSource } from "../runner/snapshot-source.ts";
import type { Waiting } from "../runner/waiting.ts";

export const OPERATIONS = ["create"] as const;
export const VERIFY = ["nodes", "none"] as const;

export interface ClusterInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly cluster: ArmId;
  /** Path of the declared body. */
  readonly definition: string;
  readonly source: SnapshotSource;
  readonly sshPublicKey: string | undefined;
  readonly verify: (typeof VERIFY)[number];
}

export interface ClusterDeps {
  readonly clusters: ManagedClusterPort;
  readonly nodePools: NodePoolPort;
  readonly snapshots: SnapshotPort;
  readonly nodes: NodeReader;
  readonly runner: Runner;
  readonly waiting: Waiting;
  readDefinition(): Promise<ArmBody>;
  /** Azure's time. */
  now(): number;
}
