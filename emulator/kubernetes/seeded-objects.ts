import type { Cluster } from "../../shared/simulator/model.ts";
import { namespaceNames } from "./namespaces.ts";
import type { KubernetesObject } from "./object.ts";

type Seeded = KubernetesObject & { readonly [field: string]: unknown };

/** What every AKS cluster has before anybody writes anything, by plural; it comes back when it is deleted. */
export const SEEDED: Readonly<Record<string, (cluster: Cluster) => readonly Seeded[]>> = {
  services: () => SERVICES,
  serviceaccounts: (cluster) =>
    [...namespaceNames(cluster).keys()].map((namespace) => ({
      metadata: { name: "default", namespace },
    })),
  clusterroles: () => CLUSTER_ROLES,
  clusterrolebindings: () => CLUSTER_ROLE_BINDINGS,
  componentstatuses: () => COMPONENTS,
  csidrivers: () => CSI_DRIVERS,
  priorityclasses: () => PRIORITY_CLASSES,
  storageclasses: () => STORAGE_CLASSES,
};

const SERVICES: readonly Seeded[] = [
  {
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      type: "ClusterIP",
      clusterIP: "10.0.0.1",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 443 }],
    },
  },
];

const BOOTSTRAPPED = { "kubernetes.io/bootstrapping": "rbac-defaults" };
const WRITE = ["create", "delete", "deletecollection", "patch", "update"];
const READ = ["get", "list", "watch"];
/** Kinds of namespaces that the roles for users are about. */
const WORKED_WITH = [
  { apiGroups: ["apps"], resources: ["*"] },
  { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"] },
  { apiGroups: ["batch"], resources: ["cronjobs", "jobs"] },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "networkpolicies"] },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"] },
  {
    apiGroups: [""],
    resources: [
      "configmaps",
      "endpoints",
      "events",
      "limitranges",
      "namespaces",
      "persistentvolumeclaims",
      "pods",
      "pods/log",
      "replicationcontrollers",
      "resourcequotas",
      "serviceaccounts",
      "services",
    ],
  },
];
const readers = WORKED_WITH.map((rule) => ({ ...rule, verbs: READ }));
const editors = [
  ...WORKED_WITH.map((rule) => ({ ...rule, verbs: [...READ, ...WRITE] })),
  {
    apiGroups: [""],
    resources: ["secrets", "pods/eviction", "pods/exec", "pods/portforward"],
    verbs: [...READ, ...WRITE],
  },
];

/** Those that users are bound to. Source: kubernetes.io/docs/reference/access-authn-authz/rbac */
const CLUSTER_ROLES: readonly Seeded[] = [
  role("cluster-admin", [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ]),
  role("admin", [
    ...editors,
    {
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["rolebindings", "roles"],
      verbs: [...READ, ...WRITE],
    },
  ]),
  role("edit", editors),
  role("view", readers),
];

function role(name: string, rules: readonly object[]): Seeded {
  return { metadata: { name, labels: BOOTSTRAPPED }, rules };
}

const CLUSTER_ROLE_BINDINGS: readonly Seeded[] = [
  {
    metadata: { name: "cluster-admin", labels: BOOTSTRAPPED },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:masters" }],
  },
];

const COMPONENTS: readonly Seeded[] = ["controller-manager", "etcd-0", "scheduler"].map((name) => ({
  metadata: { name },
  conditions: [{ type: "Healthy", status: "True", message: "ok" }],
}));

const CSI_DRIVERS: readonly Seeded[] = ["disk.csi.azure.com", "file.csi.azure.com"].map((name) => ({
  metadata: { name },
  spec: { attachRequired: name.startsWith("disk"), podInfoOnMount: true },
}));

const PRIORITY_CLASSES: readonly Seeded[] = [
  { metadata: { name: "system-cluster-critical" }, value: 2_000_000_000 },
  { metadata: { name: "system-node-critical" }, value: 2_000_001_000 },
];

/** Source: learn.microsoft.com/azure/aks/concepts-storage#storage-classes */
const STORAGE_CLASSES: readonly Seeded[] = [
  disk("default", "StandardSSD_LRS", { "storageclass.kubernetes.io/is-default-class": "true" }),
  disk("managed", "StandardSSD_LRS"),
  disk("managed-csi", "StandardSSD_LRS"),
  disk("managed-csi-premium", "Premium_LRS"),
  disk("managed-premium", "Premium_LRS"),
  file("azurefile", "Standard_LRS"),
  file("azurefile-csi", "Standard_LRS"),
  file("azurefile-csi-premium", "Premium_LRS"),
  file("azurefile-premium", "Premium_LRS"),
];

function disk(name: string, skuname: string, annotations: Record<string, string> = {}): Seeded {
  return {
    ...storage(name, "disk.csi.azure.com", annotations),
    parameters: { skuname },
    volumeBindingMode: "WaitForFirstConsumer",
  };
}

function file(name: string, skuName: string): Seeded {
  return {
    ...storage(name, "file.csi.azure.com", {}),
    parameters: { skuName },
    volumeBindingMode: "Immediate",
  };
}

function storage(name: string, provisioner: string, annotations: Record<string, string>): Seeded {
  return {
    metadata: {
      name,
      labels: { "addonmanager.kubernetes.io/mode": "EnsureExists" },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    provisioner,
    reclaimPolicy: "Delete",
    allowVolumeExpansion: true,
  };
}
