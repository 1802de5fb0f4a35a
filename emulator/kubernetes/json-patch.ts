import { isDeepStrictEqual } from "node:util";
import { isJsonObject } from "./object.ts";
import { badRequest, KubernetesError } from "./status.ts";

/** More operations than any client sends; the real server's bound. */
const MAX_OPERATIONS = 10_000;

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: unknown;
}

type Container = Record<string, unknown> | unknown[];

/** RFC 6902. A path that is not there and a failed test are 422, as the API server answers them. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || patch.length > MAX_OPERATIONS) {
    throw badRequest("a JSON patch is a list of operations");
  }
  let document: unknown = structuredClone(target);
  for (const item of patch) document = applyOperation(document, parseOperation(item));
  return document;
}

function parseOperation(item: unknown): Operation {
  if (!isJsonObject(item) || typeof item.op !== "string" || typeof item.path !== "string") {
    throw badRequest("an operation of a JSON patch has an op and a path");
  }
  const from = typeof item.from === "string" ? parsePointer(item.from) : [];
  return { op: item.op, path: parsePointer(item.path), from, value: item.value };
}

function parsePointer(pointer: string): readonly string[] {
  if (pointer === "") return [];
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function applyOperation(document: unknown, operation: Operation): unknown {
  const { op, path, from, value } = operation;
  switch (op) {
    case "add":
      return add(document, path, value);
    case "remove":
      return remove(document, path);
    case "replace":
      read(document, path);
      return path.length === 0 ? value : add(remove(document, path), path, value);
    case "move": {
      const moved = read(document, from);
      return add(remove(document, from), path, moved);
    }
    case "copy":
      return add(document, path, structuredClone(read(document, from)));
    case "test":
      if (!isDeepStrictEqual(read(document, path), value))
        throw refused(`testing value ${pathText(path)} failed`);
      return document;
    default:
      throw badRequest(`a JSON patch has no operation ${JSON.stringify(op)}`);
  }
}

function read(document: unknown, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const part of path) {
    if (!isContainer(value) || !Object.hasOwn(value, part))
      throw refused(`missing path ${pathText(path)}`);
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function add(document: unknown, path: readonly string[], value: unknown): unknown {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = parentOf(document, path);
  if (!Array.isArray(parent)) parent[last] = value;
  else parent.splice(last === "-" ? parent.length : indexIn(parent, last, path), 0, value);
  return document;
}

function remove(document: unknown, path: readonly string[]): unknown {
  const last = path.at(-1);
  if (last === undefined) return {};
  read(document, path);
  const parent = parentOf(document, path);
  if (Array.isArray(parent)) parent.splice(indexIn(parent, last, path), 1);
  else delete parent[last];
  return document;
}

function parentOf(document: unknown, path: readonly string[]): Container {
  const parent = read(document, path.slice(0, -1));
  if (!isContainer(parent)) throw refused(`missing path ${pathText(path)}`);
  return parent;
}

function indexIn(list: readonly unknown[], text: string, path: readonly string[]): number {
  const index = Number(text);
  if (/^\d+$/.test(text) && index <= list.length) return index;
  throw refused(`invalid index in ${pathText(path)}`);
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

function pathText(path: readonly string[]): string {
  return `/${path.join("/")}`;
}

function refused(detail: string): KubernetesError {
  const message = "the server rejected our request due to an error in our request";
  return new KubernetesError(422, "Invalid", `${message}: ${detail}`, {});
}
