/** How a field of a message is written. A map is a list of entries with a key and a value. */
export type FieldType =
  | "number"
  /** A number that is 0 when it is not set. */
  | "nonzero"
  | "boolean"
  | "text"
  | "bytes"
  /** Bytes that stand in JSON as base64. */
  | "base64"
  | "intOrText"
  | { readonly list: FieldType }
  | { readonly map: FieldType }
  | { readonly message: Message }
  /** A message of one field that JSON writes as that field alone. */
  | { readonly unwrapped: Message };

/** Field numbers with the JSON name and type; members of a message without a name stand in the message around it. */
export type Message = { readonly [number: number]: readonly [name: string, type: FieldType] };

// Numbers from the generated.proto files of k8s.io/api and k8s.io/apimachinery.
const textMap: FieldType = { map: "text" };

const typeMeta: Message = { 1: ["apiVersion", "text"], 2: ["kind", "text"] };

const unknown: Message = { 1: ["typeMeta", { message: typeMeta }], 2: ["raw", "bytes"] };

const ownerReference: Message = {
  1: ["kind", "text"],
  3: ["name", "text"],
  4: ["uid", "text"],
  5: ["apiVersion", "text"],
  6: ["controller", "boolean"],
  7: ["blockOwnerDeletion", "boolean"],
};

const objectMeta: Message = {
  1: ["name", "text"],
  2: ["generateName", "text"],
  3: ["namespace", "text"],
  5: ["uid", "text"],
  6: ["resourceVersion", "text"],
  11: ["labels", textMap],
  12: ["annotations", textMap],
  13: ["ownerReferences", { list: { message: ownerReference } }],
};
const metadata: Message[number] = ["metadata", { message: objectMeta }];

const labelSelector: Message = {
  1: ["matchLabels", textMap],
  2: [
    "matchExpressions",
    {
      list: {
        message: {
          1: ["key", "text"],
          2: ["operator", "text"],
          3: ["values", { list: "text" }],
        },
      },
    },
  ],
};

const deleteOptions: Message = {
  1: ["gracePeriodSeconds", "number"],
  2: ["preconditions", { message: { 1: ["uid", "text"], 2: ["resourceVersion", "text"] } }],
  4: ["propagationPolicy", "text"],
  5: ["dryRun", { list: "text" }],
};

const eviction: Message = {
  1: ["metadata", { message: objectMeta }],
  2: ["deleteOptions", { message: deleteOptions }],
};

const disruptionBudget: Message = {
  1: ["metadata", { message: objectMeta }],
  2: [
    "spec",
    {
      message: {
        1: ["minAvailable", "intOrText"],
        2: ["selector", { message: labelSelector }],
        3: ["maxUnavailable", "intOrText"],
        4: ["unhealthyPodEvictionPolicy", "text"],
      },
    },
  ],
};

const quantity: FieldType = { unwrapped: { 1: ["", "text"] } };

const container: Message = {
  1: ["name", "text"],
  2: ["image", "text"],
  3: ["command", { list: "text" }],
  4: ["args", { list: "text" }],
  5: ["workingDir", "text"],
  6: [
    "ports",
    {
      list: {
        message: { 1: ["name", "text"], 3: ["containerPort", "number"], 4: ["protocol", "text"] },
      },
    },
  ],
  7: ["env", { list: { message: { 1: ["name", "text"], 2: ["value", "text"] } } }],
  8: [
    "resources",
    { message: { 1: ["limits", { map: quantity }], 2: ["requests", { map: quantity }] } },
  ],
  14: ["imagePullPolicy", "text"],
};

const toleration: Message = {
  1: ["key", "text"],
  2: ["operator", "text"],
  3: ["value", "text"],
  4: ["effect", "text"],
  5: ["tolerationSeconds", "number"],
};

const podSpec: Message = {
  2: ["containers", { list: { message: container } }],
  3: ["restartPolicy", "text"],
  4: ["terminationGracePeriodSeconds", "number"],
  6: ["dnsPolicy", "text"],
  7: ["nodeSelector", textMap],
  8: ["serviceAccountName", "text"],
  10: ["nodeName", "text"],
  11: ["hostNetwork", "boolean"],
  12: ["hostPID", "boolean"],
  13: ["hostIPC", "boolean"],
  19: ["schedulerName", "text"],
  20: ["initContainers", { list: { message: container } }],
  22: ["tolerations", { list: { message: toleration } }],
  24: ["priorityClassName", "text"],
};

