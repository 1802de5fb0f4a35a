import type { Node, Pod } from "kubernetes-types/core/v1.js";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.js";
import { NODE_POOL_LABEL } from "../core/kubernetes-labels.ts";
import type { NodeReader } from "../quarantine/ports.ts";
import { connectClusters, toVisibilityError, translated } from "./kubernetes-connection.ts";
import type { Connect, ConnectionOptions } from "./kubernetes-connection.ts";
import { toBudgetView, toNodeView, toPodView } from "./kubernetes-views.ts";

/** Reads nodes, pods and budgets from each cluster's own Kubernetes API. */
export function createNodeReader(
  options: ConnectionOptions,
  read: Connect = connectClusters(options),
): NodeReader {
  return {
    async readNodes(cluster) {
      try {
        // Virtual nodes belong to no node pool: they have no image and are never upgraded.
        const query = { labelSelector: NODE_POOL_LABEL };
        const nodes = await read(cluster, (client) => client.list<Node>("/api/v1/nodes", query));
        return { visible: true, nodes: nodes.map(toNodeView) };
      } catch (error) {
        const { message, remedy } = toVisibilityError(error, cluster);
        return { visible: false, reason: remedy ? `${message}; ${remedy}` : message };
      }
    },
    async readPods(cluster, node) {
      const query = { fieldSelector: `spec.nodeName=${node}` };
      return translated(cluster, async () => {
        const pods = await read(cluster, (client) => client.list<Pod>("/api/v1/pods", query));
        return pods.map(toPodView);
      });
    },
    async readBudgets(cluster, namespace) {
      const path = `/apis/policy/v1/namespaces/${encodeURIComponent(namespace)}/poddisruptionbudgets`;
      return translated(cluster, async () => {
        const budgets = await read(cluster, (client) => client.list<PodDisruptionBudget>(path));
        return budgets.map(toBudgetView);
      });
    },
  };
}
