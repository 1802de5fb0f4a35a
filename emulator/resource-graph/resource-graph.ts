import { isObject, numberAt, objectAt, textAt, textListAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { evaluate } from "./evaluate.ts";
import type { Row } from "./evaluate.ts";
import { parseQuery } from "./parser.ts";
import { rowsOf, TABLES } from "./rows.ts";
import type { RowsOptions } from "./rows.ts";

/** Rows of one answer, which is also the most that may be asked for. Source: learn.microsoft.com/rest/api/azureresourcegraph */
const MAX_ROWS = 1_000;
const NEWEST_API_VERSION = "2026-06-01";
/** What fleets have is shown with its previews, such as the failures of a run that went on past them. */
const NEWEST_OF_FLEETS = "2026-06-02-preview";

/** `POST /providers/Microsoft.ResourceGraph/resources`: a query over what the caller may read. */
export async function queryResources(
  options: RowsOptions,
  request: ArmRequest,
): Promise<WireReply> {
  const query = textAt(request.body, "query");
  if (query === undefined) throw invalid("The query is required.", "InvalidQuery");
  const { table, steps } = parseQuery(query);
  if (!TABLES.includes(table.toLowerCase())) {
    const message = `There is no table '${table}'. Those with rows are resources, resourcecontainers and aksresources.`;
    throw invalid(message, "InvalidQuery");
  }
  const name = table.toLowerCase();
  const inner = innerRequest(options, {
    ...request,
    apiVersion: name === "aksresources" ? NEWEST_OF_FLEETS : NEWEST_API_VERSION,
  });
  const rows = isAsked(request.body, inner.subscription) ? await rowsOf(options, name, inner) : [];
  return reply(evaluate(rows, steps), objectAt(request.body, "options"));
}

/** Without subscriptions (or with management groups, of which there is none) all are meant. */
function isAsked(body: JsonObject, subscription: string): boolean {
  const asked = textListAt(body, "subscriptions") ?? [];
  return asked.length === 0 || asked.some((one) => one.toLowerCase() === subscription);
}

function innerRequest({ environment }: RowsOptions, request: ArmRequest): ArmRequest {
  return {
    ...request,
    wire: { ...request.wire, query: new Map(), headers: {} },
    method: "GET",
    subscription: environment.subscription.toLowerCase(),
    action: undefined,
    body: {},
  };
}

function reply(rows: readonly Row[], options: JsonObject): WireReply {
  const skipped = Number(textAt(options, "$skipToken") ?? numberAt(options, "$skip") ?? 0);
  const start = Number.isInteger(skipped) && skipped >= 0 ? skipped : 0;
  const top = numberAt(options, "$top") ?? MAX_ROWS;
  if (!Number.isInteger(top) || top < 1 || top > MAX_ROWS) {
    throw invalid(`options.$top must be from 1 to ${MAX_ROWS}.`, "InvalidQuery");
  }
  const found = rows.slice(start, start + top);
  const isMore = rows.length > start + top;
  const asTable = textAt(options, "resultFormat")?.toLowerCase() === "table";
  return {
    status: 200,
    body: {
      totalRecords: rows.length,
      count: found.length,
      data: asTable ? tableOf(found) : found,
      facets: [],
      resultTruncated: isMore ? "true" : "false",
      ...(isMore ? { $skipToken: String(start + top) } : {}),
    },
  };
}

function tableOf(rows: readonly Row[]): JsonObject {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return {
    columns: names.map((name) => ({
      name,
      type: typeOf(rows.find((row) => row[name] !== null)?.[name]),
    })),
    rows: rows.map((row) => names.map((name) => row[name] ?? null)),
  };
}

function typeOf(value: unknown): string {
  if (isObject(value) || Array.isArray(value)) return "object";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value === "boolean" ? "boolean" : "string";
}
