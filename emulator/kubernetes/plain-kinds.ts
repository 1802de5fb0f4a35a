import { formatLabels } from "./label-selector.ts";
import { isJsonObject, stringMap } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import type { Column, Resource } from "./resource.ts";

/** A kind of objects that are kept as they are written, for nothing in the simulated world acts on them. */
export interface PlainKind {
  readonly group?: string;
  readonly version?: string;
  readonly plural: string;
  readonly kind: string;
  readonly shortNames?: readonly string[];
  readonly clusterScoped?: boolean;
  readonly inAll?: boolean;
  /** Why nothing can be made: lists are empty then. */
  readonly absence?: string;
  readonly columns?: readonly Column<KubernetesObject>[];
  readonly subresources?: Resource["subresources"];
  /** What a table writes after the name. */
  readonly nameSuffix?: (body: KubernetesObject) => string;
  /** After the age. */
  readonly lastColumns?: readonly Column<KubernetesObject>[];
}

const shown = { type: "string", description: "", priority: 0 } as const;
const number = { type: "integer", description: "", priority: 0 } as const;

export const SERVICES: PlainKind = {
  plural: "services",
  kind: "Service",
  shortNames: ["svc"],
  inAll: true,
  columns: [
    { ...shown, name: "Type", value: (body) => String(at(body, "spec").type ?? "ClusterIP") },
    { ...shown, name: "Cluster-IP", value: (body) => String(at(body, "spec").clusterIP) },
    // No load balancer stands before a cluster that runs nothing.
    {
      ...shown,
      name: "External-IP",
      value: (body) => (at(body, "spec").type === "LoadBalancer" ? "<pending>" : "<none>"),
    },
    { ...shown, name: "Port(s)", value: (body) => portsOf(at(body, "spec").ports) },
  ],
  lastColumns: [
    {
      ...shown,
      priority: 1,
      name: "Selector",
      value: (body) => formatLabels(stringMap(at(body, "spec").selector)),
    },
  ],
};
const CONFIG_MAPS: PlainKind = {
  plural: "configmaps",
  kind: "ConfigMap",
  shortNames: ["cm"],
  columns: [{ ...number, name: "Data", value: (body) => Object.keys(at(body, "data")).length }],
};

const NOT_WRITTEN = "they tell how the control plane is";
const NOTHING_ENDS = "nothing runs in the pods of this local cluster, so that no job would end";

function text(name: string, value: (body: KubernetesObject) => unknown): Column<KubernetesObject> {
  return { ...shown, name, value: (body) => String(value(body) ?? "<none>") };
}

const AUTOSCALERS: PlainKind = {
  group: "autoscaling",
  version: "v2",
  plural: "horizontalpodautoscalers",
  kind: "HorizontalPodAutoscaler",
  shortNames: ["hpa"],
  inAll: true,
  columns: [
    text("Reference", (body) => {
      const { kind, name } = objectIn(at(body, "spec").scaleTargetRef);
      return `${String(kind)}/${String(name)}`;
    }),
    // Nothing measures what it would scale by.
    text("Targets", () => "<unknown>"),
    text("MinPods", (body) => at(body, "spec").minReplicas ?? 1),
    text("MaxPods", (body) => at(body, "spec").maxReplicas),
    text("Replicas", () => 0),
  ],
};

const INGRESSES: PlainKind = {
  group: "networking.k8s.io",
  plural: "ingresses",
  kind: "Ingress",
  shortNames: ["ing"],
  columns: [
    text("Class", (body) => at(body, "spec").ingressClassName),
    text("Hosts", (body) => {
      const hosts = listIn(at(body, "spec").rules).map(({ host }) => host ?? "*");
      return hosts.join(",") || "*";
    }),
    text("Address", () => ""),
    text("Ports", (body) => (listIn(at(body, "spec").tls).length > 0 ? "80, 443" : "80")),
  ],
};

const RBAC = "rbac.authorization.k8s.io";
const boundRole = [
  text("Role", (body) => {
    const { kind, name } = at(body, "roleRef");
    return `${String(kind)}/${String(name)}`;
  }),
];

const STORAGE_CLASSES: PlainKind = {
  group: "storage.k8s.io",
  plural: "storageclasses",
  kind: "StorageClass",
  shortNames: ["sc"],
  clusterScoped: true,
  nameSuffix: ({ metadata }) =>
    metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true"
      ? " (default)"
      : "",
  columns: [
    text("Provisioner", (body) => member(body, "provisioner")),
    text("ReclaimPolicy", (body) => member(body, "reclaimPolicy") ?? "Delete"),
    text("VolumeBindingMode", (body) => member(body, "volumeBindingMode") ?? "Immediate"),
    text("AllowVolumeExpansion", (body) => member(body, "allowVolumeExpansion") ?? false),
  ],
};

const CLAIMS: PlainKind = {
  plural: "persistentvolumeclaims",
  kind: "PersistentVolumeClaim",
  shortNames: ["pvc"],
  columns: [
    // Nothing provisions a volume.
    text("Status", () => "Pending"),
    text("Volume", () => ""),
    text("Capacity", () => ""),
    text("Access Modes", () => ""),
    text("StorageClass", (body) => at(body, "spec").storageClassName ?? ""),
  ],
};

