import { announceObject } from "./announce.ts";
import type { BudgetStatus, DisruptionBudget } from "./model.ts";
import type { BudgetState, ClusterState, PodState, WorkloadState } from "./state.ts";
import { amountOf } from "./surge.ts";

/** Recomputes which budgets guard which workloads; both change rarely. */
export function linkBudgets(cluster: ClusterState): void {
  for (const state of cluster.budgets.values()) {
    state.workloads = guardedWorkloads(cluster, state.budget);
  }
  for (const workload of cluster.workloads.values()) {
    workload.budgets = [...cluster.budgets.values()].filter((state) =>
      state.workloads.includes(workload),
    );
  }
}

function guardedWorkloads(cluster: ClusterState, budget: DisruptionBudget): WorkloadState[] {
  const selector = Object.entries(budget.selector);
  return [...cluster.workloads.values()].filter(
    (workload) =>
      workload.namespace === budget.namespace &&
      selector.every(([key, value]) => workload.labels[key] === value),
  );
}

/** Status of a budget that may or may not be in the cluster. */
export function budgetStatusOf(cluster: ClusterState, budget: DisruptionBudget): BudgetStatus {
  return statusOf({ budget, workloads: guardedWorkloads(cluster, budget) });
}

/** Source: kubernetes.io/docs/tasks/run-application/configure-pdb; percentages are rounded up. */
export function statusOf({
  budget,
  workloads,
}: Pick<BudgetState, "budget" | "workloads">): BudgetStatus {
  let expectedPods = 0;
  let currentHealthy = 0;
  for (const workload of workloads) {
    expectedPods += workload.kind === "DaemonSet" ? workload.live : workload.replicas;
    currentHealthy += workload.ready;
  }
  const desiredHealthy = desiredOf(budget, expectedPods);
  const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  return { expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed };
}

function desiredOf(budget: DisruptionBudget, expectedPods: number): number {
  if (budget.minAvailable !== undefined) return amount(budget.minAvailable, expectedPods);
  return Math.max(0, expectedPods - amount(budget.maxUnavailable ?? 1, expectedPods));
}

function amount(value: number | string, expectedPods: number): number {
  return typeof value === "number" ? value : amountOf(value, expectedPods);
}

/** The budget that forbids the eviction, if one does. Pods that run nowhere may always go. */
export function forbiddingBudget(pod: PodState): BudgetState | undefined {
  if (pod.phase !== "Running") return undefined;
  return pod.owner.budgets.find((state) => {
    const { disruptionsAllowed, currentHealthy, desiredHealthy } = statusOf(state);
    // IfHealthyBudget: a pod that is not ready costs nothing while the others suffice.
    if (!pod.ready) return currentHealthy < desiredHealthy;
    return disruptionsAllowed === 0;
  });
}

/** A budget that asks for as many pods as there are, or more, can never allow a disruption. */
export function isUnsatisfiable(state: BudgetState): boolean {
  const { expectedPods, desiredHealthy } = statusOf(state);
  return expectedPods > 0 && desiredHealthy >= expectedPods;
}

export function announceBudgets(cluster: ClusterState, workload: WorkloadState): void {
  if (!cluster.kernel.hub.listening) return;
  for (const state of workload.budgets) {
    const status = statusOf(state);
    const told = state.told;
    state.told = status;
    if (
      told?.expectedPods === status.expectedPods &&
      told.currentHealthy === status.currentHealthy &&
      told.desiredHealthy === status.desiredHealthy
    ) {
      continue;
    }
    const { namespace, name } = state.budget;
    announceObject(cluster, "poddisruptionbudgets", "MODIFIED", { namespace, name });
  }
}
