import { isObject } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { parseExpression, unescaped } from "./expression.ts";
import type { Expression } from "./expression.ts";
import { FUNCTIONS } from "./functions.ts";
import { invalidTemplate } from "./refusal.ts";

type Value = unknown;

/** What an expression stands in: functions of this deployment, by lower-case name, and the loops around it. */
export interface Surroundings {
  readonly functions: Readonly<
    Record<string, (...given: readonly Value[]) => Value | Promise<Value>>
  >;
  readonly loops: readonly { readonly name: string; readonly index: number }[];
}

/** ARM's own bound on the copies that a loop makes. */
export const MAX_COPIES = 800;

/** A part of a template with all its expressions worked out. */
export async function evaluate(value: Value, around: Surroundings): Promise<Value> {
  if (typeof value === "string") return evaluateText(value, around);
  if (Array.isArray(value)) return Promise.all(value.map((one) => evaluate(one, around)));
  if (!isObject(value)) return value;
  const entries: (readonly [string, Value])[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (key === "copy" && Array.isArray(member)) {
      entries.push(...(await evaluateCopies(member, around)));
    } else {
      const name = String(await evaluateText(key, around));
      entries.push([name, await evaluate(member, around)]);
    }
  }
  return Object.fromEntries(entries);
}

export async function evaluateText(text: string, around: Surroundings): Promise<Value> {
  const expression = parseExpression(text);
  return expression ? evaluateExpression(expression, around) : unescaped(text);
}

/** `"copy": [{"name": "disks", "count": 3, "input": …}]`: a property or variable with a member for each number. */
async function evaluateCopies(
  copies: readonly Value[],
  around: Surroundings,
): Promise<(readonly [string, Value])[]> {
  const made: (readonly [string, Value])[] = [];
  for (const copy of copies.filter(isObject)) {
    const name = String(copy["name"]);
    const count = await copyCount(copy, around);
    const members: Value[] = [];
    for (let index = 0; index < count; index++) {
      const loops = [{ name, index }, ...around.loops];
      members.push(await evaluate(copy["input"], { ...around, loops }));
    }
    made.push([name, members]);
  }
  return made;
}

export async function copyCount(copy: JsonObject, around: Surroundings): Promise<number> {
  const count = await evaluate(copy["count"], around);
  if (typeof count === "number" && count >= 0 && count <= MAX_COPIES) return count;
  throw invalidTemplate(`the copy '${String(copy["name"])}' needs a count from 0 to ${MAX_COPIES}`);
}

async function evaluateExpression(expression: Expression, around: Surroundings): Promise<Value> {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "member": {
      const [of, name] = [expression.of, expression.name];
      return memberOf(await evaluateExpression(of, around), await evaluateExpression(name, around));
    }
    case "call":
      return call(expression.name.toLowerCase(), expression.arguments, around);
  }
}

type Arguments = readonly Expression[];

async function call(name: string, given: Arguments, around: Surroundings): Promise<Value> {
  // What is not chosen is not looked at: it may refer to what is not there.
  if (name === "if") {
    const isTrue = (await argument(given, 0, around)) === true;
    return argument(given, isTrue ? 1 : 2, around);
  }
  if (name === "and" || name === "or") return decide(name, given, around);
  const values: Value[] = [];
  for (const one of given) values.push(await evaluateExpression(one, around));
  if (name === "copyindex") return copyIndex(values, around);
  const known = [around.functions, FUNCTIONS].find((table) => Object.hasOwn(table, name));
  if (!known) throw invalidTemplate(`the template function '${name}' is not known here`);
  const result = await known[name]?.(...values);
  requireBounded(result);
  return result;
}

/** What one value may hold, so that no few lines double until nothing fits into memory. */
const MAX_CHARACTERS = 1_048_576;
const MAX_MEMBERS = 20_000;

function requireBounded(value: Value): void {
  const waiting: Value[] = [value];
  let left = MAX_MEMBERS;
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (typeof one === "string" && one.length > MAX_CHARACTERS) throw tooLarge();
    const members = Array.isArray(one) ? one : isObject(one) ? Object.values(one) : [];
    left -= members.length;
    if (left < 0) throw tooLarge();
    for (const member of members) {
      if (typeof member === "string" || typeof member === "object") waiting.push(member);
    }
  }
}

function tooLarge(): Error {
  return invalidTemplate("a value grows too large");
}

function argument(given: Arguments, index: number, around: Surroundings): Promise<Value> {
  const expression = given[index];
  if (!expression) throw invalidTemplate("a function has too few arguments");
  return evaluateExpression(expression, around);
}

async function decide(
  name: "and" | "or",
  given: Arguments,
  around: Surroundings,
): Promise<boolean> {
  for (const one of given) {
    const isTrue = (await evaluateExpression(one, around)) === true;
    if (isTrue === (name === "or")) return isTrue;
  }
  return name === "and";
}

function copyIndex(values: readonly Value[], { loops }: Surroundings): number {
  const wanted = typeof values[0] === "string" ? values[0].toLowerCase() : undefined;
  const offset = Number((wanted === undefined ? values[0] : values[1]) ?? 0);
  const loop = loops.find(({ name }) => wanted === undefined || name.toLowerCase() === wanted);
  if (!loop) throw invalidTemplate("copyIndex() stands in no loop of that name");
  return loop.index + offset;
}

function memberOf(of: Value, name: Value): Value {
  if (Array.isArray(of) && typeof name === "number" && name < of.length) return of[name];
  if (isObject(of)) {
    const key = Object.keys(of).find((one) => one.toLowerCase() === String(name).toLowerCase());
    if (key !== undefined) return of[key];
  }
  throw invalidTemplate(`the language expression property '${String(name)}' does not exist`);
}

/** The names of what the text of a template calls, with the expressions given to them. */
export function callsIn(value: Value): readonly { readonly name: string; given: Arguments }[] {
  if (Array.isArray(value)) return value.flatMap(callsIn);
  if (isObject(value)) return Object.values(value).flatMap(callsIn);
  const expression = typeof value === "string" ? parseExpression(value) : undefined;
  return expression ? callsOf(expression) : [];
}

function callsOf(expression: Expression): { readonly name: string; given: Arguments }[] {
  if (expression.kind === "literal") return [];
  if (expression.kind === "member") {
    return [...callsOf(expression.of), ...callsOf(expression.name)];
  }
  const { name, arguments: given } = expression;
  return [{ name: name.toLowerCase(), given }, ...given.flatMap(callsOf)];
}

export function evaluateGiven(expression: Expression, around: Surroundings): Promise<Value> {
  return evaluateExpression(expression, around);
}
