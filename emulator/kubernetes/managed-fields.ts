import type { ManagedFieldsEntry } from "kubernetes-types/meta/v1.js";
import { canonicalJson } from "../../shared/core/digest.ts";
import type { Cluster } from "../../shared/simulator/model.ts";
import type { WireRequest } from "../service.ts";
import {
  fieldKey,
  fieldsOf,
  formatField,
  isFieldTree,
  pathsOf,
  treeOf,
  valueAt,
  withoutField,
} from "./field-set.ts";
import type { FieldPath } from "./field-set.ts";
import { keptObjects } from "./kept-objects.ts";
import { isJsonObject } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import { apiVersionOf } from "./resource.ts";
import type { Resource } from "./resource.ts";
import { badRequest, KubernetesError } from "./status.ts";
import { mergeApplied } from "./strategic-merge-patch.ts";

/** Who wrote which fields of an object, most recent last. */
export type Managers = readonly ManagedFieldsEntry[];

export interface Writer {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource?: string;
  /** RFC 3339. */
  readonly time: string;
}

/** `fieldManager` of the query, or who the client says that it is: `kubectl/v1.33.1 (linux/amd64)`. */
export function writerOf(
  request: WireRequest,
  resource: Resource,
  about: Pick<Writer, "operation" | "time" | "subresource">,
): Writer {
  const agent = /^[^/\s]*/.exec(request.headers["user-agent"] ?? "")?.[0] || "unknown";
  const manager = request.query.get("fieldmanager") || agent;
  return { manager, apiVersion: apiVersionOf(resource), ...about };
}

export function managersOf(cluster: Cluster, resource: Resource, uid: string): Managers {
  const kept = keptObjects(cluster, `managers of ${resource.plural}`);
  return kept.size === 0 ? [] : (kept.get(uid)?.metadata?.managedFields ?? []);
}

export function rememberManagers(
  cluster: Cluster,
  resource: Resource,
  uid: string,
  managers: Managers,
): void {
  const managedFields = managers.filter(({ fieldsV1 }) => pathsOf(fieldsV1).length > 0);
  keptObjects(cluster, `managers of ${resource.plural}`).set(uid, { metadata: { managedFields } });
}

/** An update owns what it changed, and takes that from everybody else. */
export function afterUpdate(
  managers: Managers,
  writer: Writer,
  { before, after }: { readonly before: object; readonly after: object },
): Managers {
  const all = new Map(
    [...fieldsOf(before), ...fieldsOf(after)].map((path) => [fieldKey(path), path]),
  );
  const changed = [...all.values()].filter((path) => !isSame(before, after, path));
  if (changed.length === 0) return managers;
  const taken = new Set(changed.map((path) => fieldKey(path)));
  const left = managers.map((one) => withFields(one, (path) => !taken.has(fieldKey(path))));
  const present = changed.filter((path) => valueAt(after, path) !== undefined);
  return withOwned(left, writer, present);
}

function isSame(a: object, b: object, path: FieldPath): boolean {
  return canonicalJson(valueAt(a, path)) === canonicalJson(valueAt(b, path));
}

function withFields(
  entry: ManagedFieldsEntry,
  keeps: (path: FieldPath) => boolean,
): ManagedFieldsEntry {
  return { ...entry, fieldsV1: treeOf(pathsOf(entry.fieldsV1).filter(keeps)) };
}

/** Adds fields to those that the writer has updated; what it applies replaces what it applied. */
function withOwned(managers: Managers, writer: Writer, paths: readonly FieldPath[]): Managers {
  const known = managers.find((one) => isOf(one, writer));
  const kept = writer.operation === "Update" ? pathsOf(known?.fieldsV1) : [];
  const fieldsV1 = treeOf([...kept, ...paths]);
  if (known && canonicalJson(known.fieldsV1) === canonicalJson(fieldsV1)) return managers;
  const { manager, operation, apiVersion, subresource, time } = writer;
  const entry: ManagedFieldsEntry = {
    manager,
    operation,
    apiVersion,
    time,
    fieldsType: "FieldsV1",
    fieldsV1,
    ...(subresource !== undefined && { subresource }),
  };
  return [...managers.filter((one) => one !== known), entry];
}

function isOf(entry: ManagedFieldsEntry, writer: Writer): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === writer.operation &&
    entry.subresource === writer.subresource
  );
}

interface Application {
  readonly managers: Managers;
  readonly writer: Writer;
  readonly force: boolean;
  readonly current: KubernetesObject;
  readonly applied: object;
}

