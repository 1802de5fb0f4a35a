import { textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";

const PERCENTAGE_OR_COUNT = /^(\d{1,4}|(100|\d{1,2})%)$/;

/** A number or a percentage, as text. */
export function amount(from: JsonObject, key: string): string | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  if (PERCENTAGE_OR_COUNT.test(String(value))) return String(value);
  throw invalid(`${key} '${String(value)}' must be a number or a percentage.`);
}

/** What is no number is refused: a text that is passed over would leave the pool as it was. */
export function wholeNumber(
  from: JsonObject,
  key: string,
  low: number,
  high: number,
): number | undefined {
  const value = from[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= low && value <= high) {
    return value;
  }
  throw invalid(`${key} ${JSON.stringify(value)} must be a whole number from ${low} to ${high}.`);
}

export function oneOf<T extends string>(
  from: JsonObject,
  key: string,
  values: readonly T[],
): T | undefined {
  const given = textAt(from, key);
  if (given === undefined) return undefined;
  const found = values.find((value) => value.toLowerCase() === given.toLowerCase());
  if (found) return found;
  throw invalid(`The value '${given}' of ${key} is not one of ${values.join(", ")}.`);
}
