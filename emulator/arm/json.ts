/** A JSON object from the wire: nothing is known about it but that it is one. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object under a key; `{}` when there is none. */
export function objectAt(from: JsonObject, key: string): JsonObject {
  const value = from[key];
  return isObject(value) ? value : {};
}

/** The objects of the array under a key; `[]` when there is none. */
export function objectsAt(from: JsonObject, key: string): readonly JsonObject[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textAt(from: JsonObject, key: string): string | undefined {
  const value = from[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberAt(from: JsonObject, key: string): number | undefined {
  const value = from[key];
  return typeof value === "number" ? value : undefined;
}

/** The text members of an object of texts (labels, tags). */
export function textsAt(
  from: JsonObject,
  key: string,
): Readonly<Record<string, string>> | undefined {
  const value = from[key];
  if (!isObject(value)) return undefined;
  const texts = Object.entries(value).filter((pair): pair is [string, string] => {
    return typeof pair[1] === "string";
  });
  return Object.fromEntries(texts);
}

/** The texts of an array under a key; undefined when there is no array. */
export function textListAt(from: JsonObject, key: string): readonly string[] | undefined {
  const value = from[key];
  if (!Array.isArray(value)) return undefined;
  return value.filter((member): member is string => typeof member === "string");
}

/** A copy without the members that are undefined: absent, not null, as ARM answers. */
export function withoutUndefined(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
