import type { Pod } from "kubernetes-types/core/v1.js";
import type { ArmId } from "../core/arm-id.ts";
import { CORDONED_BY_ANNOTATION } from "../core/kubernetes-labels.ts";
import type { BoundPod, DrainPort, EvictionAnswer, PodName } from "../drain/ports.ts";
import { KubernetesRefusal } from "./kubernetes-client.ts";
import type { Connect } from "./kubernetes-connection.ts";
import { ignoreAbsent, patch, translatedWrite } from "./kubernetes-write.ts";
import { toPodView } from "./kubernetes-views.ts";

/** Cordons, uncordons and evicts as kubectl does. */
export function createDrainPort(connect: Connect): DrainPort {
  return {
    readBoundPods(cluster, node) {
      const query = node === undefined ? {} : { fieldSelector: `spec.nodeName=${node}` };
      return translatedWrite(cluster, async () => {
        const pods = await connect(cluster, (client) => client.list<Pod>("/api/v1/pods", query));
        return pods.filter(({ spec }) => spec?.nodeName !== undefined).map(toBoundPod);
      });
    },
    cordon: (cluster, node, by) =>
      patchNode(connect, cluster, node, {
        metadata: { annotations: { [CORDONED_BY_ANNOTATION]: by } },
        spec: { unschedulable: true },
      }),
    uncordon: (cluster, node) =>
      patchNode(connect, cluster, node, {
        metadata: { annotations: { [CORDONED_BY_ANNOTATION]: null } },
        spec: { unschedulable: null },
      }),
    evict: (cluster, pod, gracePeriodSeconds) =>
      translatedWrite(cluster, () => evict(connect, cluster, pod, gracePeriodSeconds)),
  };
}

function patchNode(connect: Connect, cluster: ArmId, node: string, change: unknown): Promise<void> {
  return translatedWrite(cluster, () =>
    ignoreAbsent(() => patch(connect, cluster, `/api/v1/nodes/${node}`, change)),
  );
}

async function evict(
  connect: Connect,
  cluster: ArmId,
  { namespace, name, uid }: PodName,
  gracePeriodSeconds: number | undefined,
): Promise<EvictionAnswer> {
  const body = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace },
    deleteOptions: {
      preconditions: { uid },
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    },
  };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  try {
    await connect(cluster, (client) => client.write({ method: "POST", path, body }));
    return { kind: "evicting" };
  } catch (error) {
    if (!(error instanceof KubernetesRefusal)) throw error;
    return readRefusal(error);
  }
}

/** The budget is named in no field, only in the sentence of a cause. */
const BUDGET = /disruption budget (\S+) needs/;

function readRefusal(refusal: KubernetesRefusal): EvictionAnswer {
  const { status, message, causes } = refusal;
  // 409: another pod has the name by now.
  if (status === 404 || status === 409) return { kind: "gone" };
  // 500: a pod under two budgets, which the eviction API does not support.
  if (status !== 429 && status !== 500) throw refusal;
  const budget = causes.flatMap((cause) => BUDGET.exec(cause)?.[1] ?? [])[0];
  return { kind: "refused", budget, message };
}

/** Written by the kubelet on the pods that it makes from files. */
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

function toBoundPod(pod: Pod): BoundPod {
  const { namespace, name, labels, owner } = toPodView(pod);
  const { metadata, spec, status } = pod;
  return {
    namespace,
    name,
    uid: metadata?.uid ?? "",
    node: spec?.nodeName ?? "",
    labels,
    owner,
    mirror: metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined,
    finished: status?.phase === "Succeeded" || status?.phase === "Failed",
    terminating: metadata?.deletionTimestamp !== undefined,
    hasEmptyDir: spec?.volumes?.some(({ emptyDir }) => emptyDir !== undefined) ?? false,
  };
}
