import { objectAt, textAt } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { invalid } from "./refusal.ts";

const FIELDS = "resourceType|resourceGroup|name|location|tagName|tagValue";
const EQUALITY = new RegExp(`^(${FIELDS}) eq '((?:[^']|'')*)'$`, "i");
const PART = /^substringof\('((?:[^']|'')*)', *(name|resourceGroup)\)$/i;

export interface Condition {
  readonly field: string;
  readonly value: string;
  readonly isPart: boolean;
}

/** The `$filter` of lists of resources and resource groups, as far as the Azure CLI writes it. */
export function parseFilter(filter: string | undefined): readonly Condition[] {
  if (filter === undefined || filter === "") return [];
  return filter.split(/ and /i).map((part) => parseCondition(part.trim()));
}

function parseCondition(text: string): Condition {
  const equality = EQUALITY.exec(text);
  const part = PART.exec(text);
  const field = equality?.[1] ?? part?.[2];
  const value = equality?.[2] ?? part?.[1];
  if (field === undefined || value === undefined) {
    throw invalid(`The filter '${text}' is not supported.`, "InvalidFilterInQueryString");
  }
  const plain = value.replaceAll("''", "'").toLowerCase();
  return { field: field.toLowerCase(), value: plain, isPart: !equality };
}

export function meets(resource: JsonObject, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) =>
    condition.field.startsWith("tag")
      ? meetsTag(resource, condition, conditions)
      : compares(textOf(resource, condition.field), condition),
  );
}

/** A value belongs to the name beside it: `tagName eq 'team' and tagValue eq 'dock'`. */
function meetsTag(
  resource: JsonObject,
  condition: Condition,
  conditions: readonly Condition[],
): boolean {
  const tags = Object.entries(objectAt(resource, "tags"));
  const name = conditions.find(({ field }) => field === "tagname")?.value;
  return tags.some(([key, value]) => {
    if (name !== undefined && key.toLowerCase() !== name) return false;
    return condition.field === "tagname" || compares(String(value), condition);
  });
}

function textOf(resource: JsonObject, field: string): string | undefined {
  switch (field) {
    case "resourcegroup":
      return textAt(resource, "id")?.split("/")[4];
    case "resourcetype":
      return textAt(resource, "type");
    default:
      return textAt(resource, field);
  }
}

function compares(text: string | undefined, { value, isPart }: Condition): boolean {
  const found = text?.toLowerCase() ?? "";
  return isPart ? found.includes(value) : found === value;
}
