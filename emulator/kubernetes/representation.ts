import type { Instant } from "../../shared/simulator/model.ts";
import type { IncludeObject, Representation } from "./accept.ts";
import type { KubernetesObject } from "./object.ts";
import { apiVersionOf } from "./resource.ts";
import type { Column, Resource } from "./resource.ts";

export interface ListPosition {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** One object in the form that the client chose. */
export function renderObject(
  object: KubernetesObject,
  resource: Resource,
  form: Representation,
  now: Instant,
): object {
  if (form.kind === "object") return object;
  if (form.kind === "metadata") return partialMetadata(object, form.version);
  const resourceVersion = object.metadata?.resourceVersion ?? "";
  return table([object], resource, form, { position: { resourceVersion }, now });
}

/** A list in the form that the client chose. */
export function renderList(
  objects: readonly KubernetesObject[],
  resource: Resource,
  form: Representation,
  at: { readonly position: ListPosition; readonly now: Instant },
): object {
  if (form.kind === "table") return table(objects, resource, form, at);
  const metadata = at.position;
  if (form.kind === "metadata") {
    const items = objects.map((object) => partialMetadata(object, form.version));
    const apiVersion = `meta.k8s.io/${form.version}`;
    return { kind: "PartialObjectMetadataList", apiVersion, metadata, items };
  }
  const items = objects.map(({ apiVersion: _version, kind: _kind, ...rest }) => rest);
  return { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items };
}

function partialMetadata(object: KubernetesObject, version: string): object {
  const apiVersion = `meta.k8s.io/${version}`;
  return { kind: "PartialObjectMetadata", apiVersion, metadata: object.metadata };
}

type TableForm = Extract<Representation, { kind: "table" }>;

function table(
  objects: readonly KubernetesObject[],
  resource: Resource,
  form: TableForm,
  at: { readonly position: ListPosition; readonly now: Instant },
): object {
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata: at.position,
    columnDefinitions: resource.columns.map(columnDefinition),
    rows: objects.map((object) => ({
      cells: resource.columns.map((column) => column.value(object, at.now)),
      ...rowObject(object, form.include),
    })),
  };
}

function columnDefinition(column: Column<KubernetesObject>): object {
  const { name, type, format = "", description, priority } = column;
  return { name, type, format, description, priority };
}

function rowObject(object: KubernetesObject, include: IncludeObject): object {
  if (include === "None") return {};
  return { object: include === "Object" ? object : partialMetadata(object, "v1") };
}
