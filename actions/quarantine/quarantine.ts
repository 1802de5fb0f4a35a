import type { ArmId } from "../../shared/core/arm-id.ts";
import { parseArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { inspectBlockedNodes } from "../../shared/quarantine/blocked-node.ts";
import { clusterTarget } from "../runner/cluster-target.ts";
import { findEnvironment } from "../runner/declared.ts";
import { assertSubscription } from "../runner/identity.ts";
import type { Report } from "../runner/report.ts";
import { fix } from "./fix.ts";
import { reportBlockedNodes } from "./report-quarantine.ts";
import type { QuarantineDeps, QuarantineInputs, SeenCluster } from "./request.ts";

export async function quarantine(inputs: QuarantineInputs, deps: QuarantineDeps): Promise<Report> {
  if (inputs.operation === "list") return listBlockedNodes(inputs, deps);
  const { runner } = deps;
  const { remedy, nodes } = inputs;
  if (remedy === undefined || nodes.length === 0) {
    throw new FleetwrightError("invalid-input", "operation fix needs the inputs nodes and remedy", {
      remedy: "name the nodes one by one, as `list` shows them",
    });
  }
  const cluster = clusterTarget(inputs);
  runner.leaves(
    "the remedy was under way; budgets that it loosened are restored, and the same step run again ends it",
  );
  const fixDeps = { ...deps, log: runner.log, undoOnCancel: runner.undoOnCancel };
  return fix({ ...inputs, cluster, remedy }, fixDeps);
}

async function listBlockedNodes(inputs: QuarantineInputs, deps: QuarantineDeps): Promise<Report> {
  const clusters = await clustersOf(inputs, deps);
  // The reader bounds how many clusters it asks at a time.
  const seen = await Promise.all(clusters.map((cluster) => look(deps, cluster)));
  return reportBlockedNodes(inputs.environment ?? clusters.map(nameOf).join(", "), seen);
}

function nameOf(cluster: ArmId): string {
  return parseArmId(cluster).name;
}

function namesNothing({ clusterId, clusterName }: QuarantineInputs): boolean {
  return clusterId === undefined && clusterName === undefined;
}

/** Those of an environment's fleet, or the one that is named. */
async function clustersOf(
  inputs: QuarantineInputs,
  deps: QuarantineDeps,
): Promise<readonly ArmId[]> {
  if (inputs.environment === undefined) {
    if (namesNothing(inputs)) {
      throw new FleetwrightError(
        "invalid-input",
        "the inputs name neither environment nor cluster",
        {
          remedy: "set environment, for all clusters of its fleet, or cluster-id",
        },
      );
    }
    return [clusterTarget(inputs)];
  }
  const { declarations } = await deps.readDeclared();
  const { fleet } = findEnvironment(declarations, inputs.environment);
  assertSubscription(inputs.subscriptionId, fleet);
  return (await deps.fleet.listMembers(fleet)).map(({ clusterId }) => clusterId);
}

async function look(deps: QuarantineDeps, cluster: ArmId): Promise<SeenCluster> {
  const nodes = await deps.nodes.readNodes(cluster);
  if (!nodes.visible) return { cluster, unseen: nodes.reason, blocked: [] };
  const inspection = { cluster, nodes, isLeftBehind: () => false };
  return { cluster, blocked: await inspectBlockedNodes(deps.nodes, inspection) };
}
