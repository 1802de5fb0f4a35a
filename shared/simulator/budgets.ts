import { announceObject } from "./announce.ts";
import { meets } from "../core/label-requirement.ts";
import type { BudgetStatus, DisruptionBudget } from "./model.ts";
import type { BudgetState, ClusterState, PodState, WorkloadState } from "./state.ts";
import { amountOf } from "./surge.ts";

export function budgetState(budget: DisruptionBudget): BudgetState {
  return { budget, selector: Object.entries(budget.selector), workloads: [], told: undefined };
}

/** A budget was added or replaced: finds what it guards. */
export function linkBudget(cluster: ClusterState, state: BudgetState): void {
  state.workloads = [...cluster.workloads.values()].filter((one) => guards(state, one));
  for (const workload of state.workloads) workload.budgets = [...workload.budgets, state];
}

export function unlinkBudget(state: BudgetState): void {
  for (const workload of state.workloads) {
    workload.budgets = workload.budgets.filter((one) => one !== state);
  }
}

/** A workload was added or its labels changed: finds what guards it. */
export function linkWorkload(cluster: ClusterState, workload: WorkloadState): void {
  unlinkWorkload(workload);
  const budgets: BudgetState[] = [];
  for (const state of cluster.budgets.values()) if (guards(state, workload)) budgets.push(state);
  workload.budgets = budgets;
  for (const state of budgets) state.workloads = [...state.workloads, workload];
}

export function unlinkWorkload(workload: WorkloadState): void {
  for (const state of workload.budgets) {
    state.workloads = state.workloads.filter((one) => one !== workload);
  }
  workload.budgets = [];
}

function guards({ budget, selector }: BudgetState, workload: WorkloadState): boolean {
  if (workload.namespace !== budget.namespace) return false;
  const { labels } = workload;
  for (const entry of selector) if (labels[entry[0]] !== entry[1]) return false;
  const { expressions } = budget;
  return expressions === undefined || expressions.every((one) => meets(one, labels[one.key]));
}

/** Status of a budget that may or may not be in the cluster. */
export function budgetStatusOf(cluster: ClusterState, budget: DisruptionBudget): BudgetStatus {
  const state = budgetState(budget);
  state.workloads = [...cluster.workloads.values()].filter((one) => guards(state, one));
  return statusOf(state);
}

/** Source: kubernetes.io/docs/tasks/run-application/configure-pdb; percentages are rounded up. */
export function statusOf({
  budget,
  workloads,
}: Pick<BudgetState, "budget" | "workloads">): BudgetStatus {
  let expectedPods = 0;
  let currentHealthy = 0;
  for (const workload of workloads) {
    const { kind } = workload;
    expectedPods += kind === "DaemonSet" || kind === "Pod" ? workload.live : workload.replicas;
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
  for (const state of pod.owner.budgets) if (forbids(state, pod)) return state;
  return undefined;
}

function forbids(state: BudgetState, pod: PodState): boolean {
  if (!pod.ready && state.budget.alwaysAllowsUnready === true) return false;
  const { disruptionsAllowed, currentHealthy, desiredHealthy } = statusOf(state);
  // IfHealthyBudget: a pod that is not ready costs nothing while the others suffice.
  return pod.ready ? disruptionsAllowed === 0 : currentHealthy < desiredHealthy;
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
