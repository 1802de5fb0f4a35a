import type { DaemonSet, Deployment, StatefulSet } from "kubernetes-types/apps/v1.js";
import type { ArmId } from "../core/arm-id.ts";
import type { ClusterWorkloads, WorkloadReader, WorkloadView } from "../update-run/workloads.ts";
import { KubernetesRefusal, type KubernetesClient } from "./kubernetes-client.ts";
import { toVisibilityError, type Connect } from "./kubernetes-connection.ts";

type Workload = Deployment | StatefulSet | DaemonSet;

/** Reads Deployments, StatefulSets and DaemonSets of some namespaces from each cluster's own API. */
export function createWorkloadReader(read: Connect): WorkloadReader {
  return {
    async readWorkloads(cluster: ArmId, namespaces): Promise<ClusterWorkloads> {
      try {
        const workloads = await read(cluster, (client) => readAll(client, namespaces));
        return { visible: true, workloads };
      } catch (error) {
        const { message, remedy } = toVisibilityError(error, cluster);
        return { visible: false, reason: remedy ? `${message}; ${remedy}` : message };
      }
    },
  };
}

async function readAll(
  client: KubernetesClient,
  namespaces: readonly string[],
): Promise<readonly WorkloadView[]> {
  const lists = namespaces.flatMap((namespace) => [
    listOf<Deployment>(client, namespace, "deployments", toDeployment),
    listOf<StatefulSet>(client, namespace, "statefulsets", toStatefulSet),
    listOf<DaemonSet>(client, namespace, "daemonsets", toDaemonSet),
  ]);
  return (await Promise.all(lists)).flat();
}

async function listOf<T extends Workload>(
  client: KubernetesClient,
  namespace: string,
  plural: string,
  view: (workload: T) => WorkloadView,
): Promise<readonly WorkloadView[]> {
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${plural}`;
  try {
    return (await client.list<T>(path)).map(view);
  } catch (error) {
    // A kind that an API server does not serve has no objects; a namespace that is not there lists none.
    if (error instanceof KubernetesRefusal && error.status === 404) return [];
    throw error;
  }
}

function toDeployment(deployment: Deployment): WorkloadView {
  const { spec, status } = deployment;
  const desired = spec?.replicas ?? 1;
  const available = status?.availableReplicas ?? 0;
  return { ...identity("Deployment", deployment), desired, available };
}

function toStatefulSet(set: StatefulSet): WorkloadView {
  const { spec, status } = set;
  const desired = spec?.replicas ?? 1;
  const available = status?.availableReplicas ?? status?.readyReplicas ?? 0;
  return { ...identity("StatefulSet", set), desired, available };
}

function toDaemonSet(set: DaemonSet): WorkloadView {
  const { status } = set;
  const desired = status?.desiredNumberScheduled ?? 0;
  const available = status?.numberAvailable ?? 0;
  return { ...identity("DaemonSet", set), desired, available };
}

function identity(
  kind: string,
  { metadata, status }: Pick<Workload, "metadata" | "status">,
): Pick<WorkloadView, "kind" | "namespace" | "name" | "observed"> {
  return {
    kind,
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    observed: (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0),
  };
}