const pod: Message = { 1: metadata, 2: ["spec", { message: podSpec }] };

const template: Message[number] = ["template", { message: pod }];
const selector: Message[number] = ["selector", { message: labelSelector }];

const rolling: FieldType = {
  message: { 1: ["maxUnavailable", "intOrText"], 2: ["maxSurge", "intOrText"] },
};

const deploymentSpec: Message = {
  1: ["replicas", "number"],
  2: selector,
  3: template,
  4: ["strategy", { message: { 1: ["type", "text"], 2: ["rollingUpdate", rolling] } }],
  5: ["minReadySeconds", "nonzero"],
  6: ["revisionHistoryLimit", "number"],
  7: ["paused", "boolean"],
  9: ["progressDeadlineSeconds", "number"],
};
const deployment: Message = { 1: metadata, 2: ["spec", { message: deploymentSpec }] };

const daemonSetSpec: Message = {
  1: selector,
  2: template,
  3: ["updateStrategy", { message: { 1: ["type", "text"], 2: ["rollingUpdate", rolling] } }],
  4: ["minReadySeconds", "nonzero"],
  6: ["revisionHistoryLimit", "number"],
};
const daemonSet: Message = { 1: metadata, 2: ["spec", { message: daemonSetSpec }] };

const statefulSetSpec: Message = {
  1: ["replicas", "number"],
  2: selector,
  3: template,
  5: ["serviceName", "text"],
  6: ["podManagementPolicy", "text"],
  7: [
    "updateStrategy",
    {
      message: {
        1: ["type", "text"],
        2: ["rollingUpdate", { message: { 1: ["partition", "number"] } }],
      },
    },
  ],
  8: ["revisionHistoryLimit", "number"],
};
const statefulSet: Message = { 1: metadata, 2: ["spec", { message: statefulSetSpec }] };

const taint: Message = { 1: ["key", "text"], 2: ["value", "text"], 3: ["effect", "text"] };
const nodeSpec: Message = {
  3: ["providerID", "text"],
  4: ["unschedulable", "boolean"],
  5: ["taints", { list: { message: taint } }],
};
const node: Message = { 1: metadata, 2: ["spec", { message: nodeSpec }] };

const scale: Message = {
  1: ["metadata", { message: objectMeta }],
  2: ["spec", { message: { 1: ["replicas", "number"] } }],
};

const resourceAttributes: Message = {
  1: ["namespace", "text"],
  2: ["verb", "text"],
  3: ["group", "text"],
  4: ["version", "text"],
  5: ["resource", "text"],
  6: ["subresource", "text"],
  7: ["name", "text"],
};

const nonResourceAttributes: Message = { 1: ["path", "text"], 2: ["verb", "text"] };
const accessReviewSpec: Message = {
  1: ["resourceAttributes", { message: resourceAttributes }],
  2: ["nonResourceAttributes", { message: nonResourceAttributes }],
};
const accessReview: Message = { 2: ["spec", { message: accessReviewSpec }] };
const subjectAccessReview: Message = {
  2: [
    "spec",
    {
      message: { ...accessReviewSpec, 3: ["user", "text"], 4: ["groups", { list: "text" }] },
    },
  ],
};

const tokenRequest: Message = {
  2: [
    "spec",
    { message: { 1: ["audiences", { list: "text" }], 4: ["expirationSeconds", "number"] } },
  ],
};
const tokenReview: Message = {
  2: ["spec", { message: { 1: ["token", "text"], 2: ["audiences", { list: "text" }] } }],
};

/** Only its metadata is read. */
const named: Message = { 1: ["metadata", { message: objectMeta }] };

const configMap: Message = { 1: ["metadata", { message: objectMeta }], 2: ["data", textMap] };

const secret: Message = {
  1: ["metadata", { message: objectMeta }],
  2: ["data", { map: "base64" }],
  3: ["type", "text"],
  4: ["stringData", textMap],
};

const rulesReview: Message = { 2: ["spec", { message: { 1: ["namespace", "text"] } }] };

