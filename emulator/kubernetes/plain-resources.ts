import type { Cluster } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { keptObjects, withoutServerFields } from "./kept-objects.ts";
import { formatLabels } from "./label-selector.ts";
import { isJsonObject, objectKey, stringMap } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import { apiVersionOf } from "./resource.ts";
import type { Column, ObjectName, Resource } from "./resource.ts";

interface PlainKind {
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
  /** After the age. */
  readonly lastColumns?: readonly Column<KubernetesObject>[];
}

const shown = { type: "string", description: "", priority: 0 } as const;
const number = { type: "integer", description: "", priority: 0 } as const;

const SERVICES: PlainKind = {
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

const NOTHING_ENDS = "nothing runs in the pods of this local cluster, so that no job would end";

/** What clients list beside nodes, pods and their owners. */
const KINDS: readonly PlainKind[] = [
  SERVICES,
  CONFIG_MAPS,
  { plural: "secrets", kind: "Secret" },
  { plural: "serviceaccounts", kind: "ServiceAccount", shortNames: ["sa"] },
  { plural: "endpoints", kind: "Endpoints", shortNames: ["ep"] },
  { plural: "limitranges", kind: "LimitRange", shortNames: ["limits"] },
  { plural: "resourcequotas", kind: "ResourceQuota", shortNames: ["quota"] },
  { plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim", shortNames: ["pvc"] },
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
  {
    group: "autoscaling",
    version: "v2",
    plural: "horizontalpodautoscalers",
    kind: "HorizontalPodAutoscaler",
    shortNames: ["hpa"],
    inAll: true,
  },
  { group: "networking.k8s.io", plural: "ingresses", kind: "Ingress", shortNames: ["ing"] },
  {
    group: "networking.k8s.io",
    plural: "networkpolicies",
    kind: "NetworkPolicy",
    shortNames: ["netpol"],
  },
  { group: "rbac.authorization.k8s.io", plural: "roles", kind: "Role" },
  { group: "rbac.authorization.k8s.io", plural: "rolebindings", kind: "RoleBinding" },
  {
    group: "rbac.authorization.k8s.io",
    plural: "clusterroles",
    kind: "ClusterRole",
    clusterScoped: true,
  },
  {
    group: "rbac.authorization.k8s.io",
    plural: "clusterrolebindings",
    kind: "ClusterRoleBinding",
    clusterScoped: true,
  },
  {
    group: "scheduling.k8s.io",
    plural: "priorityclasses",
    kind: "PriorityClass",
    shortNames: ["pc"],
    clusterScoped: true,
  },
  {
    group: "storage.k8s.io",
    plural: "storageclasses",
    kind: "StorageClass",
    shortNames: ["sc"],
    clusterScoped: true,
  },
  {
    group: "apiextensions.k8s.io",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    shortNames: ["crd", "crds"],
    clusterScoped: true,
    absence: "this cluster serves no resources but its own",
  },
];

export const plainResources: readonly Resource<KubernetesObject>[] = KINDS.map(plainResource);

function plainResource(given: PlainKind): Resource<KubernetesObject> {
  const { group = "", version = "v1", plural, kind, absence } = given;
  const apiVersion = apiVersionOf({ group, version });
  const put = (cluster: Cluster, desired: KubernetesObject): void => {
    const { namespace, name = "" } = desired.metadata ?? {};
    keptObjects(cluster, plural).set(objectKey(namespace, name), withDefaults(kind, desired));
  };
  return {
    group,
    version,
    plural,
    singular: kind.toLowerCase(),
    kind,
    namespaced: given.clusterScoped !== true,
    shortNames: given.shortNames ?? [],
    categories: given.inAll === true ? ["all"] : [],
    subresources: [],
    selectableFields: ["metadata.name", "metadata.namespace"],
    columns: [...columns(given.columns ?? []), ...(given.lastColumns ?? [])],
    changes: "compared",
    dependsOn: [],
    sources: (cluster) => {
      const objects = keptObjects(cluster, plural);
      if (plural === SERVICES.plural) seed(objects);
      return objects;
    },
    phase: () => "",
    render: (body) => ({ ...withoutServerFields(body), apiVersion, kind }),
    ...(absence !== undefined && { absence }),
    ...(absence === undefined && {
      create: put,
      update: (cluster: Cluster, _current: KubernetesObject, desired: KubernetesObject) =>
        put(cluster, desired),
      remove: (cluster: Cluster, { namespace, name }: ObjectName) => {
        keptObjects(cluster, plural).delete(objectKey(namespace, name));
      },
    }),
  };
}

function withDefaults(kind: string, body: KubernetesObject): KubernetesObject {
  if (kind !== SERVICES.kind) return body;
  const { namespace = "", name = "" } = body.metadata ?? {};
  const spec = at(body, "spec");
  const defaults = { type: "ClusterIP", clusterIP: serviceAddress(`${namespace}/${name}`) };
  return { ...body, spec: { ...defaults, ...spec } } as KubernetesObject;
}

/** In AKS's default range for services; nothing answers there. */
function serviceAddress(key: string): string {
  const hash = Number.parseInt(guidFrom(`service ${key}`).slice(0, 4), 16);
  return `10.0.${hash >> 8}.${2 + ((hash & 0xff) % 250)}`;
}

/** The service that every cluster has. */
function seed(services: Map<string, KubernetesObject>): void {
  if (services.has("default/kubernetes")) return;
  const body = {
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
  };
  services.set("default/kubernetes", body);
}

function columns(
  special: readonly Column<KubernetesObject>[],
): readonly Column<KubernetesObject>[] {
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    ...special,
    {
      ...shown,
      name: "Age",
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
  ];
}

function at(body: object, field: string): JsonObject {
  const value = (body as JsonObject)[field];
  return isJsonObject(value) ? value : {};
}

function portsOf(ports: unknown): string {
  const list = Array.isArray(ports) ? ports.filter(isJsonObject) : [];
  const texts = list.map(({ port, protocol }) => `${String(port)}/${String(protocol ?? "TCP")}`);
  return texts.join(",") || "<none>";
}
