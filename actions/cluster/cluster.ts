import { parseArmId } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { clusterDifferences } from "../../shared/managed-cluster/compare.ts";
import { agentPoolsOf, asBody, clusterBody } from "../../shared/managed-cluster/definition.ts";
import type { ArmBody } from "../../shared/managed-cluster/ports.ts";
import type { BegunOperation, OperationEnd } from "../../shared/node-pool/ports.ts";
import { isBusy } from "../../shared/node-pool/plan.ts";
import type { NodePoolSnapshot } from "../../shared/snapshot/ports.ts";
import type { Report } from "../runner/report.ts";
import { readSnapshotSource } from "../runner/snapshot-source.ts";
import { askUntil, watch } from "../runner/waiting.ts";
import type { ClusterDeps, ClusterInputs } from "./inputs.ts";
import { reportCluster } from "./report-cluster.ts";
import { verifyCluster } from "./verify-cluster.ts";

export async function cluster(inputs: ClusterInputs, deps: ClusterDeps): Promise<Report> {
  const declared = await deps.readDefinition();
  const snapshot = await snapshotFor(inputs, deps, declared);
  const { sshPublicKey } = inputs;
  const body = clusterBody({ declared, snapshot, sshPublicKey, now: deps.now() });
  const live = await settledCluster(inputs, deps);
  const write = decide(inputs, body, live);
  const end: OperationEnd = write
    ? await create(inputs, deps, { body, live })
    : { status: "succeeded" };
  const verified = await verifyCluster(inputs, deps, snapshot);
  return reportCluster(inputs, { changed: write, end, snapshot, ...verified });
}

function snapshotFor(
  { cluster: id, source }: ClusterInputs,
  deps: ClusterDeps,
  declared: ArmBody,
): Promise<NodePoolSnapshot | undefined> {
  const first = agentPoolsOf(declared).find((pool) => /^system$/i.test(String(pool["mode"])));
  const vmSize = first?.["vmSize"];
  return readSnapshotSource(deps, source, {
    cluster: id,
    ...(typeof vmSize === "string" && { vmSize }),
  });
}

/** The cluster as it is, once nothing is under way on it any more. */
function settledCluster(
  { cluster: id }: ClusterInputs,
  { clusters, waiting, runner }: ClusterDeps,
): Promise<ArmBody | undefined> {
  let told = false;
  return askUntil(
    waiting,
    () => clusters.getClusterBody(id),
    (body) => {
      const provisioningState = body === undefined ? "" : stateOf(body);
      const busy = isBusy({ provisioningState });
      if (busy && !told)
        runner.log(`the cluster is ${provisioningState}: waiting for the end of that`);
      told ||= busy;
      return !busy;
    },
  );
}

/** Whether the body is to be written: never over a cluster that is another one. */
function decide({ cluster: id }: ClusterInputs, body: ArmBody, live: ArmBody | undefined): boolean {
  if (live === undefined) return true;
  const other = clusterDifferences(body, live);
  if (other.length > 0) {
    throw new FleetwrightError(
      "conflict",
      `cluster ${parseArmId(id).name} exists and differs in ${other.slice(0, 10).join(", ")}`,
      { subject: id, remedy: "this action creates clusters and changes none: choose another name" },
    );
  }
  return stateOf(live) !== "Succeeded";
}

async function create(
  inputs: ClusterInputs,
  deps: ClusterDeps,
  { body, live }: { readonly body: ArmBody; readonly live: ArmBody | undefined },
): Promise<OperationEnd> {
  const { name } = parseArmId(inputs.cluster);
  deps.runner.leaves(`cluster ${name} was being created; run the step again to see it through`);
  const operation = await begin(inputs, deps, { body, live });
  deps.runner.log(`cluster ${name}: accepted`);
  let told = "";
  const end = await watch(deps.waiting, operation.ended(), async () => {
    const seen = await deps.clusters.getClusterBody(inputs.cluster);
    const state = seen === undefined ? "not there yet" : stateOf(seen);
    if (state !== told) deps.runner.log(`cluster ${name}: ${state}`);
    told = state;
  });
  deps.runner.log(`cluster ${name}: ${end.status}, as Azure says`);
  return end;
}

function begin(
  { cluster: id }: ClusterInputs,
  { clusters }: ClusterDeps,
  { body, live }: { readonly body: ArmBody; readonly live: ArmBody | undefined },
): Promise<BegunOperation> {
  if (live === undefined) return clusters.createCluster(id, body);
  return clusters.putCluster(id, body, String(live["eTag"] ?? "*"));
}

function stateOf(body: ArmBody): string {
  return String(asBody(body["properties"])["provisioningState"] ?? "");
}
