import type { ArmId } from "../core/arm-id.ts";
import type { NodePool } from "../snapshot/ports.ts";
import { selects } from "./selector.ts";
import type { BudgetView, ClusterNodes, NodeReader, NodeView, PodView } from "./ports.ts";

/** A pod that keeps its node from being drained, and the budget that forbids its eviction, where one does. */
export interface Blocker {
  readonly namespace: string;
  readonly pod: string;
  readonly owner: string | undefined;
  readonly budget: BudgetView | undefined;
  /** Further budgets that select the pod: with more than one it is never evicted, whatever they allow. */
  readonly overlapping?: readonly BudgetView[];
  /** How long the pod may take to end, where that is known. */
  readonly gracePeriodSeconds?: number | undefined;
}

/** A node that an upgrade had to leave behind. */
export interface BlockedNode {
  readonly cluster: ArmId;
  readonly nodePool: string;
  readonly node: string;
  readonly nodeImageVersion: string;
  /** False: left behind schedulable, on its old image (undrainable node behavior `Schedule`). */
  readonly quarantined: boolean;
  readonly blockers: readonly Blocker[];
  /** How long AKS waits for a drain of the pool, where that is known. */
  readonly drainTimeoutMinutes?: number | undefined;
  /** Nodes of the pool that take pods, and how many the pool should have. */
  readonly capacity?: { readonly schedulable: number; readonly wanted: number };
}

/**
 * A pool blocks at most as many nodes as it may surge, so more than this in one cluster is a cluster in
 * ruins. The first by name are read, the same at every look.
 */
const MAX_NODES_INSPECTED = 200;

export interface Inspection {
  readonly cluster: ArmId;
  readonly nodes: ClusterNodes;
  /** A node without the label that its failed upgrade did not reach. */
  readonly isLeftBehind: (node: NodeView) => boolean;
  /** Node pools of the cluster as ARM tells them. */
  readonly pools?: readonly PoolSize[];
}

type PoolSize = Pick<NodePool, "name" | "count" | "drainTimeoutMinutes">;

/** "Drain timeout: 30 minutes by default." Source: learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling */
const DEFAULT_DRAIN_TIMEOUT_MINUTES = 30;

/**
 * Reads who blocks the nodes that an upgrade had to leave: those with AKS's label, and under `Schedule`
 * those left behind whose pod may not be evicted. A cluster that cannot be seen has none to tell.
 */
export async function inspectBlockedNodes(
  reader: NodeReader,
  { cluster, nodes, isLeftBehind, pools = [] }: Inspection,
): Promise<readonly BlockedNode[]> {
  if (!nodes.visible) return [];
  const suspects = nodes.nodes
    .filter((node) => node.quarantined || isLeftBehind(node))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, MAX_NODES_INSPECTED);
  const budgets = new Map<string, Promise<readonly BudgetView[]>>();
  const budgetsOf = (namespace: string): Promise<readonly BudgetView[]> => {
    const known = budgets.get(namespace) ?? reader.readBudgets(cluster, namespace);
    budgets.set(namespace, known);
    return known;
  };
  const inspected = await Promise.all(
    suspects.map(async (node) => ({
      ...(await inspectNode(reader, cluster, node, budgetsOf)),
      ...poolFacts(pools, nodes.nodes, node),
    })),
  );
  // A node that was merely not reached has nobody to blame: it goes on with the next attempt.
  return inspected.filter((node) => node.quarantined || node.blockers.some(forbidsEviction));
}

function poolFacts(
  pools: readonly PoolSize[],
  nodes: readonly NodeView[],
  { nodePool }: NodeView,
): Pick<BlockedNode, "drainTimeoutMinutes" | "capacity"> {
  const pool = pools.find(({ name }) => name === nodePool);
  if (!pool) return {};
  const schedulable = nodes.filter(
    (node) => node.nodePool === nodePool && node.ready && !node.unschedulable,
  ).length;
  const { count, drainTimeoutMinutes } = pool;
  return { drainTimeoutMinutes, capacity: { schedulable, wanted: count } };
}

export function forbidsEviction({ budget, overlapping }: Blocker): boolean {
  return budget?.disruptionsAllowed === 0 || (overlapping?.length ?? 0) > 0;
}

async function inspectNode(
  reader: NodeReader,
  cluster: ArmId,
  node: NodeView,
  budgetsOf: (namespace: string) => Promise<readonly BudgetView[]>,
): Promise<BlockedNode> {
  const pods = (await reader.readPods(cluster, node.name)).filter(isEvictable);
  const blockers = await Promise.all(
    pods.map(async (pod) => blockerOf(pod, await budgetsOf(pod.namespace))),
  );
  return {
    cluster,
    nodePool: node.nodePool,
    node: node.name,
    nodeImageVersion: node.nodeImageVersion,
    quarantined: node.quarantined,
    blockers,
  };
}

/** A drain leaves DaemonSet pods alone, so they never block one. */
function isEvictable(pod: PodView): boolean {
  return pod.owner?.startsWith("DaemonSet/") !== true;
}

function blockerOf(pod: PodView, budgets: readonly BudgetView[]): Blocker {
  const covering = budgets.filter((budget) => covers(budget, pod));
  const budget = covering.find((candidate) => candidate.disruptionsAllowed === 0) ?? covering[0];
  const overlapping = covering.filter((other) => other !== budget);
  const { namespace, name, owner, gracePeriodSeconds } = pod;
  return {
    namespace,
    pod: name,
    owner,
    budget,
    ...(overlapping.length > 0 && { overlapping }),
    gracePeriodSeconds,
  };
}

function covers(budget: BudgetView, pod: PodView): boolean {
  return budget.selector !== undefined && selects(budget.selector, pod.labels);
}

/**
 * What holds a node: `pdb:<namespace>/<name>`, `grace:<namespace>/<owner>` or `reason:<why>`. One, whoever else
 * holds it too: a node is one matter for one person. The budgets that forbid an eviction now come first.
 */
export function causeOf(node: BlockedNode): string {
  const [forbidding] = budgetKeys(node.blockers.filter(forbidsEviction));
  if (forbidding) return forbidding;
  const slow = node.blockers.find((blocker) => outlastsDrain(blocker, node));
  const [covering] = budgetKeys(node.blockers);
  return slow ? `grace:${ownerOf(slow)}` : (covering ?? "reason:drain-timeout");
}

function budgetKeys(blockers: readonly Blocker[]): readonly string[] {
  return blockers
    .flatMap(({ budget }) => (budget ? [`pdb:${budget.namespace}/${budget.name}`] : []))
    .toSorted();
}

/** A pod that may take longer to end than AKS waits for it. */
export function outlastsDrain(
  { gracePeriodSeconds }: Pick<Blocker, "gracePeriodSeconds">,
  { drainTimeoutMinutes = DEFAULT_DRAIN_TIMEOUT_MINUTES }: Pick<BlockedNode, "drainTimeoutMinutes">,
): boolean {
  return gracePeriodSeconds !== undefined && gracePeriodSeconds >= drainTimeoutMinutes * 60;
}

/** `harbour/Deployment/tide`, or the pod itself when nobody owns it. */
export function ownerOf({ namespace, owner, pod }: Blocker): string {
  return `${namespace}/${owner ?? pod}`;
}

export function byPlace(a: BlockedNode, b: BlockedNode): number {
  const left = `${a.cluster}/${a.nodePool}/${a.node}`;
  const right = `${b.cluster}/${b.nodePool}/${b.node}`;
  return left < right ? -1 : left > right ? 1 : 0;
}
