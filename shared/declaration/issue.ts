import * as z from "zod/mini";
import type { Finding, FindingCode, Position } from "./finding.ts";
import { nearest } from "../core/nearest.ts";
import type { RawDocument } from "./read-documents.ts";
import { pathText, type Path } from "./source-map.ts";

type Issue = z.core.$ZodIssue;

interface Said {
  readonly code: FindingCode;
  readonly message: string;
  readonly remedy: string;
}

/** Translates what the schema did not accept into findings that point into the text. */
export function findingsOf(
  issue: Issue,
  document: RawDocument,
  schema: z.core.$ZodType,
): readonly Finding[] {
  const path = fieldPath(issue.path);
  const at = (position: Position, said: Said): Finding => ({
    ...said,
    severity: "error",
    file: document.file,
    ...position,
  });
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) =>
      at(document.map.locateKey([...path, key]), unknownField(path, key, { known, schema })),
    );
  }
  if (issue.code === "invalid_union") {
    const nested = deepest(issue);
    if (nested) {
      return nested.flatMap((inner) =>
        findingsOf({ ...inner, path: [...issue.path, ...inner.path] }, document, schema),
      );
    }
  }
  return [at(document.map.locate(path), sayIssue(issue, path, document, schema))];
}

/** The option of a union that got furthest is the one that was meant. */
function deepest(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  return issue.errors.find((errors) => errors.some(({ path }) => path.length > 0));
}

function fieldPath(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === "symbol" ? String(step) : step));
}

function unknownField(
  path: Path,
  key: string,
  { known, schema }: { readonly known: readonly string[]; readonly schema: z.core.$ZodType },
): Said {
  const meant = nearest(key, known);
  const elsewhere = meant === undefined ? placeOf(schema, key) : undefined;
  if (elsewhere !== undefined) {
    return {
      code: "unknown-field",
      message: `${pathText([...path, key])} is not a field here`,
      remedy: `it belongs at ${elsewhere}: move it there`,
    };
  }
  return {
    code: "unknown-field",
    message: `${pathText([...path, key])} is not a field`,
    remedy: meant
      ? `did you mean ${meant}?`
      : `remove it; known here: ${known.join(", ") || "nothing"}`,
  };
}

/** Where else the schema has a field of this name, when that is one place: `spec.environments[].soak`. */
function placeOf(schema: z.core.$ZodType, key: string): string | undefined {
  const places = placesOf(schema, key, "");
  return places.length === 1 ? places[0] : undefined;
}

function placesOf(schema: z.core.$ZodType, key: string, at: string): readonly string[] {
  const inner = unwrap(schema);
  if (inner.type === "array") return placesOf(inner.element, key, `${at}[]`);
  if (inner.type === "record") return placesOf(inner.valueType, key, `${at}.<name>`);
  if (inner.type === "union") return inner.options.flatMap((one) => placesOf(one, key, at));
  if (inner.type !== "object") return [];
  return Object.entries(inner.shape).flatMap(([name, field]) => {
    const path = at === "" ? name : `${at}.${name}`;
    return [...(name === key ? [path] : []), ...placesOf(field, key, path)];
  });
}

function sayIssue(issue: Issue, path: Path, document: RawDocument, schema: z.core.$ZodType): Said {
  const name = pathText(path);
  const value = valueAt(document.value, path);
  if (value === undefined) {
    return {
      code: "missing-field",
      message: `${name} is missing`,
      remedy: `add it: ${sayExpected(issue)}`,
    };
  }
  const source = document.map.sourceOf(path);
  if (wantsText(issue) && typeof value === "number" && source !== undefined) {
    return {
      code: "unquoted-text",
      message: `${name} must be text, but ${source} without quotes is the number ${value}`,
      remedy: sayQuoted(path, source, schema),
    };
  }
  if (issue.code === "invalid_type") {
    return {
      code: "wrong-type",
      message: `${name} must be ${sayExpected(issue)}, not ${sayType(value)}`,
      remedy: "change the value, or remove the field",
    };
  }
  return {
    code: "invalid-value",
    message: `${name} ${sayRule(issue)}, not ${sayValue(value)}`,
    remedy: "change the value",
  };
}

