import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../core/kubernetes-labels.ts";
import { announceNode, announceObject, recordNodeEvent } from "./announce.ts";
import { drawPhase } from "./kernel.ts";
import { killPodsOf, welcomePods } from "./pods.ts";
import { WINDOWS_SLOWNESS } from "./rules.ts";
import { NodeState } from "./state.ts";
import type { PoolState, Version } from "./state.ts";

export function isQuarantined(node: NodeState): boolean {
  return node.labels[UPGRADE_STATUS_LABEL] === QUARANTINED;
}

export function isAt(node: NodeState, version: Version): boolean {
  return (
    node.nodeImageVersion === version.nodeImageVersion &&
    node.kubernetesVersion === version.kubernetesVersion
  );
}

/** The next instance of the scale set, at the version that the pool has now. */
export function createNode(pool: PoolState, version: Version, surge = false): NodeState {
  const node = new NodeState(pool, pool.nextInstance++, version);
  node.surge = surge;
  pool.nodes.push(node);
  pool.cluster.nodes.set(node.name, node);
  pool.machines.used += 1;
  announceNode(node, surge ? "SurgeCreating" : "Created", { object: "ADDED" });
  return node;
}

/** One more than the pool counts, at its goal; `onReady` also when it was deleted meanwhile. */
export function createSurgeNode(pool: PoolState, onReady: (node: NodeState) => void): void {
  const { kernel } = pool.cluster;
  const node = createNode(pool, pool.goal, true);
  recordNodeEvent(node, {
    type: "Normal",
    reason: "Surge",
    message: `Created a surge node [${node.name} ${pool.name}] for agentpool ${pool.name}`,
  });
  const slowness = pool.osType === "Windows" ? WINDOWS_SLOWNESS : 1;
  kernel.timeline.after(drawPhase(kernel, "surgeCreate", node) * slowness, () => {
    if (node.alive) {
      makeReady(node);
      announceNode(node, "SurgeReady");
    }
    onReady(node);
  });
}

export function makeReady(node: NodeState): void {
  node.phase = "Ready";
  welcomePods(node.owner.cluster, node);
}

export function announceSoak(node: NodeState, minutes: number): void {
  announceNode(node, "Soaking");
  recordNodeEvent(node, {
    type: "Normal",
    reason: "Upgrade",
    message: `Soak duration ${minutes}m0s after draining node: ${node.name}`,
  });
}

export function cordon(node: NodeState): void {
  if (node.unschedulable) return;
  node.unschedulable = true;
  announceNode(node, "Cordoned");
}

export function uncordon(node: NodeState): void {
  if (!node.unschedulable) return;
  node.unschedulable = false;
  announceNode(node, "Uncordoned");
  if (node.phase === "Ready") welcomePods(node.owner.cluster, node);
}

/** The machine is deleted; what still runs on it goes with it. */
export function removeNode(node: NodeState): void {
  if (!node.alive) return;
  node.alive = false;
  node.phase = "Deleting";
  const { cluster } = node.owner;
  const index = node.owner.nodes.indexOf(node);
  if (index >= 0) node.owner.nodes.splice(index, 1);
  node.owner.forgetLightest();
  cluster.nodes.delete(node.name);
  node.owner.machines.used -= 1;
  killPodsOf(cluster, node);
  announceNode(node, "Removed", { object: "DELETED" });
}

/** Deallocation begins: nothing is placed here any more. */
export function beginDeletion(node: NodeState): void {
  node.phase = "Deleting";
  announceObject(node.owner.cluster, "nodes", "MODIFIED", { name: node.name });
}
