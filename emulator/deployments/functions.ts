import { guidFrom } from "../guid.ts";
import { isObject } from "../arm/json.ts";
import { invalidTemplate } from "./refusal.ts";

type Value = unknown;
type TemplateFunction = (...given: readonly Value[]) => Value;

/** Longest result of `range`, `padLeft` and the like. Source: learn.microsoft.com, template functions */
const MAX_RANGE = 10_000;

/**
 * The functions of templates whose result follows from their arguments alone, by lower-case name.
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
 */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  add: (a, b) => number(a) + number(b),
  array: (value) => (Array.isArray(value) ? value : [value]),
  base64: (value) => Buffer.from(text(value)).toString("base64"),
  base64tostring: (value) => Buffer.from(text(value), "base64").toString("utf8"),
  bool: (value) => value === true || value === 1 || /^(true|1)$/i.test(String(value)),
  coalesce: (...values) => values.find((value) => value !== null && value !== undefined) ?? null,
  concat: (...values) =>
    values.every(Array.isArray) ? values.flat() : values.map((value) => text(value)).join(""),
  contains: (container, item) => contains(container, item),
  createarray: (...values) => values,
  createobject: (...values) => objectFrom(values),
  div: (a, b) => Math.trunc(number(a) / nonZero(b)),
  empty: (value) => sizeOf(value) === 0,
  endswith: (value, end) => lower(value).endsWith(lower(end)),
  equals: (a, b) => sameValue(a, b),
  false: () => false,
  first: (value) => (Array.isArray(value) ? (value[0] ?? null) : text(value).slice(0, 1)),
  format: (pattern, ...values) => format(text(pattern), values),
  greater: (a, b) => compare(a, b) > 0,
  greaterorequals: (a, b) => compare(a, b) >= 0,
  guid: (...values) => guidFrom(values.map((value) => text(value)).join("-")),
  indexof: (value, part) => lower(value).indexOf(lower(part)),
  int: (value) => number(value),
  intersection: (first, ...others) =>
    list(first).filter((one) => others.every((other) => includes(list(other), one))),
  join: (values, separator) => list(values).map(text).join(text(separator)),
  json: (value) => parseJson(text(value)),
  last: (value) => (Array.isArray(value) ? (value.at(-1) ?? null) : text(value).slice(-1)),
  length: (value) => sizeOf(value),
  less: (a, b) => compare(a, b) < 0,
  lessorequals: (a, b) => compare(a, b) <= 0,
  max: (...values) => Math.max(...numbers(values)),
  min: (...values) => Math.min(...numbers(values)),
  mod: (a, b) => number(a) % nonZero(b),
  mul: (a, b) => number(a) * number(b),
  not: (value) => value !== true,
  null: () => null,
  objectkeys: (value) => Object.keys(object(value)),
  padleft: (value, width, filler = " ") =>
    String(value).padStart(Math.min(number(width), MAX_RANGE), text(filler)),
  range: (start, count) => range(number(start), number(count)),
  replace: (value, from, to) => text(value).replaceAll(text(from), text(to)),
  skip: (value, count) =>
    Array.isArray(value) ? value.slice(number(count)) : text(value).slice(number(count)),
  split: (value, separators) => split(text(value), separators),
  startswith: (value, start) => lower(value).startsWith(lower(start)),
  string: (value) => (typeof value === "string" ? value : JSON.stringify(value)),
  sub: (a, b) => number(a) - number(b),
  substring: (value, start, length) =>
    text(value).slice(
      number(start),
      length === undefined ? undefined : number(start) + number(length),
    ),
  take: (value, count) =>
    Array.isArray(value) ? value.slice(0, number(count)) : text(value).slice(0, number(count)),
  tolower: (value) => lower(value),
  toupper: (value) => text(value).toUpperCase(),
  trim: (value) => text(value).trim(),
  true: () => true,
  union: (...values) => union(values),
  uniquestring: (...values) => uniqueString(values.map((value) => text(value)).join("-")),
  uricomponent: (value) => encodeURIComponent(text(value)),
};

