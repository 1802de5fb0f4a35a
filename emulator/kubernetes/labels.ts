import type { InvalidField } from "./status.ts";
import { isJsonObject } from "./object.ts";

const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** What the API server finds wrong with the labels of an object. */
export function validateLabels(labels: unknown): readonly InvalidField[] {
  if (labels === undefined || labels === null) return [];
  if (!isJsonObject(labels)) return [{ field: "metadata.labels", message: "must be a map" }];
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(isLabelKey(key)
      ? []
      : [invalidLabel(key, "name part must consist of alphanumeric characters, '-', '_' or '.'")]),
    ...(isLabelValue(value)
      ? []
      : [
          invalidLabel(
            value,
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and no more than 63 characters",
          ),
        ]),
  ]);
}

function isLabelKey(key: string): boolean {
  const cut = key.indexOf("/");
  return NAME.test(key.slice(cut + 1)) && (cut < 0 || PREFIX.test(key.slice(0, cut)));
}

function isLabelValue(value: unknown): boolean {
  return value === "" || (typeof value === "string" && NAME.test(value));
}

function invalidLabel(value: unknown, message: string): InvalidField {
  return {
    field: "metadata.labels",
    message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
  };
}
