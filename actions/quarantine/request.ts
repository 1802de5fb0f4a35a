import type { ArmId } from "../../shared/core/arm-id.ts";
import type { BlockedNode } from "../../shared/quarantine/blocked-node.ts";
import type { FixDeps, Fixed } from "../../shared/quarantine/fix.ts";
import type { Remedy } from "../../shared/quarantine/remedy.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import type { Verdict } from "../../shared/update-run/verify.ts";
import type { AwaitNodesDeps } from "../runner/await-nodes.ts";
import type { ClusterInputs } from "../runner/cluster-target.ts";
import type { Declared } from "../runner/declared.ts";
import type { readDrainConsent } from "../runner/drain-inputs.ts";
import type { Runner } from "../runner/run-action.ts";
import type { Waiting } from "../runner/waiting.ts";

export const OPERATIONS = ["list", "fix"] as const;

type DrainConsentInputs = ReturnType<typeof readDrainConsent>;

export interface QuarantineInputs extends ClusterInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly environment: string | undefined;
  readonly nodes: readonly string[];
  readonly remedy: Remedy | undefined;
  readonly forceOwned: boolean;
  readonly drain: DrainConsentInputs;
}

export interface QuarantineDeps extends Omit<FixStepDeps, "log" | "undoOnCancel"> {
  readonly fleet: FleetPort;
  readonly runner: Runner;
  readDeclared(): Promise<Declared>;
}

export interface FixStepDeps extends FixDeps, Omit<AwaitNodesDeps, keyof FixDeps>, Waiting {}

export interface FixInputs extends QuarantineInputs {
  readonly cluster: ArmId;
  readonly remedy: Remedy;
}

export interface FixedPool extends Fixed {
  readonly verdict: Verdict;
}

export interface SeenCluster {
  readonly cluster: ArmId;
  /** Why its nodes cannot be seen. */
  readonly unseen?: string;
  readonly blocked: readonly BlockedNode[];
}
