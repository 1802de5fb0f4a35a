import type { Budget } from "../../quarantine/ports.ts";

/**
 * A budget that could not allow a disruption even if all of its pods were healthy: nobody has to be ill
 * for its nodes to stay. One without pods holds nothing.
 */
export function isUnsatisfiable({ limit, expectedPods }: Budget): boolean {
  if (expectedPods === 0) return false;
  if (limit.maxUnavailable !== undefined) return amount(limit.maxUnavailable, expectedPods) === 0;
  if (limit.minAvailable === undefined) return false;
  return amount(limit.minAvailable, expectedPods) >= expectedPods;
}

/** Percentages are rounded up. Source: kubernetes.io/docs/tasks/run-application/configure-pdb */
function amount(value: number | string, pods: number): number {
  const number = Number.parseInt(String(value), 10);
  return String(value).endsWith("%") ? Math.ceil((number * pods) / 100) : number;
}
