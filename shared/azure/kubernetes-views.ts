import type { Node, Pod } from "kubernetes-types/core/v1.js";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.js";
import {
  CORDONED_BY_ANNOTATION,
  NODE_IMAGE_LABEL,
  NODE_POOL_LABEL,
  QUARANTINED,
  UPGRADE_STATUS_LABEL,
} from "../core/kubernetes-labels.ts";
import type { BudgetView, NodeView, PodView } from "../quarantine/ports.ts";

export function toNodeView(node: Node): NodeView {
  const labels = node.metadata?.labels ?? {};
  const cordonedBy = node.metadata?.annotations?.[CORDONED_BY_ANNOTATION];
  return {
    name: node.metadata?.name ?? "",
    nodePool: labels[NODE_POOL_LABEL] ?? "",
    nodeImageVersion: labels[NODE_IMAGE_LABEL] ?? "",
    kubernetesVersion: (node.status?.nodeInfo?.kubeletVersion ?? "").replace(/^v/, ""),
    ready: isTrue(node.status?.conditions, "Ready"),
    unschedulable: node.spec?.unschedulable === true,
    quarantined: labels[UPGRADE_STATUS_LABEL] === QUARANTINED,
    ...(cordonedBy !== undefined && { cordonedBy }),
    createdAt: String(node.metadata?.creationTimestamp ?? ""),
  };
}

export function toPodView(pod: Pod): PodView {
  return {
    namespace: pod.metadata?.namespace ?? "",
    name: pod.metadata?.name ?? "",
    node: pod.spec?.nodeName,
    labels: pod.metadata?.labels ?? {},
    owner: owner(pod),
    ...(pod.spec?.terminationGracePeriodSeconds !== undefined && {
      gracePeriodSeconds: pod.spec.terminationGracePeriodSeconds,
    }),
    ready: isTrue(pod.status?.conditions, "Ready"),
  };
}

export function toBudgetView(budget: PodDisruptionBudget): BudgetView {
  return {
    namespace: budget.metadata?.namespace ?? "",
    name: budget.metadata?.name ?? "",
    selector: budget.spec?.selector,
    minAvailable: budget.spec?.minAvailable?.toString(),
    maxUnavailable: budget.spec?.maxUnavailable?.toString(),
    disruptionsAllowed: budget.status?.disruptionsAllowed ?? 0,
    currentHealthy: budget.status?.currentHealthy ?? 0,
    desiredHealthy: budget.status?.desiredHealthy ?? 0,
    expectedPods: budget.status?.expectedPods ?? 0,
  };
}

/** People know the Deployment; the ReplicaSet in between is named `<deployment>-<pod template hash>`. */
function owner(pod: Pod): string | undefined {
  const references = pod.metadata?.ownerReferences ?? [];
  const reference = references.find((candidate) => candidate.controller) ?? references[0];
  if (reference === undefined) return undefined;
  const suffix = `-${pod.metadata?.labels?.["pod-template-hash"]}`;
  if (reference.kind === "ReplicaSet" && reference.name.endsWith(suffix)) {
    return `Deployment/${reference.name.slice(0, -suffix.length)}`;
  }
  return `${reference.kind}/${reference.name}`;
}

function isTrue(
  conditions: readonly { readonly type: string; readonly status: string }[] | undefined,
  type: string,
): boolean {
  return conditions?.some((entry) => entry.type === type && entry.status === "True") ?? false;
}
