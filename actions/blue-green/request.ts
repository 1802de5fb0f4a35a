import type { ObserveDeps } from "../../shared/blue-green/observe.ts";
import type { ObservedColours } from "../../shared/blue-green/observed.ts";
import type { QuotaPort } from "../../shared/blue-green/quota.ts";
import type { DrainSettings } from "../../shared/drain/drain.ts";
import type { SnapshotPort } from "../../shared/snapshot/ports.ts";
import type { ClusterInputs } from "../runner/cluster-target.ts";
import type { Runner } from "../runner/run-action.ts";
import type { SnapshotSource } from "../runner/snapshot-source.ts";
import type { Waiting } from "../runner/waiting.ts";

export const OPERATIONS = ["start", "drain", "verify", "commit", "roll-back", "status"] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface BlueGreenInputs extends ClusterInputs, SnapshotSource {
  readonly operation: Operation;
  readonly nodePool: string;
  readonly greenNodePool: string | undefined;
  readonly kubernetesVersion: string | undefined;
  readonly drain: Omit<DrainSettings, "retryMilliseconds">;
}

export interface BlueGreenDeps extends ObserveDeps, Waiting {
  readonly snapshots: SnapshotPort;
  readonly quotas: QuotaPort;
  readonly runner: Runner;
  /** The user's own word on green; throws when it is no. */
  validate(operation: Operation, observed: ObservedColours): Promise<void>;
  /** Azure's time. */
  now(): number;
}
