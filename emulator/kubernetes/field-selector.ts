import { isJsonObject } from "./object.ts";
import type { KubernetesObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { badRequest } from "./status.ts";

export type ObjectPredicate = (object: KubernetesObject) => boolean;

const TERM = /^([^=!]+)(==|!=|=)(.*)$/;

/** Parses `spec.nodeName=x,status.phase!=Failed`; throws 400 for a field the kind does not support. */
export function parseFieldSelector(text: string, resource: Resource): ObjectPredicate {
  const terms = text.split(/(?<!\\),/).filter((term) => term !== "");
  const predicates = terms.map((term) => parseTerm(term, resource));
  return (object) => predicates.every((predicate) => predicate(object));
}

function parseTerm(term: string, resource: Resource): ObjectPredicate {
  const match = TERM.exec(term);
  if (!match) throw badRequest(`invalid selector: ${JSON.stringify(term)}; can't understand it`);
  const [, field = "", operator, escaped = ""] = match;
  if (!resource.selectableFields.includes(field)) {
    throw badRequest(`field label not supported: ${field}`);
  }
  const value = escaped.replace(/\\([\\,=])/g, "$1");
  const wanted = operator !== "!=";
  return (object) => (fieldText(object, field) === value) === wanted;
}

/** The field as text; a field that is not set equals the empty string. */
function fieldText(object: KubernetesObject, field: string): string {
  let value: unknown = object;
  for (const name of field.split(".")) value = isJsonObject(value) ? value[name] : undefined;
  if (value === undefined || value === null) return field === "spec.unschedulable" ? "false" : "";
  return String(value);
}
