import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";

/** Fields as `metadata.managedFields` writes them: `f:` a member, `k:` an item of a list, `.` that it is there. */
export type FieldTree = { readonly [key: string]: FieldTree };

/** One field: the keys of a tree from its root to a leaf. */
export type FieldPath = readonly string[];

/** Lists whose items are told apart by keys; every other list is owned as a whole. */
const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  conditions: ["type"],
  containers: ["name"],
  env: ["name"],
  hostAliases: ["ip"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ownerReferences: ["uid"],
  volumeMounts: ["mountPath"],
  volumes: ["name"],
};
/** Structures that are owned as a whole. */
const WHOLE: readonly string[] = ["selector"];

/** What the server says of an object, and what names it: nobody's fields. */
const NOBODYS: Readonly<Record<string, readonly string[]>> = {
  "": ["apiVersion", "kind", "status"],
  metadata: [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generateName",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
  ],
};

/** All fields of an object that somebody may own. */
export function fieldsOf(object: object): FieldPath[] {
  return membersOf(object as JsonObject, [], "");
}

function membersOf(object: JsonObject, above: FieldPath, name: string): FieldPath[] {
  const nobodys = above.length <= 1 ? (NOBODYS[name] ?? []) : [];
  return Object.entries(object)
    .filter(([field, value]) => value !== undefined && value !== null && !nobodys.includes(field))
    .flatMap(([field, value]) => fieldsAt(field, value, [...above, `f:${field}`]));
}

function fieldsAt(name: string, value: unknown, path: FieldPath): FieldPath[] {
  if (isJsonObject(value) && !WHOLE.includes(name) && Object.keys(value).length > 0) {
    return membersOf(value, path, name);
  }
  const keys = Array.isArray(value) && value.length > 0 ? keysOf(name, value) : undefined;
  if (!keys) return [path];
  return (value as JsonObject[]).flatMap((item) => {
    const at = [...path, itemKey(item, keys)];
    return [[...at, "."], ...membersOf(item, at, "")];
  });
}

function keysOf(name: string, items: readonly unknown[]): readonly string[] | undefined {
  const keys = name === "ports" ? portKeys(items) : LIST_KEYS[name];
  const first = keys?.[0] ?? "";
  return items.every((item) => isJsonObject(item) && first in item) ? keys : undefined;
}

/** Ports of a container and of a service. */
function portKeys([first]: readonly unknown[]): readonly string[] {
  return isJsonObject(first) && "containerPort" in first ? ["containerPort"] : ["port"];
}

function itemKey(item: JsonObject, keys: readonly string[]): string {
  return `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, item[key]])))}`;
}

function isItem(candidate: unknown, key: string): boolean {
  const wanted = JSON.parse(key.slice(2)) as JsonObject;
  return (
    isJsonObject(candidate) &&
    Object.entries(wanted).every(([name, value]) => candidate[name] === value)
  );
}

/** The value of a field; that an item is there counts as a value too. */
export function valueAt(object: unknown, path: FieldPath): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  if (key === ".") return object !== undefined;
  if (key.startsWith("f:")) {
    return isJsonObject(object) ? valueAt(object[key.slice(2)], rest) : undefined;
  }
  const item = Array.isArray(object) ? object.find((one) => isItem(one, key)) : undefined;
  return item === undefined ? undefined : valueAt(item, rest);
}

/** The object without that field; what it leaves empty goes with it. */
export function withoutField(object: unknown, path: FieldPath): unknown {
  const [key = "", ...rest] = path;
  if (key === "." || path.length === 0) return undefined;
  if (key.startsWith("f:")) {
    const name = key.slice(2);
    if (!isJsonObject(object) || !(name in object)) return object;
    const { [name]: value, ...others } = object;
    const left = withoutField(value, rest);
    if (left !== undefined) return { ...object, [name]: left };
    return Object.keys(others).length > 0 ? others : undefined;
  }
  if (!Array.isArray(object)) return object;
  const left = object
    .map((item: unknown) => (isItem(item, key) ? withoutField(item, rest) : item))
    .filter((item) => item !== undefined);
  return left.length > 0 ? left : undefined;
}

/** Tells one field from another. */
export function fieldKey(path: FieldPath): string {
  return path.join("\n");
}

/** Is every key of a tree that a client sent one that this module writes itself? */
export function isFieldTree(tree: unknown): boolean {
  return isJsonObject(tree) && pathsOf(tree).every((path) => path.every(isKey));
}

function isKey(key: string): boolean {
  return key === "." || key.startsWith("f:") || (key.startsWith("k:") && isJsonText(key.slice(2)));
}

function isJsonText(text: string): boolean {
  try {
    return isJsonObject(JSON.parse(text));
  } catch {
    return false;
  }
}

export function treeOf(paths: readonly FieldPath[]): FieldTree {
  const root: Record<string, object> = {};
  for (const path of paths) {
    let at = root;
    for (const key of path) at = (at[key] ??= {}) as Record<string, object>;
  }
  return root as FieldTree;
}

export function pathsOf(tree: unknown, above: FieldPath = []): FieldPath[] {
  const entries = isJsonObject(tree) ? Object.entries(tree) : [];
  if (entries.length === 0) return above.length > 0 ? [above] : [];
  return entries.flatMap(([key, below]) => pathsOf(below, [...above, key]));
}

/** As error messages name it: `.spec.template.spec.containers[name="web"].image`. */
export function formatField(path: FieldPath): string {
  return path
    .filter((key) => key !== ".")
    .map((key) => {
      if (key.startsWith("f:")) return `.${key.slice(2)}`;
      const pairs = Object.entries(JSON.parse(key.slice(2)) as JsonObject);
      return `[${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}
