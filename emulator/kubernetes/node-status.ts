import type { NodeCondition, NodeStatus, Taint } from "kubernetes-types/core/v1.js";
import { MINUTE } from "../../shared/core/duration.ts";
import type { Cluster, ClusterNode, NodePool } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { architecture } from "./node-labels.ts";
import { toTime } from "./object.ts";
import type { View } from "./resource.ts";

/** AKS's default for Azure CNI overlay and the simulator's own bound. */
const MAX_PODS = 110;
const MEMORY_GIB_PER_CPU = 4;

type Times = Pick<NodeCondition, "lastHeartbeatTime" | "lastTransitionTime">;
type Readiness = "True" | "False" | "Unknown";

/** A node that is being set up says no; one whose machine is away says nothing. */
function readiness(node: ClusterNode): Readiness {
  if (node.phase === "Ready") return "True";
  return node.phase === "Creating" ? "False" : "Unknown";
}

/** Taints that the node lifecycle controller keeps in step with the node's state. */
export function conditionTaints(node: ClusterNode): Taint[] {
  const taints: Taint[] = [];
  const ready = readiness(node);
  if (node.unschedulable) {
    taints.push({ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" });
  }
  if (ready !== "True") {
    const key = ready === "False" ? "not-ready" : "unreachable";
    taints.push({ key: `node.kubernetes.io/${key}`, effect: "NoSchedule" });
    taints.push({ key: `node.kubernetes.io/${key}`, effect: "NoExecute" });
  }
  return taints;
}

export function nodeStatus(node: ClusterNode, view: View): NodeStatus {
  const { cluster } = view;
  const pool = cluster.pools.get(node.pool);
  return {
    addresses: [
      { type: "InternalIP", address: nodeAddress(node) },
      { type: "Hostname", address: node.name },
    ],
    capacity: resources(pool, 1),
    allocatable: resources(pool, 0.95),
    conditions: conditions(node, view),
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    images: [],
    nodeInfo: nodeInfo(cluster, node, pool),
  };
}

function conditions(node: ClusterNode, view: View): NodeCondition[] {
  const ready = readiness(node);
  const began = view.phaseSince ?? node.createdAt;
  const beat = ready === "Unknown" ? began : lastHeartbeat(view.now);
  const since: Times = {
    lastHeartbeatTime: toTime(Math.max(began, beat)),
    lastTransitionTime: toTime(began),
  };
  const pressures = ["Memory", "Disk", "PID"].map((name): NodeCondition => {
    const type = `${name}Pressure`;
    if (ready === "Unknown") return unknownCondition(type, since);
    const reason = name === "Disk" ? "KubeletHasNoDiskPressure" : `KubeletHasSufficient${name}`;
    return {
      type,
      status: "False",
      reason,
      message: "kubelet reports no pressure",
      ...since,
    };
  });
  return [...pressures, readyCondition(ready, since)];
}

function readyCondition(ready: Readiness, since: Times): NodeCondition {
  if (ready === "Unknown") return unknownCondition("Ready", since);
  const [reason, message] =
    ready === "True"
      ? ["KubeletReady", "kubelet is posting ready status"]
      : ["KubeletNotReady", "container runtime network not ready: cni plugin not initialized"];
  return { type: "Ready", status: ready, reason, message, ...since };
}

function unknownCondition(type: string, since: Times): NodeCondition {
  const message = "Kubelet stopped posting node status.";
  return { type, status: "Unknown", reason: "NodeStatusUnknown", message, ...since };
}

/** The kubelet writes its conditions when they change, and at least this often. */
export const HEARTBEAT_MILLISECONDS = 5 * MINUTE;

function lastHeartbeat(now: number): number {
  return now - (now % HEARTBEAT_MILLISECONDS);
}

/** Azure writes the number of vCPUs into the size's name: `Standard_D8ds_v5`. */
function resources(pool: NodePool | undefined, share: number): Record<string, string> {
  const cpus = Number(/^Standard_[A-Z]+(\d+)/i.exec(pool?.vmSize ?? "")?.[1] ?? 2);
  return {
    cpu: share === 1 ? String(cpus) : `${Math.round(cpus * 1000 * share)}m`,
    "ephemeral-storage": "129886128Ki",
    memory: `${Math.round(cpus * MEMORY_GIB_PER_CPU * share * 1024 * 1024)}Ki`,
    pods: String(MAX_PODS),
  };
}

function nodeInfo(
  cluster: Cluster,
  node: ClusterNode,
  pool: NodePool | undefined,
): NonNullable<NodeStatus["nodeInfo"]> {
  const identity = guidFrom(`${cluster.id}/${node.uid}`);
  const [osImage, kernelVersion] = operatingSystem(node.nodeImageVersion);
  return {
    architecture: architecture(pool),
    bootID: guidFrom(`${identity}/${node.nodeImageVersion}`),
    containerRuntimeVersion: "containerd://1.7.28-1",
    kernelVersion,
    kubeProxyVersion: `v${node.kubernetesVersion}`,
    kubeletVersion: `v${node.kubernetesVersion}`,
    machineID: identity.replaceAll("-", ""),
    operatingSystem: (pool?.osType ?? "Linux").toLowerCase(),
    osImage,
    systemUUID: identity,
  };
}

function operatingSystem(image: string): readonly [osImage: string, kernelVersion: string] {
  if (image.startsWith("AKSWindows")) return ["Windows Server 2022 Datacenter", "10.0.20348.4171"];
  if (image.startsWith("AKSAzureLinux")) return ["Microsoft Azure Linux 3.0", "6.6.96.2-2.azl3"];
  return image.includes("2404")
    ? ["Ubuntu 24.04.3 LTS", "6.8.0-1034-azure"]
    : ["Ubuntu 22.04.5 LTS", "5.15.0-1096-azure"];
}

/** In AKS's default virtual network; two nodes of one cluster may share one, nothing connects to it. */
export function nodeAddress(node: ClusterNode): string {
  const hash = Number.parseInt(guidFrom(node.uid).slice(0, 4), 16);
  return `10.224.${hash >> 8}.${4 + ((hash & 0xff) % 250)}`;
}
