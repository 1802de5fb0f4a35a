import { announceObject } from "./announce.ts";
import { meets } from "../core/label-requirement.ts";
import type { BudgetStatus, DisruptionBudget } from "./model.ts";
import type { BudgetState, ClusterState, PodState, WorkloadState } from "./state.ts";
import { amountOf } from "./surge.ts";

export function budgetState(budget: DisruptionBudget): BudgetState {
  return { budget, selector: Object.entries(budget.selector), workloads: [], told: undefined };
}

/** What a budget that selects by no value is found under. */
const ANY_VALUE = "";

function enter({ budgetsByValue }: ClusterState, state: BudgetState): void {
  const { namespace } = state.budget;
  const byValue = budgetsByValue.get(namespace) ?? new Map<string, readonly BudgetState[]>();
  budgetsByValue.set(namespace, byValue);
  const value = firstValueOf(state);
  byValue.set(value, [...(byValue.get(value) ?? []), state]);
}

function strike({ budgetsByValue }: ClusterState, state: BudgetState): void {
  const byValue = budgetsByValue.get(state.budget.namespace);
  const value = firstValueOf(state);
  const others = byValue?.get(value)?.filter((one) => one !== state) ?? [];
  byValue?.set(value, others);
}

function guardsOf({ budgetsByValue }: ClusterState, workload: WorkloadState): BudgetState[] {
  const found: BudgetState[] = [];
  const byValue = budgetsByValue.get(workload.namespace);
  if (byValue === undefined) return found;
  const addFrom = (value: string | undefined): void => {
    for (const state of byValue.get(value ?? ANY_VALUE) ?? []) {
      if (guards(state, workload) && !found.includes(state)) found.push(state);
    }
  };
  addFrom(ANY_VALUE);
  for (const label in workload.labels) addFrom(workload.labels[label]);
  return found;
}

function firstValueOf({ selector }: BudgetState): string {
  return selector[0]?.[1] ?? ANY_VALUE;
}

/** A budget was added or replaced: finds what it guards. */
export function linkBudget(cluster: ClusterState, state: BudgetState): void {
  state.workloads = [...cluster.workloads.values()].filter((one) => guards(state, one));
  for (const workload of state.workloads) workload.budgets = [...workload.budgets, state];
  enter(cluster, state);
}

export function unlinkBudget(cluster: ClusterState, state: BudgetState): void {
  strike(cluster, state);
  for (const workload of state.workloads) {
    workload.budgets = workload.budgets.filter((one) => one !== state);
  }
}

/** A workload was added or its labels changed: finds what guards it. */
export function linkWorkload(cluster: ClusterState, workload: WorkloadState): void {
  unlinkWorkload(workload);
  workload.budgets = guardsOf(cluster, workload);
  for (const state of workload.budgets) state.workloads = [...state.workloads, workload];
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
export function statusOf(state: BudgetState): BudgetStatus {
  const expectedPods = expectedOf(state);
  const currentHealthy = healthyOf(state);
  const desiredHealthy = desiredOf(state.budget, expectedPods);
  const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  return { expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed };
}

function expectedOf({ workloads }: BudgetState): number {
  let expected = 0;
  for (const { kind, live, replicas } of workloads) {
    expected += kind === "DaemonSet" || kind === "Pod" ? live : replicas;
  }
  return expected;
}

function healthyOf({ workloads }: BudgetState): number {
  let healthy = 0;
  for (const { ready } of workloads) healthy += ready;
  return healthy;
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
  const expectedPods = expectedOf(state);
  const currentHealthy = healthyOf(state);
  const desiredHealthy = desiredOf(state.budget, expectedPods);
  // IfHealthyBudget: a pod that is not ready costs nothing while the others suffice.
  if (!pod.ready) return currentHealthy < desiredHealthy;
  return expectedPods === 0 || currentHealthy <= desiredHealthy;
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
