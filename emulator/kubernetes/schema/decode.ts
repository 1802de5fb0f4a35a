import { isJsonObject } from "../object.ts";
import type { JsonObject } from "../object.ts";
import { definitionOf } from "./definitions.ts";
import type { Definition, FieldType } from "./definitions.ts";

export interface Decoded {
  /** Without the fields that the type does not have, as the API server stores it. */
  readonly object: JsonObject;
  /** Where a field stands that the type does not have: `spec.template.spec.containers[0].imagee`. */
  readonly unknown: readonly string[];
  /** What is not of its field's type, as the API server's JSON reader words it. */
  readonly mistyped: string | undefined;
}

/** Reads what a client sent as an object of this type. */
export function decode(given: JsonObject, definition: Definition): Decoded {
  const found: Found = { unknown: [], mistyped: undefined };
  const object = readObject(given, definition, { path: "", plain: "", found });
  return { object, ...found };
}

interface Found {
  readonly unknown: string[];
  mistyped: string | undefined;
}

interface Place {
  readonly path: string;
  /** The same without positions in lists. */
  readonly plain: string;
  readonly found: Found;
}

function readObject(given: JsonObject, { id, fields }: Definition, place: Place): JsonObject {
  const entries = Object.entries(given).flatMap(([name, value]): [string, unknown][] => {
    const field = fields.get(name);
    const at = { ...place, path: below(place.path, name), plain: below(place.plain, name) };
    if (!field) {
      place.found.unknown.push(at.path);
      return [];
    }
    if (isAbsent(value)) return [];
    return [[name, read(value, field.type, { ...at, owner: id.split(".").at(-1) ?? id })]];
  });
  return Object.fromEntries(entries);
}

/** `null` is as if it were not there, which is how Go reads it; `undefined` is what we render that way. */
function isAbsent(value: unknown): boolean {
  return value === null || value === undefined;
}

function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

interface FieldPlace extends Place {
  /** The type that has the field. */
  readonly owner: string;
}

function read(value: unknown, type: FieldType, place: FieldPlace): unknown {
  switch (type.kind) {
    case "anything":
      return value;
    case "text":
      return typeof value === "string" ? value : mistyped(value, "string", place);
    case "boolean":
      return typeof value === "boolean" ? value : mistyped(value, "bool", place);
    case "integer":
      return typeof value === "number" ? value : mistyped(value, "int32", place);
    case "intOrText":
    case "quantity":
      return isScalar(value) ? value : mistyped(value, "string", place);
    case "list":
      return Array.isArray(value) ? readList(value, type.of, place) : mistyped(value, "[]", place);
    case "map":
      return isJsonObject(value) ? readMap(value, type.of, place) : mistyped(value, "map", place);
    case "reference":
      return readReference(value, type.to, place);
  }
}

function isScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}

function readList(values: readonly unknown[], type: FieldType, place: FieldPlace): unknown[] {
  return values.map((value, index) =>
    isAbsent(value) ? value : read(value, type, { ...place, path: `${place.path}[${index}]` }),
  );
}

function readMap(values: JsonObject, type: FieldType, place: FieldPlace): JsonObject {
  const entries = Object.entries(values).filter(([, value]) => !isAbsent(value));
  return Object.fromEntries(entries.map(([key, value]) => [key, read(value, type, place)]));
}

function readReference(value: unknown, to: string, place: FieldPlace): unknown {
  const definition = definitionOf(to);
  if (!definition) return value;
  if (!isJsonObject(value)) return mistyped(value, to.replace(/\/v\d\w*/, ""), place);
  return readObject(value, definition, place);
}

function mistyped(value: unknown, wanted: string, { plain, owner, found }: FieldPlace): unknown {
  const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  found.mistyped ??= `json: cannot unmarshal ${kind} into Go struct field ${owner}.${plain} of type ${wanted}`;
  return value;
}
