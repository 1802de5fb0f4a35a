import type { Environment } from "../../shared/declaration/documents.ts";
import { runName } from "../../shared/declaration/strategy.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import type { NodeReader } from "../../shared/quarantine/ports.ts";
import { readClusters, subscriptionsOf } from "../../shared/snapshot/fleet-clusters.ts";
import { planSnapshots } from "../../shared/snapshot/plan.ts";
import type { SnapshotKind, SnapshotPlan } from "../../shared/snapshot/plan.ts";
import type {
  ClusterInventory,
  ManagedCluster,
  NodePoolSnapshot,
  SnapshotPort,
} from "../../shared/snapshot/ports.ts";
import { takeSnapshots } from "../../shared/snapshot/take.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import { findEnvironment, findRelease, findStrategy, workspaceOf } from "../runner/declared.ts";
import type { Declared } from "../runner/declared.ts";
import { errorsOf, refusal } from "../runner/findings.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import type { Runner } from "../runner/run-action.ts";
import { selectPools } from "./select-pools.ts";
import { reportSnapshots } from "./report-snapshots.ts";
import { unprovedPools } from "./unproved-pools.ts";

export const OPERATIONS = ["take"] as const;
export const KINDS = ["outgoing", "proven"] as const;

export interface SnapshotInputs {
  readonly operation: (typeof OPERATIONS)[number];
  readonly environment: string;
  readonly kind: SnapshotKind;
  readonly release: string | undefined;
  readonly nodePools: readonly string[];
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

export async function snapshot(inputs: SnapshotInputs, deps: SnapshotDeps): Promise<Report> {
  const { declarations, findings } = await deps.readDeclared();
  if (errorsOf(findings).length > 0) return refusal(findings, deps.runner.log);
  const environment = findEnvironment(declarations, inputs.environment);
  assertSubscription(inputs.subscriptionId, environment.fleet);
  const clusters = await wantedClusters(inputs, environment, deps);
  const plan = await planTake(inputs, deps, { declarations, environment, clusters });
  deps.runner.leaves(
    `up to ${plan.take.length} snapshots were being taken; the next run takes those that are missing`,
  );
  const result = await takeSnapshots(plan, deps.snapshots);
  for (const { id, nodeImageVersion } of result.taken) {
    deps.runner.log(`took ${id} of ${nodeImageVersion}`);
  }
  return reportSnapshots(inputs, plan, result);
}

async function wantedClusters(
  { nodePools }: SnapshotInputs,
  { name, fleet }: Environment,
  deps: SnapshotDeps,
): Promise<readonly ManagedCluster[]> {
  const members = await deps.fleet.listMembers(fleet);
  const ids = members.map((member) => member.clusterId);
  return selectPools(name, await readClusters(deps.inventory, ids), nodePools);
}

interface Wanted {
  readonly declarations: Declarations;
  readonly environment: Environment;
  readonly clusters: readonly ManagedCluster[];
}

async function planTake(
  { kind, release: named }: SnapshotInputs,
  deps: SnapshotDeps,
  { declarations, environment, clusters }: Wanted,
): Promise<SnapshotPlan> {
  const { name, groups } = environment;
  const release = findRelease(declarations, named ?? name);
  const { resourceGroup } = workspaceOf(declarations).spec.snapshots;
  return planSnapshots({
    kind,
    environment: name,
    generation: release.metadata.generation,
    run: runName(release, findStrategy(declarations, release).spec, groups),
    ...(resourceGroup !== undefined && { resourceGroup }),
    clusters,
    existing: await listExisting(deps.snapshots, clusters),
    ...(kind === "proven" && {
      pins: release.spec.nodeImages ?? {},
      unproved: await unprovedPools(deps, clusters),
    }),
  });
}

async function listExisting(
  port: SnapshotPort,
  clusters: readonly ManagedCluster[],
): Promise<readonly NodePoolSnapshot[]> {
  const subscriptions = subscriptionsOf(clusters.map(({ id }) => id));
  return (await Promise.all(subscriptions.map((id) => port.listSnapshots(id)))).flat();
}
