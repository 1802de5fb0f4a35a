/** Scalar functions of the Kusto language, by name; what they cannot use is null. */
export const FUNCTIONS: ReadonlyMap<string, (...given: readonly unknown[]) => unknown> = new Map<
  string,
  (...given: readonly unknown[]) => unknown
>([
  ["tolower", (value) => textOf(value).toLowerCase()],
  ["toupper", (value) => textOf(value).toUpperCase()],
  ["tostring", (value) => textOf(value)],
  ["toint", (value) => numberOf(value)],
  ["tolong", (value) => numberOf(value)],
  ["todouble", (value) => numberOf(value)],
  [
    "tobool",
    (value) => (typeof value === "boolean" ? value : textOf(value).toLowerCase() === "true"),
  ],
  ["parse_json", (value) => parsed(value)],
  ["todynamic", (value) => parsed(value)],
  ["isempty", (value) => isEmpty(value)],
  ["isnotempty", (value) => !isEmpty(value)],
  ["isnull", (value) => value === null],
  ["isnotnull", (value) => value !== null],
  ["not", (value) => value !== true],
  ["strlen", (value) => textOf(value).length],
  ["strcat", (...values) => values.map(textOf).join("")],
  ["array_length", (value) => (Array.isArray(value) ? value.length : null)],
  ["coalesce", (...values) => values.find((value) => !isEmpty(value)) ?? null],
  ["iff", (condition, yes = null, no = null) => (condition === true ? yes : no)],
  ["split", (value, separator) => textOf(value).split(textOf(separator))],
]);

export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What is an object already stays one; a text that is no JSON stays a text. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function numberOf(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "";
}
