import type { Container, PodTemplateSpec } from "kubernetes-types/core/v1.js";
import type { Cluster, ClusterNode, Pod } from "../../shared/simulator/model.ts";
import { systemLabels } from "./node-labels.ts";
import { objectKey, toTime } from "./object.ts";
import type { KubernetesObject } from "./object.ts";
import { templateOf } from "./pod-template.ts";
import { parseQuantity } from "./quantity.ts";
import type { Column, Resource, View } from "./resource.ts";
import { relabelled } from "./written-pod.ts";

/** What something uses, in cores and bytes. */
interface Usage {
  readonly cores: number;
  readonly bytes: number;
}

/** A container that requests nothing, and what the node itself runs. */
const IDLE_CONTAINER: Usage = { cores: 0.001, bytes: 4 * 2 ** 20 };
const NODE_SYSTEM: Usage = { cores: 0.1, bytes: 800 * 2 ** 20 };
/** The metrics server scrapes so often, and says over how long it looked. */
const SCRAPE_MILLISECONDS = 15_000;
const WINDOW = "15s";

interface Measured {
  readonly usage: { readonly cpu: string; readonly memory: string };
}

type NodeMetrics = KubernetesObject & Measured & { readonly timestamp: string };
type PodMetrics = KubernetesObject & {
  readonly timestamp: string;
  readonly containers: readonly (Measured & { readonly name: string })[];
};

const shared = {
  group: "metrics.k8s.io",
  version: "v1beta1",
  shortNames: [],
  categories: [],
  subresources: [],
  changes: "compared",
  unwatched: true,
  beatMilliseconds: SCRAPE_MILLISECONDS,
} as const;

interface NodeUsage {
  readonly node: ClusterNode;
  readonly usage: Usage;
}

/** `kubectl top nodes`: what its pods use, and a little for the node itself. */
export const nodeMetrics: Resource<NodeUsage, NodeMetrics> = {
  ...shared,
  plural: "nodes",
  singular: "",
  kind: "NodeMetrics",
  namespaced: false,
  selectableFields: ["metadata.name"],
  columns: columns(({ usage }) => usage),
  dependsOn: ["nodes", "pods"],
  sources: nodeUsages,
  phase: () => "",
  render: ({ node, usage }, view) => ({
    ...head("NodeMetrics", view),
    metadata: {
      name: node.name,
      labels: { ...systemLabels(view.cluster, node), ...node.labels },
      creationTimestamp: scrapeTime(view),
    },
    usage: written(usage),
  }),
};

/** `kubectl top pods`: each container uses what it requests, for nothing runs in it. */
export const podMetrics: Resource<Pod, PodMetrics> = {
  ...shared,
  plural: "pods",
  singular: "",
  kind: "PodMetrics",
  namespaced: true,
  selectableFields: ["metadata.name", "metadata.namespace"],
  columns: columns(({ containers }) => ({
    cpu: containers.map(({ usage }) => usage.cpu).join(","),
    memory: containers.map(({ usage }) => usage.memory).join(","),
  })),
  dependsOn: ["pods"],
  sources: (cluster) =>
    new Map(
      [...cluster.pods.values()]
        .filter(isMeasured)
        .map((pod) => [objectKey(pod.namespace, pod.name), pod]),
    ),
  phase: () => "",
  render: (pod, view) => {
    const template = templateOf(pod.owner, pod.revision);
    return {
      ...head("PodMetrics", view),
      metadata: {
        name: pod.name,
        namespace: pod.namespace,
        labels: relabelled(view.cluster, pod).labels ?? { ...template.metadata?.labels },
        creationTimestamp: scrapeTime(view),
      },
      containers: containersOf(template).map((container) => ({
        name: container.name,
        usage: written(usageOf(container)),
      })),
    };
  },
};

function isMeasured({ phase, node }: Pod): boolean {
  return phase === "Running" && node !== undefined;
}

interface Head {
  readonly apiVersion: string;
  readonly kind: string;
  readonly timestamp: string;
  readonly window: string;
}

function head(kind: string, view: View): Head {
  const apiVersion = `${shared.group}/${shared.version}`;
  return { apiVersion, kind, timestamp: scrapeTime(view), window: WINDOW };
}

function scrapeTime({ now }: View): string {
  return toTime(now - (now % SCRAPE_MILLISECONDS));
}

function nodeUsages(cluster: Cluster): ReadonlyMap<string, NodeUsage> {
  const usages = new Map<string, NodeUsage>();
  for (const node of cluster.nodes.values()) {
    if (node.phase === "Ready") usages.set(node.name, { node, usage: NODE_SYSTEM });
  }
  for (const pod of cluster.pods.values()) {
    const before = isMeasured(pod) ? usages.get(pod.node ?? "") : undefined;
    if (!before) continue;
    const used = containersOf(templateOf(pod.owner, pod.revision)).map(usageOf);
    usages.set(before.node.name, { ...before, usage: [before.usage, ...used].reduce(add) });
  }
  return usages;
}

function containersOf(template: PodTemplateSpec): readonly Container[] {
  return template.spec?.containers ?? [];
}

function usageOf({ resources }: Container): Usage {
  const { cpu, memory } = { ...resources?.limits, ...resources?.requests };
  return {
    cores: parseQuantity(cpu) ?? IDLE_CONTAINER.cores,
    bytes: parseQuantity(memory) ?? IDLE_CONTAINER.bytes,
  };
}

function add(one: Usage, other: Usage): Usage {
  return { cores: one.cores + other.cores, bytes: one.bytes + other.bytes };
}

function written({ cores, bytes }: Usage): Measured["usage"] {
  return { cpu: `${Math.round(cores * 1e9)}n`, memory: `${Math.round(bytes / 1024)}Ki` };
}

function columns<Body extends KubernetesObject>(
  usage: (body: Body) => Measured["usage"],
): readonly Column<Body>[] {
  const shown = { type: "string", description: "", priority: 0 } as const;
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    { ...shown, name: "Cpu", value: (body) => usage(body).cpu },
    { ...shown, name: "Memory", value: (body) => usage(body).memory },
    { ...shown, name: "Window", value: () => WINDOW },
  ];
}
