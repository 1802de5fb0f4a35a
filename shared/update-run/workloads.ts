import type { ArmId } from "../core/arm-id.ts";
import type { CheckResult } from "./check.ts";

/** A Deployment, StatefulSet or DaemonSet as its own controller reports it. */
export interface WorkloadView {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Pods that it wants, and how many of them are available. */
  readonly desired: number;
  readonly available: number;
  /** Its controller has seen its newest specification. */
  readonly observed: boolean;
}

/** "Cannot see the workloads" is an answer of its own, never an empty list. */
export type ClusterWorkloads =
  | { readonly visible: true; readonly workloads: readonly WorkloadView[] }
  | { readonly visible: false; readonly reason: string };

export interface WorkloadReader {
  readWorkloads(cluster: ArmId, namespaces: readonly string[]): Promise<ClusterWorkloads>;
}

/** Workloads named in one reason; the rest is counted. */
const MAX_NAMED = 5;

/** `Deployment harbour/tide`: how a baseline remembers a workload. */
export function workloadKey({ kind, namespace, name }: WorkloadView): string {
  return `${kind} ${namespace}/${name}`;
}

/**
 * Are the workloads of the declared namespaces available? One that was not before the run is not held
 * against it. A member where nothing runs in any of them proves nothing. Pure.
 */
export function verifyWorkloads(input: {
  readonly seen: ClusterWorkloads;
  readonly namespaces: readonly string[];
  /** By `workloadKey`: what was not available when the run started. */
  readonly baseline: ReadonlySet<string>;
}): CheckResult {
  const { seen, namespaces, baseline } = input;
  const result = (outcome: CheckResult["outcome"], detail: string): CheckResult => ({
    check: "workloads",
    outcome,
    detail,
  });
  if (!seen.visible) return result("unknown", `the workloads cannot be seen: ${seen.reason}`);
  const named = namespaces.join(", ");
  if (seen.workloads.length === 0) return result("inconclusive", `nothing runs in ${named}`);
  const judged = seen.workloads.filter((workload) => !baseline.has(workloadKey(workload)));
  const missing = judged.filter(({ available, desired }) => available < desired);
  if (missing.length > 0) return result("fail", listed(missing));
  const unseen = judged.filter(({ observed }) => !observed);
  if (unseen.length > 0) {
    return result("inconclusive", `${workloadKey(unseen[0] as WorkloadView)} is being changed`);
  }
  if (judged.length === 0) {
    return result("inconclusive", `nothing in ${named} was available before the run either`);
  }
  return result("pass", `${judged.length} workloads in ${named} available`);
}

function listed(workloads: readonly WorkloadView[]): string {
  const shown = workloads
    .slice(0, MAX_NAMED)
    .map((one) => `${workloadKey(one)} has ${one.available} of ${one.desired} pods available`);
  const rest = workloads.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join("; ");
}

/** What was not available before the run touched it. */
export function unavailableOf(seen: ClusterWorkloads): readonly string[] {
  if (!seen.visible) return [];
  return seen.workloads
    .filter(({ available, desired }) => available < desired)
    .map((workload) => workloadKey(workload));
}
