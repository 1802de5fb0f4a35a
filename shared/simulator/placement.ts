import { NODE_IMAGE_LABEL, NODE_POOL_LABEL } from "../core/kubernetes-labels.ts";
import { meets } from "../core/label-requirement.ts";
import type { PodTerm, Revision } from "./model.ts";
import { TAKES_NONE } from "./state.ts";
import type {
  ClusterState,
  NodeState,
  PodState,
  PoolState,
  RevisionState,
  Taint,
} from "./state.ts";

/**
 * The scheduler: among the nodes that are Ready, schedulable, tolerated, selected and have room, the one
 * with the fewest pods; among equals the pool that was made first, then the lowest instance.
 */
export function chooseNode(cluster: ClusterState, pod: PodState): NodeState | undefined {
  const { nodeName } = pod.owner;
  if (nodeName !== undefined) return cluster.nodes.get(nodeName);
  if (cluster.kernel.place !== undefined) {
    const scripted = scriptedChoice(cluster, pod);
    if (scripted !== undefined) return scripted;
  }
  return leastLoaded(cluster, pod);
}

/** Asked for each pod of a rehearsal: most may run anywhere, and a pool knows its lightest node. */
function leastLoaded(cluster: ClusterState, pod: PodState): NodeState | undefined {
  const { revision } = pod;
  let best: NodeState | undefined;
  for (const pool of cluster.pools.values()) {
    const lightest = pool.lightest();
    const below = best?.load ?? TAKES_NONE;
    if (lightest === undefined || lightest.load >= below) continue;
    const suits = suitsPool(revision, pool);
    if (suits === true && lightest.isPlain && revision.apartFrom === undefined) best = lightest;
    else best = lightestOpen(pool, pod, below) ?? best;
  }
  return best;
}

function lightestOpen(pool: PoolState, pod: PodState, below: number): NodeState | undefined {
  const suits = suitsPool(pod.revision, pool);
  let best: NodeState | undefined;
  for (const node of pool.nodes) {
    if (node.load >= (best?.load ?? below)) continue;
    const isOpen = suits === "by node" || !node.isPlain ? suitsNode(pod.revision, node) : suits;
    if (isOpen && staysApart(pod, node)) best = node;
  }
  return best;
}

function scriptedChoice(cluster: ClusterState, pod: PodState): NodeState | undefined {
  const candidates = [...cluster.nodes.values()].filter(
    (node) => node.load < TAKES_NONE && suitsNode(pod.revision, node) && staysApart(pod, node),
  );
  const name = cluster.kernel.place?.(pod, candidates);
  return candidates.find((node) => node.name === name);
}

/** May a DaemonSet have a pod here? Its pods tolerate cordons and full nodes. */
export function suitsNode(revision: RevisionState, node: NodeState): boolean {
  return (
    selectsNode(revision, node) &&
    toleratesAll(revision, node.owner.taints) &&
    toleratesAll(revision, node.taints)
  );
}

/** Its node selector and its required node affinity. */
export function selectsNode(revision: RevisionState, node: NodeState): boolean {
  const { selectorEntries, nodeTerms } = revision;
  if (!selectorEntries.every(([key, value]) => labelOf(node, key) === value)) return false;
  return (
    nodeTerms === undefined ||
    nodeTerms.some((term) => term.every((one) => meets(one, labelOf(node, one.key))))
  );
}

/** Required anti-affinity. Source: kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node */
function staysApart(pod: PodState, node: NodeState): boolean {
  return (pod.revision.apartFrom ?? []).every((term) => !isNear(pod, node, term));
}

/** Is a pod that the term selects in the same part of the cluster as the node? A node without the label is in none. */
function isNear(pod: PodState, node: NodeState, { topologyKey, selector }: PodTerm): boolean {
  const part = labelOf(node, topologyKey);
  if (part === undefined) return false;
  const isOther = (one: PodState): boolean =>
    one !== pod &&
    one.namespace === pod.namespace &&
    selector.every((expression) => meets(expression, one.labels[expression.key]));
  if (topologyKey === HOST_NAME_LABEL) return node.pods.some(isOther);
  const nodes = [...node.owner.cluster.nodes.values()];
  return nodes.some((one) => labelOf(one, topologyKey) === part && one.pods.some(isOther));
}

/** A taint with the effect NoExecute also drives away who is there already. */
export function mayStay(revision: RevisionState, node: NodeState): boolean {
  for (const taint of [...node.owner.taints, ...node.taints]) {
    if (taint.effect === "NoExecute" && !tolerates(revision.tolerations, taint)) return false;
  }
  return true;
}

const HOST_NAME_LABEL = "kubernetes.io/hostname";
const LABELS_OF_ONE_NODE = new Set([HOST_NAME_LABEL, NODE_IMAGE_LABEL]);

function suitsPool(revision: RevisionState, pool: PoolState): boolean | "by node" {
  if (revision.nodeTerms !== undefined) return "by node";
  for (const [key, value] of revision.selectorEntries) {
    if (LABELS_OF_ONE_NODE.has(key)) return "by node";
    if (poolLabelOf(pool, key) !== value) return false;
  }
  return toleratesAll(revision, pool.taints);
}

function labelOf(node: NodeState, key: string): string | undefined {
  if (node.labels[key] !== undefined) return node.labels[key];
  if (key === HOST_NAME_LABEL) return node.name;
  if (key === NODE_IMAGE_LABEL) return node.nodeImageVersion;
  return poolLabelOf(node.owner, key);
}

function poolLabelOf(pool: PoolState, key: string): string | undefined {
  switch (key) {
    case NODE_POOL_LABEL:
    case "agentpool":
      return pool.name;
    case "kubernetes.azure.com/mode":
      return pool.mode.toLowerCase();
    case "kubernetes.azure.com/os-sku":
      return pool.osSku;
    case "kubernetes.azure.com/role":
      return "agent";
    case "beta.kubernetes.io/os":
    case "kubernetes.io/os":
      return pool.osType.toLowerCase();
    case "beta.kubernetes.io/arch":
    case "kubernetes.io/arch":
      return pool.imageFamily.includes("arm64") ? "arm64" : "amd64";
    case "node.kubernetes.io/instance-type":
      return pool.vmSize;
    case "topology.kubernetes.io/zone":
      // What a node outside availability zones carries.
      return "0";
    case "topology.kubernetes.io/region":
      return pool.cluster.region;
    default:
      return pool.nodeLabels[key];
  }
}

function toleratesAll(revision: RevisionState, taints: readonly Taint[]): boolean {
  for (const taint of taints) {
    if (taint.effect !== "PreferNoSchedule" && !tolerates(revision.tolerations, taint))
      return false;
  }
  return true;
}

/** Source: kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration */
export function tolerates(tolerations: Revision["tolerations"], taint: Taint): boolean {
  return tolerations.some(
    ({ key, operator = "Equal", value, effect }) =>
      (effect === undefined || effect === "" || effect === taint.effect) &&
      (key === undefined || key === "" ? operator === "Exists" : key === taint.key) &&
      (operator === "Exists" || (value ?? "") === (taint.value ?? "")),
  );
}