const servicePort: Message = {
  1: ["name", "text"],
  2: ["protocol", "text"],
  3: ["port", "number"],
  4: ["targetPort", "intOrText"],
  5: ["nodePort", "nonzero"],
};
const serviceSpec: Message = {
  1: ["ports", { list: { message: servicePort } }],
  2: ["selector", textMap],
  3: ["clusterIP", "text"],
  4: ["type", "text"],
  10: ["externalName", "text"],
};
const service: Message = { 1: metadata, 2: ["spec", { message: serviceSpec }] };

const resourceQuota: Message = {
  1: metadata,
  2: ["spec", { message: { 1: ["hard", { map: quantity }], 2: ["scopes", { list: "text" }] } }],
};

const priorityClass: Message = {
  1: metadata,
  2: ["value", "number"],
  3: ["globalDefault", "boolean"],
  4: ["description", "text"],
  5: ["preemptionPolicy", "text"],
};

const policyRule: Message = {
  1: ["verbs", { list: "text" }],
  2: ["apiGroups", { list: "text" }],
  3: ["resources", { list: "text" }],
  4: ["resourceNames", { list: "text" }],
  5: ["nonResourceURLs", { list: "text" }],
};
const role: Message = { 1: metadata, 2: ["rules", { list: { message: policyRule } }] };

const subject: Message = {
  1: ["kind", "text"],
  2: ["apiGroup", "text"],
  3: ["name", "text"],
  4: ["namespace", "text"],
};
const roleReference: Message = {
  1: ["apiGroup", "text"],
  2: ["kind", "text"],
  3: ["name", "text"],
};
const roleBinding: Message = {
  1: metadata,
  2: ["subjects", { list: { message: subject } }],
  3: ["roleRef", { message: roleReference }],
};

const backend: Message = {
  4: [
    "service",
    {
      message: {
        1: ["name", "text"],
        2: ["port", { message: { 1: ["name", "text"], 2: ["number", "nonzero"] } }],
      },
    },
  ],
};
const ingressPath: Message = {
  1: ["path", "text"],
  2: ["backend", { message: backend }],
  3: ["pathType", "text"],
};
const ingressRule: Message = {
  1: ["host", "text"],
  2: [
    "",
    { message: { 1: ["http", { message: { 1: ["paths", { list: { message: ingressPath } }] } }] } },
  ],
};
const ingressSpec: Message = {
  1: ["defaultBackend", { message: backend }],
  3: ["rules", { list: { message: ingressRule } }],
  4: ["ingressClassName", "text"],
};
const ingress: Message = { 1: metadata, 2: ["spec", { message: ingressSpec }] };

const metricTarget: Message = {
  1: ["type", "text"],
  2: ["value", quantity],
  3: ["averageValue", quantity],
  4: ["averageUtilization", "number"],
};
const resourceMetric: Message = { 1: ["name", "text"], 2: ["target", { message: metricTarget }] };
const metric: Message = { 1: ["type", "text"], 4: ["resource", { message: resourceMetric }] };
const autoscalerSpec: Message = {
  1: [
    "scaleTargetRef",
    { message: { 1: ["kind", "text"], 2: ["name", "text"], 3: ["apiVersion", "text"] } },
  ],
  2: ["minReplicas", "number"],
  3: ["maxReplicas", "number"],
};
const autoscaler: Message = {
  1: metadata,
  2: ["spec", { message: { ...autoscalerSpec, 4: ["metrics", { list: { message: metric } }] } }],
};
const autoscalerV1: Message = {
  1: metadata,
  2: ["spec", { message: { ...autoscalerSpec, 4: ["targetCPUUtilizationPercentage", "number"] } }],
};

export const MESSAGES = {
  accessReview,
  configMap,
  daemonSet,
  deleteOptions,
  deployment,
  disruptionBudget,
  eviction,
  named,
  rulesReview,
  scale,
  secret,
  autoscaler,
  autoscalerV1,
  ingress,
  node,
  pod,
  priorityClass,
  resourceQuota,
  role,
  roleBinding,
  service,
  statefulSet,
  subjectAccessReview,
  tokenRequest,
  tokenReview,
  unknown,
} as const;
