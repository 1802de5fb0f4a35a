import type { Environment } from "../../shared/declaration/documents.ts";
import { readClusters } from "../../shared/snapshot/fleet-clusters.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import { findEnvironment } from "../runner/declared.ts";
import { errorsOf, refusal } from "../runner/findings.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import { find } from "./find.ts";
import type { Scope, SnapshotDeps, SnapshotInputs } from "./inputs.ts";
import { prune } from "./prune.ts";
import { selectPools } from "./select-pools.ts";
import { take } from "./take.ts";

export async function snapshot(inputs: SnapshotInputs, deps: SnapshotDeps): Promise<Report> {
  const { declarations, findings } = await deps.readDeclared();
  if (errorsOf(findings).length > 0) return refusal(findings, deps.runner.log);
  const environment = findEnvironment(declarations, inputs.environment);
  assertSubscription(inputs.subscriptionId, environment.fleet);
  const clusters = await wantedClusters(inputs, environment, deps);
  return operate({ inputs, deps, declarations, environment, clusters });
}

function operate(scope: Scope): Promise<Report> {
  switch (scope.inputs.operation) {
    case "take":
      return take(scope);
    case "find":
      return find(scope);
    case "prune":
      return prune(scope);
  }
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
