import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError } from "../core/errors.ts";
import { drainNodes, requireConsent } from "../drain/drain.ts";
import type { DrainDeps, DrainSettings } from "../drain/drain.ts";
import { objections } from "../drain/pods.ts";
import type { NodePoolPort } from "../node-pool/ports.ts";
import { adjust, budgetOwner, restore } from "./budget.ts";
import type { Budget, NodeReader, RemedyPort } from "./ports.ts";
import { adjustedFor, isBusy, nextRemedyStep } from "./remedy.ts";
import type { ObservedQuarantine, Remedy, RemedyStep } from "./remedy.ts";

export interface FixDeps extends DrainDeps {
  readonly nodes: NodeReader;
  readonly nodePools: NodePoolPort;
  readonly remedies: RemedyPort;
  /** What has to be undone should the job be cancelled now; undefined when nothing has to be. */
  undoOnCancel(undo: (() => Promise<void>) | undefined): void;
}

export interface FixRequest {
  readonly cluster: ArmId;
  readonly pool: ArmId;
  readonly nodes: readonly string[];
  readonly remedy: Remedy;
  /** Change a budget although a GitOps tool owns it. */
  readonly forceOwned: boolean;
  readonly drain: DrainSettings;
  readonly pollIntervalMilliseconds: number;
  /** How long AKS may take to bring the pool back. */
  readonly timeoutMilliseconds: number;
}

export interface Fixed {
  /** What was done, in order; empty when everything was as it should be. */
  readonly steps: readonly string[];
  readonly observed: ObservedQuarantine;
}

const UPDATE_POOL = "let AKS bring the node pool back";
/** Every remedy is done in fewer steps; more would be two hands that undo each other. */
const MAX_STEPS = 24;

/** A PUT that changed nothing twice will not the third time: the nodes say what is left. */
const MAX_POOL_UPDATES = 2;

/** Carries out a remedy on the named nodes of one pool, step by step, from whatever state it is in. */
export async function fixNodes(deps: FixDeps, request: FixRequest): Promise<Fixed> {
  const steps: string[] = [];
  deps.undoOnCancel(() => restoreBudgets(deps, request));
  try {
    for (let count = 0; count < MAX_STEPS; count++) {
      const observed = await observe(deps, request);
      const step = nextRemedyStep(observed, request.remedy);
      const updates = steps.filter((one) => one === UPDATE_POOL).length;
      const stuck = step.kind === "update-pool" && updates >= MAX_POOL_UPDATES;
      if (step.kind === "done" || stuck) return { steps, observed };
      if (step.kind !== "wait-for-pool") steps.push(describe(step));
      await perform(deps, request, { observed, step });
    }
  } catch (error) {
    await restoreBudgets(deps, request).catch((trouble: unknown) => {
      deps.log(`a budget could not be restored, the next run will: ${String(trouble)}`);
    });
    throw error;
  } finally {
    deps.undoOnCancel(undefined);
  }
  throw new FleetwrightError("timed-out", `${request.pool} did not come to rest`, {
    subject: request.pool,
    remedy: "see the log for what is done again and again",
  });
}

async function observe(
  deps: FixDeps,
  { cluster, pool: id, nodes: named }: FixRequest,
): Promise<ObservedQuarantine> {
  const [pool, seen, budgets] = await Promise.all([
    deps.nodePools.getPool(id),
    deps.nodes.readNodes(cluster),
    deps.remedies.listBudgets(cluster),
  ]);
  if (pool === undefined) {
    throw new FleetwrightError("not-found", `${id} does not exist`, { subject: id });
  }
  if (!seen.visible) {
    throw new FleetwrightError("unreachable", `the nodes cannot be seen: ${seen.reason}`, {
      subject: cluster,
    });
  }
  const nodes = seen.nodes.filter(({ nodePool }) => nodePool === pool.name);
  const present = nodes.filter(({ name }) => named.includes(name));
  const pods = await Promise.all(
    present.map(({ name }) => deps.drain.readBoundPods(cluster, name)),
  );
  return { pool, nodes, named, pods: pods.flat(), budgets };
}

