import { meets } from "../../shared/core/label-requirement.ts";
import { tolerates } from "../../shared/simulator/placement.ts";
import type { Cluster, ClusterNode, Pod } from "../../shared/simulator/model.ts";
import { systemLabels } from "./node-labels.ts";
import { nodeTaints } from "./nodes.ts";

type Labels = Readonly<Record<string, string | undefined>>;

/** Why no node takes a pod, in the scheduler's words: for each node the first thing that keeps it away. */
export function whyUnschedulable(cluster: Cluster, pod: Pod): string {
  const nodes = [...cluster.nodes.values()];
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const reason = obstacleOn(cluster, node, pod);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const total = `0/${nodes.length} nodes are available`;
  if (counts.size === 0) return "no nodes available to schedule pods";
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).toSorted();
  return `${total}: ${reasons.join(", ")}. preemption: ${total}: ${nodes.length} Preemption is not helpful for scheduling.`;
}

function obstacleOn(cluster: Cluster, node: ClusterNode, pod: Pod): string {
  const { nodeSelector, nodeTerms, apartFrom, tolerations } = pod.revision;
  if (node.unschedulable) return "node(s) were unschedulable";
  const taint = nodeTaints(cluster, node).find(
    (one) => one.effect !== "PreferNoSchedule" && !tolerates(tolerations, one),
  );
  if (taint) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  const labels: Labels = { ...systemLabels(cluster, node), ...node.labels };
  const selected =
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value) &&
    (nodeTerms?.some((term) => term.every((one) => meets(one, labels[one.key]))) ?? true);
  if (!selected) return "node(s) didn't match Pod's node affinity/selector";
  const pods = [...cluster.pods.values()].filter((one) => one.node === node.name);
  const isFull = pods.length >= (cluster.pools.get(node.pool)?.maxPods ?? 0);
  // What is left: the world keeps pods apart that ask for it.
  return isFull || !apartFrom ? "Too many pods" : "node(s) didn't match pod anti-affinity rules";
}
