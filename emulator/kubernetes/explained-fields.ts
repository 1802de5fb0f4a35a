type FieldType = "boolean" | "integer" | "object" | "string";
type Fields = Readonly<Record<string, readonly [type: FieldType, description: string]>>;

/** Fields of specifications and states that matter in an upgrade, for `kubectl explain`. */
export const EXPLAINED: Readonly<
  Record<string, { readonly spec?: Fields; readonly status?: Fields }>
> = {
  PodDisruptionBudget: {
    spec: {
      minAvailable: ["string", "Pods, a number or a percentage, that must stay available."],
      maxUnavailable: ["string", "Pods, a number or a percentage, that may be unavailable."],
      selector: ["object", "Which pods the budget is about."],
      unhealthyPodEvictionPolicy: ["string", "When pods that are not ready may be evicted."],
    },
    status: {
      currentHealthy: ["integer", "Pods that are ready now."],
      desiredHealthy: ["integer", "Pods that must stay ready."],
      disruptionsAllowed: ["integer", "Pods that may be evicted now."],
      expectedPods: ["integer", "Pods that the budget counts."],
    },
  },
  Node: {
    spec: {
      providerID: ["string", "The machine of the node, as its cloud names it."],
      taints: ["object", "What keeps pods away that do not tolerate it."],
      unschedulable: ["boolean", "Cordoned: no new pods come here."],
    },
    status: {
      addresses: ["object", "Where the node is reached."],
      allocatable: ["object", "What pods may use of the node."],
      capacity: ["object", "What the node has."],
      conditions: ["object", "Ready, and the pressures on the node."],
      nodeInfo: ["object", "Versions of what runs on the node."],
    },
  },
  Pod: {
    spec: {
      containers: ["object", "What would run in the pod."],
      nodeName: ["string", "The node that the pod is bound to."],
      nodeSelector: ["object", "Labels that the pod's node must carry."],
      terminationGracePeriodSeconds: ["integer", "Time to end before the pod is killed."],
      tolerations: ["object", "Taints that do not keep the pod away."],
    },
    status: {
      conditions: ["object", "Scheduled, initialized, ready."],
      phase: ["string", "Pending or Running."],
      podIP: ["string", "Address of the pod."],
    },
  },
  Deployment: {
    spec: {
      replicas: ["integer", "Pods that are wanted."],
      selector: ["object", "Which pods belong to it."],
      strategy: ["object", "How pods are replaced."],
      template: ["object", "What its pods are made from."],
    },
  },
};
