import type { Node, Taint } from "kubernetes-types/core/v1.js";
import { parseArmId } from "../../shared/core/arm-id.ts";
import type { Cluster, ClusterNode } from "../../shared/simulator/model.ts";
import { ageOf } from "./age.ts";
import { nodeResourceGroup, systemLabels } from "./node-labels.ts";
import { conditionTaints, HEARTBEAT_MILLISECONDS, nodeStatus } from "./node-status.ts";
import { validateLabels } from "./labels.ts";
import { rememberNodeStatus, withWrittenStatus } from "./written-node-status.ts";
import { stringMap, toTime } from "./object.ts";
import { statusOf } from "./resource.ts";
import type { Column, Resource } from "./resource.ts";
import { invalid } from "./status.ts";

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
/** Written by the attach-detach controller and the kubelet on every node. */
const SYSTEM_ANNOTATIONS: Readonly<Record<string, string>> = {
  "node.alpha.kubernetes.io/ttl": "0",
  "volumes.kubernetes.io/controller-managed-attach-detach": "true",
};

export const nodes: Resource<ClusterNode, Node> = {
  group: "",
  version: "v1",
  plural: "nodes",
  singular: "node",
  kind: "Node",
  namespaced: false,
  shortNames: ["no"],
  categories: [],
  subresources: [statusOf("", "Node")],
  selectableFields: ["metadata.name", "spec.unschedulable"],
  columns: columns(),
  changes: "told",
  beatMilliseconds: HEARTBEAT_MILLISECONDS,
  dependsOn: ["nodes"],
  sources: (cluster) => cluster.nodes,
  phase: (node) => node.phase,
  render: (node, view) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: node.name,
      uid: node.uid,
      creationTimestamp: toTime(node.createdAt),
      labels: { ...systemLabels(view.cluster, node), ...node.labels },
      annotations: { ...SYSTEM_ANNOTATIONS, ...node.annotations },
    },
    spec: {
      providerID: providerId(view.cluster, node),
      ...(node.unschedulable && { unschedulable: true }),
      ...taintsField(nodeTaints(view.cluster, node)),
    },
    status: withWrittenStatus(view.cluster, node, nodeStatus(node, view)),
  }),
  update: patchNode,
  updateStatus: (cluster, current, desired) => {
    rememberNodeStatus(cluster, current, desired);
    cluster.patchNode(current.metadata?.name ?? "", {});
  },
  remove: (cluster, { name }) => cluster.deleteNode(name),
};

/** Of its pool, its own, and those that tell its condition. */
export function nodeTaints(cluster: Cluster, node: ClusterNode): Taint[] {
  return [...poolTaints(cluster, node), ...storedTaints(cluster, node), ...conditionTaints(node)];
}

function taintsField(taints: Taint[]): { taints?: Taint[] } {
  return taints.length > 0 ? { taints } : {};
}

function providerId(cluster: Cluster, node: ClusterNode): string {
  const { subscription } = parseArmId(cluster.id);
  const scaleSet = node.name.slice(0, -"000000".length);
  const group = nodeResourceGroup(cluster).toLowerCase();
  const provider = `resourceGroups/${group}/providers/Microsoft.Compute/virtualMachineScaleSets`;
  return `azure:///subscriptions/${subscription}/${provider}/${scaleSet}/virtualMachines/${node.instance}`;
}

/** AKS writes a pool's taints as `key=value:Effect`. */
function poolTaints(cluster: Cluster, node: ClusterNode): Taint[] {
  return (cluster.pools.get(node.pool)?.nodeTaints ?? []).map((text) => {
    const [pair = "", effect = "NoSchedule"] = text.split(":");
    const [key = "", value] = pair.split("=");
    return { key, ...(value !== undefined && { value }), effect };
  });
}

function storedTaints(cluster: Cluster, node: ClusterNode): Taint[] {
  const derived = new Set(poolTaints(cluster, node).map(taintKey));
  return node.taints.filter((taint) => !derived.has(taintKey(taint)));
}

function taintKey(taint: Taint): string {
  return `${taint.key}:${taint.effect}`;
}

