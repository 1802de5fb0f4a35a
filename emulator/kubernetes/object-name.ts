import { guidFrom } from "../guid.ts";
import type { JsonObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { invalid } from "./status.ts";

/** Names of objects are DNS subdomains. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

const NAME_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789";
const GENERATED_CHARACTERS = 5;

/** `generateName` gets an ending of its own; the server's counter makes it the same in every run. */
export function withName(metadata: JsonObject, version: number): JsonObject {
  const { name, generateName } = metadata;
  if (name || typeof generateName !== "string" || generateName === "") return metadata;
  const digits = guidFrom(`${generateName}${version}`).replaceAll("-", "");
  const characters = Array.from({ length: GENERATED_CHARACTERS }, (_, index) => {
    const value = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
    return NAME_CHARACTERS[value % NAME_CHARACTERS.length];
  });
  return { ...metadata, name: `${generateName}${characters.join("")}` };
}

export function requireName(resource: Resource, metadata: JsonObject): string {
  const { name } = metadata;
  if (typeof name === "string" && NAME.test(name)) return name;
  const message = name
    ? `Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain is required`
    : "Required value: name is required";
  throw invalid(resource.kind, String(name ?? ""), [{ field: "metadata.name", message }]);
}
