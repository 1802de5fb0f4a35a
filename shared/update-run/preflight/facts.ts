import type { RegionQuotas } from "../../blue-green/quota.ts";
import type { ArmId } from "../../core/arm-id.ts";
import type { Release, Workspace } from "../../declaration/documents.ts";
import type { Budget, ClusterNodes } from "../../quarantine/ports.ts";
import type { MaintenanceWindow, WindowName } from "../../simulator/model.ts";
import type { ManagedCluster } from "../../snapshot/ports.ts";
import type { NetworkSpace, NetworkSpaces } from "./addresses.ts";
import type { UpdateRun, UpdateRunSpec, UpdateStage } from "../ports.ts";

/** What Azure is asked only before a run. A part that this identity may not read is `undefined`. */
export interface PreflightPort {
  /** Fleet's own automatic upgrades. */
  listAutoUpgradeProfiles(fleet: ArmId): Promise<readonly AutoUpgradeProfile[] | undefined>;
  /** Kubernetes versions with their patch that a region offers to clusters of this one's subscription. */
  listKubernetesVersions(cluster: ArmId, location: string): Promise<readonly string[] | undefined>;
  /** Addresses of all subnets of a virtual network. */
  readNetworkSpace(network: ArmId): Promise<NetworkSpace>;
  readMaintenanceWindow(
    cluster: ArmId,
    name: WindowName,
  ): Promise<MaintenanceWindow | "none" | undefined>;
}

export interface AutoUpgradeProfile {
  readonly name: string;
  readonly channel: string;
  readonly disabled: boolean;
}

export interface MemberFacts {
  readonly name: string;
  readonly cluster: ManagedCluster;
  /** Undefined: not looked at, the bound of one preflight was reached. */
  readonly nodes: ClusterNodes | undefined;
  readonly budgets: readonly Budget[] | undefined;
  /** The one for which Fleet waits with this type of upgrade. */
  readonly window: MaintenanceWindow | "none" | undefined;
}

/** Everything that a preflight judges, as it was read at `now`. */
export interface PreflightFacts {
  /** Azure's time. */
  readonly now: number;
  readonly release: Release;
  readonly spec: UpdateRunSpec;
  readonly stages: readonly UpdateStage[];
  readonly freezes: Workspace["spec"]["freezes"];
  /** Other active runs of the fleet. */
  readonly otherRuns: readonly UpdateRun[];
  readonly profiles: readonly AutoUpgradeProfile[] | undefined;
  /** In the order of the run. */
  readonly members: readonly MemberFacts[];
  /** Newest image version by `regionKey`; undefined where it could not be read. */
  readonly newestImages: ReadonlyMap<string, string | undefined>;
  /** By region. */
  readonly kubernetesVersions: ReadonlyMap<string, readonly string[] | undefined>;
  readonly quotas: ReadonlyMap<string, RegionQuotas>;
  /** Of the networks that node pools are in; none where no node is replaced. */
  readonly networks: NetworkSpaces;
}

export function regionKey(region: string, family: string): string {
  return `${region} ${family}`;
}
