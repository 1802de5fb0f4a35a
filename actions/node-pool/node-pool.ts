import { FleetwrightError } from "../../shared/core/errors.ts";
import { isBusy } from "../../shared/node-pool/plan.ts";
import type { Observed, PoolPlan } from "../../shared/node-pool/plan.ts";
import { planAdd } from "../../shared/node-pool/plan-add.ts";
import { planDelete } from "../../shared/node-pool/plan-delete.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import { baselineOf } from "../../shared/update-run/verify.ts";
import type { Report } from "../runner/report.ts";
import { readSnapshotSource } from "../runner/snapshot-source.ts";
import { askUntil } from "../runner/waiting.ts";
import type { NodePoolDeps, NodePoolInputs } from "./inputs.ts";
import { planUpgrade, planUpgradeImage } from "./plan-operation.ts";
import { reportPool } from "./report-pool.ts";
import { runSteps } from "./run-steps.ts";
import { verifyPool } from "./verify-pool.ts";

export async function nodePool(inputs: NodePoolInputs, deps: NodePoolDeps): Promise<Report> {
  const poolId = `${inputs.cluster}/agentPools/${inputs.nodePool}`;
  const observed = await observe(inputs, deps, poolId);
  assertVisible(inputs, observed);
  const plan = accepted(await planOf(inputs, deps, observed));
  const end = await runSteps({ inputs, deps, poolId, observed }, plan);
  const verified = await verifyPool(
    { inputs, deps, poolId },
    { target: plan.target, baseline: new Set(baselineOf(observed.nodes)) },
  );
  return reportPool(inputs, { poolId, steps: plan.steps, end, ...verified });
}

/** Waits out what somebody, or a step that was killed, has begun on the pool. */
async function observe(
  { cluster, verify }: NodePoolInputs,
  deps: NodePoolDeps,
  poolId: string,
): Promise<Observed> {
  const found = existing(cluster, await deps.nodePools.getCluster(cluster));
  assertRunning(found);
  let told = "";
  const pool = await askUntil(
    deps.waiting,
    () => deps.nodePools.getPool(poolId),
    (candidate) => {
      if (candidate === undefined || !isBusy(candidate)) return true;
      if (told !== candidate.provisioningState) {
        told = candidate.provisioningState;
        deps.runner.log(`node pool ${candidate.name} is ${told}: waiting for the end of that`);
      }
      return false;
    },
  );
  const nodes =
    verify === "nodes"
      ? await deps.nodes.readNodes(cluster)
      : ({ visible: false, reason: "verify is none" } as const);
  return { cluster: found, pool, nodes, now: deps.now() };
}

function existing(id: string, cluster: ManagedCluster | undefined): ManagedCluster {
  if (cluster !== undefined) return cluster;
  throw new FleetwrightError("not-found", `cluster ${id} does not exist`, {
    subject: id,
    remedy: "check the inputs, and grant the role 'Fleetwright operator' on the cluster",
  });
}

function assertRunning({ id, name, powerState }: ManagedCluster): void {
  if (powerState === "Running") return;
  throw new FleetwrightError("preflight-failed", `cluster ${name} is stopped`, {
    subject: id,
    remedy: "start it first: AKS changes no node pool of a stopped cluster",
  });
}

/** What cannot be verified afterwards is not begun. */
function assertVisible({ verify, cluster }: NodePoolInputs, { nodes }: Observed): void {
  if (verify === "none" || nodes.visible) return;
  throw new FleetwrightError(
    "unreachable",
    `the nodes of ${cluster} cannot be seen, so nothing was begun: ${nodes.reason}`,
    {
      subject: cluster,
      remedy: "make them visible, or set verify: none and verify by other means",
    },
  );
}

async function planOf(
  inputs: NodePoolInputs,
  deps: NodePoolDeps,
  observed: Observed,
): Promise<PoolPlan> {
  switch (inputs.operation) {
    case "add":
      return planAdd(observed, await addRequest(inputs, deps));
    case "upgrade":
      return planUpgrade(inputs, deps, observed);
    case "upgrade-node-image":
      return planUpgradeImage(inputs, deps, observed);
    case "delete":
      return planDelete(observed);
  }
}

async function addRequest(inputs: NodePoolInputs, deps: NodePoolDeps) {
  const { cluster, source, settings, kubernetesVersion, nodePool: name } = inputs;
  const snapshot = await readSnapshotSource(deps, source, { cluster, vmSize: settings.vmSize });
  if (snapshot !== undefined && kubernetesVersion !== undefined) {
    throw new FleetwrightError(
      "invalid-input",
      "a snapshot and kubernetes-version are both set, but the snapshot gives the version",
      { remedy: "leave one of them out" },
    );
  }
  const version = kubernetesVersion === undefined ? {} : { kubernetesVersion };
  return { name, snapshot, settings: { ...settings, ...version } };
}

function accepted(plan: PoolPlan): Extract<PoolPlan, { readonly kind: "planned" }> {
  if (plan.kind === "planned") return plan;
  throw new FleetwrightError(plan.code, plan.reason, { remedy: plan.remedy });
}