/**
 * Server-side apply: refuses what would change the fields of others, unless it is forced to; takes away what
 * this manager applied before and nobody else owns.
 * Source: kubernetes.io/docs/reference/using-api/server-side-apply
 */
export function apply({ managers, writer, force, current, applied }: Application): {
  readonly desired: JsonObject;
  readonly managers: Managers;
} {
  const wanted = fieldsOf(applied);
  const others = managers.filter((one) => !isOf(one, writer));
  const conflicts = conflictsOf(others, { wanted, current, applied });
  if (conflicts.length > 0 && !force) throw applyConflict(conflicts);
  const lost = new Set(conflicts.map(({ path }) => fieldKey(path)));
  const left = others.map((one) => withFields(one, (path) => !lost.has(fieldKey(path))));
  const before = managers.filter((one) => isOf(one, writer));
  const dropped = droppedBy(before, { wanted, others: left });
  let desired = mergeApplied(current, applied);
  for (const path of dropped) desired = withoutField(desired, path);
  return {
    desired: desired as JsonObject,
    managers: withOwned([...left, ...before], writer, wanted),
  };
}

interface Conflict {
  readonly manager: ManagedFieldsEntry;
  readonly path: FieldPath;
}

function conflictsOf(
  others: Managers,
  about: {
    readonly wanted: readonly FieldPath[];
    readonly current: object;
    readonly applied: object;
  },
): Conflict[] {
  const changed = about.wanted.filter((path) => !isSame(about.current, about.applied, path));
  const keys = new Map(changed.map((path) => [fieldKey(path), path]));
  return others.flatMap((manager) =>
    pathsOf(manager.fieldsV1)
      .filter((path) => keys.has(fieldKey(path)))
      .map((path) => ({ manager, path })),
  );
}

function droppedBy(
  before: Managers,
  { wanted, others }: { readonly wanted: readonly FieldPath[]; readonly others: Managers },
): FieldPath[] {
  const kept = [...wanted, ...others.flatMap(({ fieldsV1 }) => pathsOf(fieldsV1))];
  const keys = new Set(kept.map((path) => fieldKey(path)));
  return before
    .flatMap(({ fieldsV1 }) => pathsOf(fieldsV1))
    .filter((path) => !keys.has(fieldKey(path)))
    .filter((path) => path.at(-1) !== "." || !kept.some((other) => isWithin(other, path)));
}

/** Is this field one of that item? */
function isWithin(path: FieldPath, item: FieldPath): boolean {
  return item.slice(0, -1).every((key, index) => path[index] === key);
}

function applyConflict(conflicts: readonly Conflict[]): KubernetesError {
  const causes = conflicts.map(({ manager, path }) => {
    const { manager: name = "", apiVersion = "", subresource } = manager;
    const through =
      subresource === undefined ? "" : ` with subresource ${JSON.stringify(subresource)}`;
    const message = `conflict with ${JSON.stringify(name)}${through} using ${apiVersion}`;
    return { reason: "FieldManagerConflict", message, field: formatField(path) };
  });
  const [first] = causes;
  const text =
    causes.length === 1
      ? `1 conflict: ${first?.message}: ${first?.field}`
      : `${causes.length} conflicts: ${causes.map(({ message, field }) => `${message}: ${field}`).join("; ")}`;
  return new KubernetesError(409, "Conflict", `Apply failed with ${text}`, { causes });
}

/** Managers as a client hands them on. */
export function requireManagers(managers: unknown): void {
  if (managers === undefined || managers === null) return;
  const list: readonly unknown[] = Array.isArray(managers) ? managers : [managers];
  const isKnown = (one: unknown): boolean =>
    isJsonObject(one) && (one.fieldsV1 === undefined || isFieldTree(one.fieldsV1));
  if (!Array.isArray(managers) || !list.every(isKnown)) {
    throw badRequest("metadata.managedFields: Invalid value: not a list of managers with FieldsV1");
  }
}

/** The manager of an apply has to be named, and owns nothing by saying so itself. */
export function requireApplier(request: WireRequest, body: KubernetesObject): void {
  if (!request.query.get("fieldmanager")) {
    throw badRequest(
      "PatchOptions.meta.k8s.io: fieldManager: Required value: is required for apply patch",
    );
  }
  if (body.metadata?.managedFields) throw badRequest("metadata.managedFields must be nil");
}
