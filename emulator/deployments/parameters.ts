import { isObject, objectAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { evaluate } from "./evaluate.ts";
import type { Surroundings } from "./evaluate.ts";
import { invalidTemplate } from "./refusal.ts";

/** What a template is given: each parameter's value, by its name in lower case. */
export type Parameters = ReadonlyMap<string, unknown>;

/** Takes parameters from a deployment and defaults from the template; throws when one is missing or not allowed. */
export async function readParameters(
  template: JsonObject,
  given: JsonObject,
  around: Surroundings,
): Promise<Parameters> {
  const declared = objectAt(template, "parameters");
  refuseUnknown(declared, given);
  const values = new Map<string, unknown>();
  const known = {
    ...around,
    functions: {
      ...around.functions,
      parameters: (name: unknown) => parameterNamed(values, name),
    },
  };
  for (const [name, declaration] of Object.entries(declared)) {
    const member = caseless(given, name);
    const wanted = isObject(declaration) ? declaration : {};
    values.set(name.toLowerCase(), await readOne(name, wanted, { given: member, around: known }));
  }
  return values;
}

export function parameterNamed(values: Parameters, name: unknown): unknown {
  const key = String(name).toLowerCase();
  if (values.has(key)) return values.get(key);
  throw invalidTemplate(`the template parameter '${String(name)}' is not found`);
}

function refuseUnknown(declared: JsonObject, given: JsonObject): void {
  const names = new Set(Object.keys(declared).map((name) => name.toLowerCase()));
  const unknown = Object.keys(given).filter((name) => !names.has(name.toLowerCase()));
  if (unknown.length === 0) return;
  throw invalidTemplate(
    `the template parameters '${unknown.join(", ")}' in the parameters file are not valid; they are not present in the original template`,
  );
}

export function caseless(of: JsonObject, name: string): unknown {
  const key = Object.keys(of).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : of[key];
}

async function readOne(
  name: string,
  declaration: JsonObject,
  { given, around }: { readonly given: unknown; readonly around: Surroundings },
): Promise<unknown> {
  if (isObject(given) && "reference" in given) {
    throw invalidTemplate(`the parameter '${name}' refers to a key vault, which is not read here`);
  }
  const isGiven = isObject(given) && given["value"] !== undefined && given["value"] !== null;
  const value = isGiven ? given["value"] : await defaultOf(name, declaration, around);
  requireType(name, declaration["type"], value);
  requireAllowed(name, declaration, value);
  return value;
}

async function defaultOf(
  name: string,
  declaration: JsonObject,
  around: Surroundings,
): Promise<unknown> {
  if ("defaultValue" in declaration) return evaluate(declaration["defaultValue"], around);
  if (declaration["nullable"] === true) return null;
  throw invalidTemplate(`the value for the template parameter '${name}' is not provided`);
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  bool: (value) => typeof value === "boolean",
  int: Number.isInteger,
  object: isObject,
  secureobject: isObject,
  securestring: (value) => typeof value === "string",
  string: (value) => typeof value === "string",
};

function requireType(name: string, type: unknown, value: unknown): void {
  const fits = TYPES[String(type).toLowerCase()];
  if (!fits)
    throw invalidTemplate(`the parameter '${name}' has the unknown type '${String(type)}'`);
  if (value === null || fits(value)) return;
  throw invalidTemplate(
    `the provided value for the parameter '${name}' is not of type '${String(type)}'`,
  );
}

function requireAllowed(name: string, declaration: JsonObject, value: unknown): void {
  const { allowedValues, minValue, maxValue, minLength, maxLength } = declaration;
  const isAllowed =
    !Array.isArray(allowedValues) ||
    allowedValues.some((one) => JSON.stringify(one) === JSON.stringify(value));
  const size = typeof value === "string" || Array.isArray(value) ? value.length : undefined;
  if (
    isAllowed &&
    isBetween(value, minValue, maxValue) &&
    (size === undefined || isBetween(size, minLength, maxLength))
  ) {
    return;
  }
  throw invalidTemplate(
    `the provided value for the template parameter '${name}' is not valid: it is not part of the allowed value(s)`,
  );
}

function isBetween(value: unknown, least: unknown, most: unknown): boolean {
  if (typeof value !== "number") return true;
  return (
    (typeof least !== "number" || value >= least) && (typeof most !== "number" || value <= most)
  );
}
