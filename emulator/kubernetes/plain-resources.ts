import type { Cluster } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { keptObjects, withoutServerFields } from "./kept-objects.ts";
import { objectKey } from "./object.ts";
import type { KubernetesObject } from "./object.ts";
import { at, KINDS, SERVICES } from "./plain-kinds.ts";
import type { PlainKind } from "./plain-kinds.ts";
import { apiVersionOf } from "./resource.ts";
import type { Column, ObjectName, Resource } from "./resource.ts";
import { SEEDED } from "./seeded-objects.ts";

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
    subresources: given.subresources ?? [],
    selectableFields: ["metadata.name", "metadata.namespace"],
    columns: columns(given),
    changes: "compared",
    dependsOn: [],
    sources: (cluster) => {
      const objects = keptObjects(cluster, plural);
      for (const body of SEEDED[plural]?.(cluster) ?? []) addSeeded(objects, body);
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

function addSeeded(objects: Map<string, KubernetesObject>, body: KubernetesObject): void {
  const { namespace, name = "" } = body.metadata ?? {};
  const key = objectKey(namespace, name);
  if (!objects.has(key)) objects.set(key, body);
}

function columns(given: PlainKind): readonly Column<KubernetesObject>[] {
  const shown = { type: "string", description: "", priority: 0 } as const;
  const { nameSuffix = () => "" } = given;
  return [
    {
      ...shown,
      name: "Name",
      format: "name",
      value: (body) => `${body.metadata?.name ?? ""}${nameSuffix(body)}`,
    },
    ...(given.columns ?? []),
    {
      ...shown,
      name: "Age",
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
    ...(given.lastColumns ?? []),
  ];
}
