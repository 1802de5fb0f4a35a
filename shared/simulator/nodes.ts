import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../core/kubernetes-labels.ts";
import { announceNode, announceObject } from "./announce.ts";
import { killPodsOf, welcomePods } from "./pods.ts";
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

export function makeReady(node: NodeState): void {
  node.phase = "Ready";
  welcomePods(node.owner.cluster, node);
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
