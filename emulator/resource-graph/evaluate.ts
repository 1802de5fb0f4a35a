import { isObject } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { FUNCTIONS, textOf } from "./functions.ts";
import type { Column, Expression, SortKey, Step } from "./query.ts";

export type Row = JsonObject;

/** Leads rows through the steps of a query. */
export function evaluate(rows: readonly Row[], steps: readonly Step[]): readonly Row[] {
  return steps.reduce((found, step) => stepOf(found, step), rows);
}

function stepOf(rows: readonly Row[], step: Step): readonly Row[] {
  switch (step.kind) {
    case "where":
      return rows.filter((row) => valueOf(row, step.condition) === true);
    case "project":
      return rows.map((row) => columnsOf(row, step.columns));
    case "extend":
      return rows.map((row) => ({ ...row, ...columnsOf(row, step.columns) }));
    case "distinct":
      return distinct(rows.map((row) => columnsOf(row, step.columns)));
    case "project-away":
      return rows.map((row) => without(row, step.names));
    case "mv-expand":
      return rows.flatMap((row) => expanded(row, step.column));
    case "summarize":
      return summarized(rows, step);
    case "order":
      return rows.toSorted((a, b) => compareRows(a, b, step.keys));
    case "take":
      return rows.slice(0, step.rows);
    case "count":
      return [{ Count: rows.length }];
  }
}

function columnsOf(row: Row, columns: readonly Column[]): Row {
  return Object.fromEntries(columns.map(({ name, value }) => [name, valueOf(row, value)]));
}

function without(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

function distinct(rows: readonly Row[]): readonly Row[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}

/** A row for each member of an array; one that has none keeps its row, with null. */
function expanded(row: Row, { name, value }: Column): readonly Row[] {
  const found = valueOf(row, value);
  if (!Array.isArray(found)) return [{ ...row, [name]: found }];
  if (found.length === 0) return [{ ...row, [name]: null }];
  return found.map((member: unknown) => ({ ...row, [name]: member }));
}

function summarized(
  rows: readonly Row[],
  { count, by }: Extract<Step, { readonly kind: "summarize" }>,
): readonly Row[] {
  if (by.length === 0) return [{ [count]: rows.length }];
  const groups = new Map<string, { readonly row: Row; rows: number }>();
  for (const row of rows) {
    const key = columnsOf(row, by);
    const group = groups.get(JSON.stringify(key)) ?? { row: key, rows: 0 };
    group.rows += 1;
    groups.set(JSON.stringify(key), group);
  }
  return [...groups.values()].map(({ row, rows: members }) => ({ ...row, [count]: members }));
}

function compareRows(a: Row, b: Row, keys: readonly SortKey[]): number {
  for (const { value, isAscending } of keys) {
    const order = orderOf(valueOf(a, value), valueOf(b, value));
    if (order !== 0) return isAscending ? order : -order;
  }
  return 0;
}

function orderOf(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [first, second] = [textOf(a).toLowerCase(), textOf(b).toLowerCase()];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** Null where there is nothing. */
function valueOf(row: Row, expression: Expression): unknown {
  switch (expression.kind) {
    case "value":
      return expression.value;
    case "column":
      return memberOf(row, expression.name);
    case "member":
      return memberOf(valueOf(row, expression.of), expression.key);
    case "call": {
      const given = expression.with.map((one) => valueOf(row, one));
      return FUNCTIONS.get(expression.name)?.(...given) ?? null;
    }
    case "compare": {
      const [left, right] = expression.sides.map((side) => valueOf(row, side));
      return compares(expression.operator, left ?? null, right ?? null);
    }
    case "in": {
      const operator = expression.ignoresCase ? "=~" : "==";
      const value = valueOf(row, expression.value);
      const isIn = expression.list.some((one) => compares(operator, value, valueOf(row, one)));
      return isIn !== expression.isNegated;
    }
    case "and":
      return expression.sides.every((side) => valueOf(row, side) === true);
    case "or":
      return expression.sides.some((side) => valueOf(row, side) === true);
  }
}

/** Resource Graph finds properties whatever their case. */
function memberOf(value: unknown, key: string | number): unknown {
  if (Array.isArray(value)) return typeof key === "number" ? (value.at(key) ?? null) : null;
  if (!isObject(value) || typeof key === "number") return null;
  if (Object.hasOwn(value, key)) return value[key] ?? null;
  const name = Object.keys(value).find((one) => one.toLowerCase() === key.toLowerCase());
  return name === undefined ? null : (value[name] ?? null);
}

function compares(operator: string, left: unknown, right: unknown): boolean {
  if (operator.startsWith("!") && operator !== "!=" && operator !== "!~") {
    return !compares(operator.slice(1), left, right);
  }
  const [a, b] = [textOf(left), textOf(right)];
  const [lowA, lowB] = [a.toLowerCase(), b.toLowerCase()];
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "=~":
      return lowA === lowB;
    case "!~":
      return lowA !== lowB;
    case "contains":
      return lowA.includes(lowB);
    case "startswith":
      return lowA.startsWith(lowB);
    case "endswith":
      return lowA.endsWith(lowB);
    case "has":
      return lowA
        .split(/[^a-z0-9]+/)
        .join(" ")
        .includes(lowB.split(/[^a-z0-9]+/).join(" "));
    default:
      return isOrdered(operator, left, right);
  }
}

function isOrdered(operator: string, left: unknown, right: unknown): boolean {
  if (left === null || right === null) return false;
  const order = orderOf(left, right);
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    default:
      return order >= 0;
  }
}
