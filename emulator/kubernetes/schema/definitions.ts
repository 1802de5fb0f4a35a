import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseDeclarations } from "./declarations.ts";
import type { Declaration, DeclarationFile, DeclaredField } from "./declarations.ts";
import { LATER_FIELDS } from "./later-fields.ts";

export type FieldType =
  | { readonly kind: "text" | "integer" | "boolean" | "anything" | "intOrText" | "quantity" }
  | { readonly kind: "list" | "map"; readonly of: FieldType }
  | { readonly kind: "reference"; readonly to: string };

export interface Field {
  readonly type: FieldType;
  readonly required: boolean;
  readonly description: string;
}

/** One type of object, such as `core/v1.PodSpec`. */
export interface Definition {
  readonly id: string;
  readonly description: string;
  readonly fields: ReadonlyMap<string, Field>;
}

const FOLDER = dirname(createRequire(import.meta.url).resolve("kubernetes-types/package.json"));

/** Read when a client first asks about a type: an emulator that is only looked at never pays for them. */
const files = new Map<string, DeclarationFile | undefined>();
const definitions = new Map<string, Definition | undefined>();

/** The type of a kind's objects, such as that of `apps`, `v1`, `Deployment`; undefined for unknown ones. */
export function definitionOfKind(
  group: string,
  version: string,
  kind: string,
): Definition | undefined {
  return definitionOf(`${group.split(".")[0] || "core"}/${version}.${kind}`);
}

export function definitionOf(id: string): Definition | undefined {
  if (!definitions.has(id)) definitions.set(id, readDefinition(id));
  return definitions.get(id);
}

function readDefinition(id: string): Definition | undefined {
  const [file, name] = splitId(id);
  const declaration = fileOf(file)?.declarations.get(name);
  if (!declaration?.fields) return undefined;
  const fields = declaration.fields.map((field): [string, Field] => [
    field.name,
    read(file, field),
  ]);
  const later = (LATER_FIELDS[id] ?? []).map((field): [string, Field] => [field, LATER]);
  return { id, description: declaration.description, fields: new Map([...fields, ...later]) };
}

const LATER: Field = {
  type: { kind: "anything" },
  required: false,
  description: "A field that came after Kubernetes 1.30.",
};

function read(file: string, { description, required, type, isMap }: DeclaredField): Field {
  const one = typeOf(file, type);
  return { description, required, type: isMap ? { kind: "map", of: one } : one };
}

const PLAIN: Readonly<Record<string, FieldType>> = {
  string: { kind: "text" },
  number: { kind: "integer" },
  boolean: { kind: "boolean" },
  "number | string": { kind: "intOrText" },
};

/** Texts in JSON, whatever else they are; a quantity may be a number too. */
const NAMED: Readonly<Record<string, FieldType>> = {
  Quantity: { kind: "quantity" },
  Time: { kind: "text" },
  MicroTime: { kind: "text" },
};

function typeOf(file: string, written: string): FieldType {
  const plain = PLAIN[written] ?? NAMED[written];
  if (plain) return plain;
  // A constant, as `apiVersion?: "apps/v1"`.
  if (written.startsWith('"')) return { kind: "text" };
  const [, item] = /^Array<(.*)>$/.exec(written) ?? [];
  if (item !== undefined) return { kind: "list", of: typeOf(file, item) };
  const id = resolve(file, written);
  const declaration = declarationOf(id);
  const isOpen = declaration?.fields === undefined || declaration.fields.length === 0;
  return isOpen ? { kind: "anything" } : { kind: "reference", to: id };
}

function declarationOf(id: string): Declaration | undefined {
  const [file, name] = splitId(id);
  return fileOf(file)?.declarations.get(name);
}

function resolve(file: string, name: string): string {
  const from = fileOf(file)?.imports.get(name);
  return `${from === undefined ? file : join(dirname(file), from)}.${name}`;
}

function splitId(id: string): readonly [file: string, name: string] {
  const cut = id.lastIndexOf(".");
  return [id.slice(0, cut), id.slice(cut + 1)];
}

function fileOf(file: string): DeclarationFile | undefined {
  if (!files.has(file)) files.set(file, readFile(file));
  return files.get(file);
}

function readFile(file: string): DeclarationFile | undefined {
  try {
    return parseDeclarations(readFileSync(join(FOLDER, `${file}.d.ts`), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** These definitions and all that they refer to, each once. */
export function withReferences(roots: readonly Definition[]): readonly Definition[] {
  const found = new Map(roots.map((root) => [root.id, root]));
  for (const { fields } of found.values()) {
    for (const { type } of fields.values()) {
      const id = referenceIn(type);
      const definition = id === undefined ? undefined : definitionOf(id);
      if (definition) found.set(definition.id, definition);
    }
  }
  return [...found.values()];
}

function referenceIn(type: FieldType): string | undefined {
  if (type.kind === "reference") return type.to;
  return type.kind === "list" || type.kind === "map" ? referenceIn(type.of) : undefined;
}
