/** How a field of a message is written. A map is a list of entries with a key and a value. */
export type FieldType =
  | "number"
  | "boolean"
  | "text"
  | "bytes"
  /** Bytes that stand in JSON as base64. */
  | "base64"
  | "intOrText"
  | { readonly list: FieldType }
  | { readonly map: FieldType }
  | { readonly message: Message };

/** Field numbers with the JSON name and type. */
export type Message = { readonly [number: number]: readonly [name: string, type: FieldType] };

// Numbers from the generated.proto files of k8s.io/api and k8s.io/apimachinery.
const textMap: FieldType = { map: "text" };

const typeMeta: Message = { 1: ["apiVersion", "text"], 2: ["kind", "text"] };

const unknown: Message = { 1: ["typeMeta", { message: typeMeta }], 2: ["raw", "bytes"] };

const objectMeta: Message = {
  1: ["name", "text"],
  3: ["namespace", "text"],
  5: ["uid", "text"],
  6: ["resourceVersion", "text"],
  11: ["labels", textMap],
  12: ["annotations", textMap],
};

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
      },
    },
  ],
};

const podSpec: Message = {
  4: ["terminationGracePeriodSeconds", "number"],
  7: ["nodeSelector", textMap],
  22: [
    "tolerations",
    {
      list: {
        message: {
          1: ["key", "text"],
          2: ["operator", "text"],
          3: ["value", "text"],
          4: ["effect", "text"],
        },
      },
    },
  ],
};

const podTemplate: Message = {
  1: ["metadata", { message: objectMeta }],
  2: ["spec", { message: podSpec }],
};

const template: Message[number] = ["template", { message: podTemplate }];
const selector: Message[number] = ["selector", { message: labelSelector }];

const deployment: Message = {
  1: ["metadata", { message: objectMeta }],
  2: ["spec", { message: { 1: ["replicas", "number"], 2: selector, 3: template } }],
};

const daemonSet: Message = {
  1: ["metadata", { message: objectMeta }],
  2: ["spec", { message: { 1: selector, 2: template } }],
};

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

const accessReview: Message = {
  2: ["spec", { message: { 1: ["resourceAttributes", { message: resourceAttributes }] } }],
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
  unknown,
} as const;