/** Quotes alone are no help where the quoted text would be refused too. */
function sayQuoted(path: Path, source: string, schema: z.core.$ZodType): string {
  const { pattern, examples } = metadataAt(schema, path);
  const isText = pattern === undefined || new RegExp(pattern).test(source);
  const example = examples?.[0] ?? "";
  return isText
    ? `quote it: ${path.at(-1)}: "${source}"`
    : `write all of it as text, such as ${path.at(-1)}: "${example}"`;
}

function wantsText(issue: Issue): boolean {
  return issue.code === "invalid_type" && issue.expected === "string";
}

function sayRule(issue: Issue): string {
  if (issue.code === "too_small") return `must be at least ${issue.minimum}`;
  if (issue.code === "too_big") return `must be at most ${issue.maximum}`;
  if (issue.code === "invalid_union") return issue.message;
  return `must be ${sayExpected(issue)}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function sayExpected(issue: Issue): string {
  if (issue.code === "invalid_type") return TYPES[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_value") {
    return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  }
  return "a valid value";
}

function sayType(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return sayValue(value);
}

/** Longer values are cut: a message is one line. */
const MAX_VALUE_CHARACTERS = 80;

function sayValue(value: unknown): string {
  if (typeof value === "object") return sayType(value);
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (found === null || typeof found !== "object") return undefined;
    found = Object.hasOwn(found, step) ? (found as Record<string, unknown>)[step] : undefined;
  }
  return found;
}

interface TextMetadata {
  readonly pattern?: string;
  readonly examples?: readonly string[];
}

/** What the JSON Schema says beyond the type, of the text at a path. */
function metadataAt(schema: z.core.$ZodType, path: Path): TextMetadata {
  const [step, ...rest] = path;
  if (step === undefined) return metadataOf(schema);
  const inner = unwrap(schema);
  const next = (candidate: z.core.$ZodType | undefined): TextMetadata =>
    candidate ? metadataAt(candidate, rest) : {};
  if (inner.type === "object") return next(inner.shape[String(step)]);
  if (inner.type === "array") return next(inner.element);
  if (inner.type === "record") return next(inner.valueType);
  if (inner.type !== "union") return {};
  const known = inner.options.map((option) => metadataAt(option, path));
  return known.find(({ pattern }) => pattern !== undefined) ?? {};
}

function metadataOf(schema: z.core.$ZodType): TextMetadata {
  const own = z.globalRegistry.get(schema) as TextMetadata | undefined;
  const { def } = schema as z.ZodMiniType;
  if (own?.pattern !== undefined || !("innerType" in def)) return own ?? {};
  return metadataOf(def.innerType as z.core.$ZodType);
}

/** Fields that the schema knows at a path. */
function knownKeys(schema: z.core.$ZodType, path: Path): readonly string[] {
  const inner = unwrap(schema);
  const [step, ...rest] = path;
  if (inner.type === "object") {
    if (step === undefined) return Object.keys(inner.shape);
    const next = inner.shape[String(step)];
    return next ? knownKeys(next, rest) : [];
  }
  if (step === undefined) return [];
  if (inner.type === "array") return knownKeys(inner.element, rest);
  if (inner.type === "record") return knownKeys(inner.valueType, rest);
  if (inner.type === "union") return inner.options.flatMap((option) => knownKeys(option, path));
  return [];
}

type Definition =
  | z.core.$ZodObjectDef
  | z.core.$ZodArrayDef
  | z.core.$ZodRecordDef
  | z.core.$ZodUnionDef
  | z.core.$ZodOptionalDef
  | z.core.$ZodDefaultDef
  | z.core.$ZodPrefaultDef
  | z.core.$ZodStringDef;

function unwrap(schema: z.core.$ZodType): Definition {
  const definition = (schema as z.ZodMiniType).def as Definition;
  return "innerType" in definition ? unwrap(definition.innerType) : definition;
}