/** What clients list beside nodes, pods and their owners. */
export const KINDS: readonly PlainKind[] = [
  SERVICES,
  CONFIG_MAPS,
  {
    plural: "componentstatuses",
    kind: "ComponentStatus",
    shortNames: ["cs"],
    clusterScoped: true,
    absence: NOT_WRITTEN,
    columns: [
      text("Status", () => "Healthy"),
      text("Message", () => "ok"),
      text("Error", () => ""),
    ],
  },
  {
    plural: "secrets",
    kind: "Secret",
    columns: [
      text("Type", (body) => member(body, "type") ?? "Opaque"),
      { ...number, name: "Data", value: (body) => Object.keys(at(body, "data")).length },
    ],
  },
  {
    plural: "serviceaccounts",
    kind: "ServiceAccount",
    shortNames: ["sa"],
    columns: [
      { ...number, name: "Secrets", value: (body) => listIn(member(body, "secrets")).length },
    ],
    subresources: [
      {
        name: "token",
        group: "authentication.k8s.io",
        version: "v1",
        kind: "TokenRequest",
        verbs: ["create"],
      },
    ],
  },
  { plural: "endpoints", kind: "Endpoints", shortNames: ["ep"] },
  { plural: "limitranges", kind: "LimitRange", shortNames: ["limits"] },
  { plural: "podtemplates", kind: "PodTemplate" },
  { plural: "resourcequotas", kind: "ResourceQuota", shortNames: ["quota"] },
  CLAIMS,
  {
    plural: "persistentvolumes",
    kind: "PersistentVolume",
    shortNames: ["pv"],
    clusterScoped: true,
  },
  {
    plural: "replicationcontrollers",
    kind: "ReplicationController",
    shortNames: ["rc"],
    inAll: true,
    absence: "use a Deployment",
  },
  { group: "batch", plural: "jobs", kind: "Job", inAll: true, absence: NOTHING_ENDS },
  {
    group: "batch",
    plural: "cronjobs",
    kind: "CronJob",
    shortNames: ["cj"],
    inAll: true,
    absence: NOTHING_ENDS,
  },
  AUTOSCALERS,
  INGRESSES,
  {
    group: "networking.k8s.io",
    plural: "ingressclasses",
    kind: "IngressClass",
    clusterScoped: true,
    columns: [text("Controller", (body) => at(body, "spec").controller)],
  },
  {
    group: "networking.k8s.io",
    plural: "networkpolicies",
    kind: "NetworkPolicy",
    shortNames: ["netpol"],
    columns: [
      text("Pod-Selector", (body) =>
        formatLabels(stringMap(objectIn(at(body, "spec").podSelector).matchLabels)),
      ),
    ],
  },
  { group: "discovery.k8s.io", plural: "endpointslices", kind: "EndpointSlice" },
  { group: RBAC, plural: "roles", kind: "Role" },
  { group: RBAC, plural: "rolebindings", kind: "RoleBinding", columns: boundRole },
  { group: RBAC, plural: "clusterroles", kind: "ClusterRole", clusterScoped: true },
  {
    group: RBAC,
    plural: "clusterrolebindings",
    kind: "ClusterRoleBinding",
    clusterScoped: true,
    columns: boundRole,
  },
  {
    group: "scheduling.k8s.io",
    plural: "priorityclasses",
    kind: "PriorityClass",
    shortNames: ["pc"],
    clusterScoped: true,
    columns: [
      text("Value", (body) => member(body, "value") ?? 0),
      text("Global-Default", (body) => member(body, "globalDefault") ?? false),
    ],
  },
  STORAGE_CLASSES,
  {
    group: "storage.k8s.io",
    plural: "csidrivers",
    kind: "CSIDriver",
    clusterScoped: true,
    columns: [text("AttachRequired", (body) => at(body, "spec").attachRequired ?? true)],
  },
  { group: "storage.k8s.io", plural: "csinodes", kind: "CSINode", clusterScoped: true },
  {
    group: "storage.k8s.io",
    plural: "volumeattachments",
    kind: "VolumeAttachment",
    clusterScoped: true,
  },
  {
    group: "node.k8s.io",
    plural: "runtimeclasses",
    kind: "RuntimeClass",
    clusterScoped: true,
    columns: [text("Handler", (body) => member(body, "handler"))],
  },
  {
    group: "certificates.k8s.io",
    plural: "certificatesigningrequests",
    kind: "CertificateSigningRequest",
    shortNames: ["csr"],
    clusterScoped: true,
    absence: "nobody signs certificates in this local cluster",
  },
  ...["mutating", "validating"].map((what) => ({
    group: "admissionregistration.k8s.io",
    plural: `${what}webhookconfigurations`,
    kind: `${what === "mutating" ? "Mutating" : "Validating"}WebhookConfiguration`,
    clusterScoped: true,
    absence: "this local cluster calls no webhooks",
  })),
  {
    group: "apiextensions.k8s.io",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    shortNames: ["crd", "crds"],
    clusterScoped: true,
    absence: "this cluster serves no resources but its own",
  },
];

function member(body: object, field: string): unknown {
  return (body as JsonObject)[field];
}

export function at(body: object, field: string): JsonObject {
  return objectIn(member(body, field));
}

function objectIn(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function listIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function portsOf(ports: unknown): string {
  const texts = listIn(ports).map(
    ({ port, protocol }) => `${String(port)}/${String(protocol ?? "TCP")}`,
  );
  return texts.join(",") || "<none>";
}