async function perform(
  deps: FixDeps,
  request: FixRequest,
  { observed, step }: { readonly observed: ObservedQuarantine; readonly step: RemedyStep },
): Promise<void> {
  const { cluster } = request;
  if (step.kind !== "wait-for-pool") deps.log(describe(step));
  switch (step.kind) {
    case "adjust-budgets":
      return adjustBudgets(deps, request, step.budgets);
    case "restore-budgets":
      return restoreBudgets(deps, request);
    case "move-pods":
      return drainNodes(deps, cluster, step.nodes, request.drain);
    case "delete-pods":
      requireConsent(cluster, objections(step.pods, request.drain));
      for (const pod of step.pods) await deps.remedies.deletePod(cluster, pod);
      return;
    case "delete-machines":
      requireConsent(cluster, objections(observed.pods, request.drain));
      return ended(await deps.nodePools.deleteMachines(request.pool, step.nodes));
    case "release-nodes":
      return releaseNodes(deps, cluster, observed, step.nodes);
    case "update-pool":
      return ended(await deps.nodePools.updatePool(request.pool, {}, observed.pool.etag));
    case "wait-for-pool":
      return waitForPool(deps, request);
    case "done":
      return;
  }
}

/** A node that is on the pool's image already is not upgraded again, so nobody else would open it. */
async function releaseNodes(
  { remedies }: FixDeps,
  cluster: ArmId,
  { pool, nodes }: ObservedQuarantine,
  names: readonly string[],
): Promise<void> {
  const upgraded = nodes.filter(
    ({ nodeImageVersion }) => nodeImageVersion === pool.nodeImageVersion,
  );
  for (const node of names) {
    const uncordon = upgraded.some(({ name }) => name === node);
    await remedies.releaseNode(cluster, node, { uncordon });
  }
}

async function ended(operation: Awaited<ReturnType<NodePoolPort["updatePool"]>>): Promise<void> {
  const end = await operation.ended();
  if (end.status === "failed") throw end.error;
}

async function adjustBudgets(
  { remedies, log }: FixDeps,
  { cluster, nodes, forceOwned }: FixRequest,
  budgets: readonly Budget[],
): Promise<void> {
  for (const budget of budgets) {
    const owner = budgetOwner(budget);
    if (owner === undefined || forceOwned) continue;
    throw new FleetwrightError(
      "conflict",
      `the budget ${nameOf(budget)} belongs to ${owner}, which would put it back at any moment`,
      {
        subject: cluster,
        remedy: "change it where it is declared, or set `force-owned: true`",
      },
    );
  }
  for (const budget of budgets) {
    const change = adjust(budget, nodes);
    log(
      `${nameOf(budget)}: ${JSON.stringify(budget.limit)} becomes ${JSON.stringify(change.limit)} until the pods have moved`,
    );
    await remedies.changeBudget(cluster, budget, change);
  }
}

async function restoreBudgets({ remedies, log }: FixDeps, request: FixRequest): Promise<void> {
  const budgets = await remedies.listBudgets(request.cluster);
  for (const budget of adjustedFor(budgets, request.nodes)) {
    const change = restore(budget);
    if (change === undefined) continue;
    await remedies.changeBudget(request.cluster, budget, change);
    log(
      change.limit === undefined
        ? `${nameOf(budget)} was changed by somebody else meanwhile: left as it is`
        : `${nameOf(budget)} is ${JSON.stringify(change.limit)} again`,
    );
  }
}

async function waitForPool(deps: FixDeps, request: FixRequest): Promise<void> {
  const deadline = deps.elapsed() + request.timeoutMilliseconds;
  for (;;) {
    const pool = await deps.nodePools.getPool(request.pool);
    if (pool === undefined || !isBusy(pool)) return;
    if (deps.elapsed() >= deadline) {
      throw new FleetwrightError(
        "timed-out",
        `${request.pool} is still ${pool.provisioningState}`,
        {
          subject: request.pool,
          remedy: "run the step again when it has come to rest",
        },
      );
    }
    deps.log(`node pool ${pool.name} is ${pool.provisioningState}`);
    await deps.sleep(request.pollIntervalMilliseconds);
  }
}

function nameOf({ namespace, name }: Budget): string {
  return `budget ${namespace}/${name}`;
}

function describe(step: RemedyStep): string {
  switch (step.kind) {
    case "adjust-budgets":
      return `allow one disruption: ${step.budgets.map(nameOf).join(", ")}`;
    case "restore-budgets":
      return `restore ${step.budgets.map(nameOf).join(", ")}`;
    case "move-pods":
      return `drain ${step.nodes.join(", ")}`;
    case "delete-pods":
      return `delete ${step.pods.map(({ namespace, name }) => `${namespace}/${name}`).join(", ")}`;
    case "delete-machines":
      return `delete ${step.nodes.join(", ")}`;
    case "release-nodes":
      return `release ${step.nodes.join(", ")}`;
    case "update-pool":
      return UPDATE_POOL;
    case "wait-for-pool":
    case "done":
      return step.kind;
  }
}