/** Hands on only what changed: labels and taints of AKS's own making are not the node's to keep. */
function patchNode(cluster: Cluster, current: Node, desired: Node): void {
  const name = current.metadata?.name ?? "";
  const node = cluster.nodes.get(name);
  if (!node) return;
  validate(name, desired);
  const system = systemLabels(cluster, node);
  const labels = stored(desired.metadata?.labels, system);
  const annotations = stored(desired.metadata?.annotations, SYSTEM_ANNOTATIONS);
  const taints = ownTaints(cluster, node, desired.spec?.taints ?? []);
  const unschedulable = desired.spec?.unschedulable === true;
  const change = {
    ...(unschedulable !== node.unschedulable && { unschedulable }),
    ...(!sameJson(labels, stored(node.labels, system)) && { labels }),
    ...(!sameJson(annotations, stored(node.annotations, SYSTEM_ANNOTATIONS)) && { annotations }),
    ...(!sameJson(taints, ownTaints(cluster, node, node.taints)) && { taints }),
  };
  if (Object.keys(change).length > 0) cluster.patchNode(name, change);
}

/** Entries that differ from what AKS writes, in a fixed order so that they can be compared as text. */
function stored(
  values: unknown,
  system: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const own = Object.entries(stringMap(values)).filter(([key, value]) => system[key] !== value);
  return Object.fromEntries(own.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function ownTaints(
  cluster: Cluster,
  node: ClusterNode,
  taints: readonly Taint[],
): ClusterNode["taints"] {
  const derived = new Set([...poolTaints(cluster, node), ...conditionTaints(node)].map(taintKey));
  const own = taints.filter(
    (taint) => !derived.has(taintKey(taint)) && taint.key !== "node.kubernetes.io/unschedulable",
  );
  return own.map(({ key, value, effect }) => ({
    key,
    ...(value !== undefined && { value }),
    effect,
  }));
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function validate(name: string, desired: Node): void {
  const effects = (desired.spec?.taints ?? []).filter((taint) => !EFFECTS.includes(taint.effect));
  const errors = [
    ...validateLabels(desired.metadata?.labels),
    ...effects.map((taint) => ({
      field: "spec.taints.effect",
      message: `Unsupported value: ${JSON.stringify(taint.effect)}: supported values: ${EFFECTS.map((effect) => JSON.stringify(effect)).join(", ")}`,
    })),
  ];
  if (errors.length > 0) throw invalid("Node", name, errors);
}

function statusText(node: Node): string {
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready")?.status;
  const text = ready === "True" ? "Ready" : "NotReady";
  return node.spec?.unschedulable === true ? `${text},SchedulingDisabled` : text;
}

function roles(node: Node): string {
  const prefix = "node-role.kubernetes.io/";
  const names = Object.keys(node.metadata?.labels ?? {}).filter((key) => key.startsWith(prefix));
  return (
    names
      .map((key) => key.slice(prefix.length))
      .toSorted()
      .join(",") || "<none>"
  );
}

function address(node: Node, type: string): string {
  return node.status?.addresses?.find((entry) => entry.type === type)?.address ?? "<none>";
}

function columns(): readonly Column<Node>[] {
  const wide = { type: "string", description: "", priority: 1 } as const;
  const shown = { type: "string", description: "", priority: 0 } as const;
  return [
    { ...shown, name: "Name", format: "name", value: (node) => node.metadata?.name ?? "" },
    { ...shown, name: "Status", value: statusText },
    { ...shown, name: "Roles", value: roles },
    { ...shown, name: "Age", value: (node, now) => ageOf(node.metadata?.creationTimestamp, now) },
    { ...shown, name: "Version", value: (node) => node.status?.nodeInfo?.kubeletVersion ?? "" },
    { ...wide, name: "Internal-IP", value: (node) => address(node, "InternalIP") },
    { ...wide, name: "External-IP", value: (node) => address(node, "ExternalIP") },
    { ...wide, name: "OS-Image", value: (node) => node.status?.nodeInfo?.osImage ?? "" },
    {
      ...wide,
      name: "Kernel-Version",
      value: (node) => node.status?.nodeInfo?.kernelVersion ?? "",
    },
    {
      ...wide,
      name: "Container-Runtime",
      value: (node) => node.status?.nodeInfo?.containerRuntimeVersion ?? "",
    },
  ];
}