function text(value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw invalidTemplate(`a text is expected where there is ${shown(value)}`);
}

function lower(value: Value): string {
  return text(value).toLowerCase();
}

function number(value: Value): number {
  const found = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof found === "number" && Number.isInteger(found)) return found;
  throw invalidTemplate(`an integer is expected where there is ${shown(value)}`);
}

function nonZero(value: Value): number {
  const found = number(value);
  if (found === 0) throw invalidTemplate("a number is divided by zero");
  return found;
}

function numbers(values: readonly Value[]): number[] {
  return (Array.isArray(values[0]) ? values[0] : values).map(number);
}

function list(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  throw invalidTemplate(`an array is expected where there is ${shown(value)}`);
}

function object(value: Value): Readonly<Record<string, Value>> {
  if (isObject(value)) return value;
  throw invalidTemplate(`an object is expected where there is ${shown(value)}`);
}

function shown(value: Value): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 100);
}

function sizeOf(value: Value): number {
  if (value === null || value === undefined) return 0;
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : text(value).length;
}

function contains(container: Value, item: Value): boolean {
  if (Array.isArray(container)) return includes(container, item);
  if (!isObject(container)) return text(container).includes(text(item));
  return Object.keys(container).some((key) => key.toLowerCase() === lower(item));
}

function includes(values: readonly Value[], wanted: Value): boolean {
  return values.some((value) => sameValue(value, wanted));
}

function sameValue(a: Value, b: Value): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function compare(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return number(a) - number(b);
}

/** `{0}` and `{1:D3}`, as in .NET; of the forms only that with leading zeros is known. */
function format(pattern: string, values: readonly Value[]): string {
  return pattern.replace(/\{\{|\}\}|\{(\d+)(?::D(\d{1,2}))?\}/gi, (found, index, digits) => {
    if (index === undefined) return found.slice(1);
    const position = Number(index);
    if (position >= values.length) throw invalidTemplate(`format has no argument ${position}`);
    return text(values[position]).padStart(Number(digits ?? 0), "0");
  });
}

function objectFrom(values: readonly Value[]): Readonly<Record<string, Value>> {
  const keys = values.filter((_, index) => index % 2 === 0);
  return Object.fromEntries(keys.map((key, index) => [text(key), values[index * 2 + 1]]));
}

function range(start: number, count: number): number[] {
  if (count < 0 || count > MAX_RANGE) {
    throw invalidTemplate(`range takes a count from 0 to ${MAX_RANGE}`);
  }
  return Array.from({ length: count }, (_, index) => start + index);
}

function split(value: string, separators: Value): string[] {
  const all = Array.isArray(separators) ? separators.map(text) : [text(separators)];
  return all.reduce((parts: string[], one) => parts.flatMap((part) => part.split(one)), [value]);
}

function union(values: readonly Value[]): Value {
  if (values.every(Array.isArray)) {
    const all: readonly Value[] = values.flat();
    return all.filter((one, index) => all.findIndex((other) => sameValue(one, other)) === index);
  }
  return values.reduce((merged, value) => merge(merged, object(value)), {});
}

function merge(before: Value, value: Value): Value {
  if (!isObject(before) || !isObject(value)) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, merge(before[key], one)]);
  return { ...before, ...Object.fromEntries(entries) };
}

function parseJson(value: string): Value {
  try {
    return JSON.parse(value);
  } catch {
    throw invalidTemplate("the text given to json() is no JSON");
  }
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** Thirteen letters, as Azure's; which ones is not stated. */
function uniqueString(of: string): string {
  const hash = Buffer.from(guidFrom(`unique ${of}`).replaceAll("-", ""), "hex");
  return [...hash.subarray(0, 13)].map((byte) => LETTERS[byte % LETTERS.length]).join("");
}
