import type { ArmId } from "../../shared/core/arm-id.ts";
import { toError } from "../../shared/core/errors.ts";
import type { Observed, PoolPlan, PoolStep, PoolTarget } from "../../shared/node-pool/plan.ts";
import type { BegunOperation, OperationEnd } from "../../shared/node-pool/ports.ts";
import { watch } from "../runner/waiting.ts";
import type { NodePoolDeps, NodePoolInputs } from "./inputs.ts";
import { progressReader } from "./progress.ts";

export interface StepScope {
  readonly inputs: NodePoolInputs;
  readonly deps: NodePoolDeps;
  readonly poolId: ArmId;
  readonly observed: Observed;
}

/** Carries the steps out, one after the other; the first that Azure ends badly is the last. */
export async function runSteps(
  scope: StepScope,
  { steps, target }: Extract<PoolPlan, { readonly kind: "planned" }>,
): Promise<OperationEnd> {
  for (const step of steps) {
    const end = await runStep(scope, step, target);
    if (end.status === "failed") return end;
  }
  return { status: "succeeded" };
}

async function runStep(
  scope: StepScope,
  step: PoolStep,
  target: PoolTarget,
): Promise<OperationEnd> {
  const { deps, poolId, inputs } = scope;
  const name = `node pool ${inputs.nodePool}`;
  deps.runner.leaves(
    `${step.kind} of ${name} was being begun; run the step again to see it through`,
  );
  const operation = await begin(scope, step);
  deps.runner.log(`${step.kind} of ${name}: accepted`);
  deps.runner.leaves(
    `${step.kind} of ${name} goes on in Azure; run the step again to see it through`,
  );
  const look = progressReader({ inputs, deps, poolId }, target);
  const end = await watch(deps.waiting, operation.ended(), async () => {
    try {
      await look();
    } catch (thrown) {
      deps.runner.log(`will look again: ${toError(thrown).message}`);
    }
  });
  deps.runner.log(`${step.kind} of ${name}: ${end.status}, as Azure says`);
  return end;
}

function begin(
  { deps: { nodePools }, poolId, observed }: StepScope,
  step: PoolStep,
): Promise<BegunOperation> {
  const etag = observed.pool?.etag ?? "";
  switch (step.kind) {
    case "add":
      return nodePools.addPool(poolId, step.settings);
    case "update":
      return nodePools.updatePool(poolId, step.settings, etag);
    case "upgrade-node-image":
      return nodePools.upgradeNodeImage(poolId, step.snapshotId);
    case "delete":
      return nodePools.deletePool(poolId, etag);
  }
}
