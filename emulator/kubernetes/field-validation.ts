import type { WireRequest } from "../service.ts";
import { APPLY, contentType } from "./body.ts";
import type { JsonObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { apiVersionOf } from "./resource.ts";
import { decode } from "./schema/decode.ts";
import { definitionOfKind } from "./schema/definitions.ts";
import { badRequest, invalid, KubernetesError } from "./status.ts";

type Directive = "Strict" | "Warn" | "Ignore";
const DIRECTIVES: readonly Directive[] = ["Strict", "Warn", "Ignore"];

export interface Written {
  readonly body: JsonObject;
  /** To be told beside the answer. */
  readonly warnings: readonly string[];
}

/**
 * What a client wrote, held against the type of its kind: values of a wrong type are refused, fields that the type
 * does not have are refused, told or passed over in silence, and not kept.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#setting-the-field-validation-level
 */
export function validateFields(
  request: WireRequest,
  resource: Resource,
  body: JsonObject,
): Written {
  const directive = directiveOf(request);
  const definition = definitionOfKind(resource.group, resource.version, resource.kind);
  if (!definition) return { body, warnings: [] };
  const { object, unknown, mistyped } = decode(body, definition);
  if (mistyped !== undefined) throw cannotBeHandled(resource, mistyped);
  if (unknown[0] !== undefined && contentType(request) === APPLY) {
    throw notInSchema(resource, unknown[0]);
  }
  const told = unknown.slice(0, MAX_TOLD).map((path) => `unknown field ${JSON.stringify(path)}`);
  if (directive === "Strict" && told.length > 0) throw strictError(request, resource, told);
  return { body: object, warnings: directive === "Warn" ? told : [] };
}

function strictError(
  request: WireRequest,
  resource: Resource,
  unknown: readonly string[],
): KubernetesError {
  const message = `strict decoding error: ${unknown.join(", ")}`;
  if (request.method !== "PATCH") return cannotBeHandled(resource, message);
  return invalid("", "", [{ field: "patch", message: `Invalid value: ${message}` }]);
}

/** Who describes an object has to know its fields, whatever it says of validation. */
function notInSchema(resource: Resource, path: string): KubernetesError {
  const type = `${apiVersionOf(resource)}, Kind=${resource.kind}`;
  const message = `failed to create typed patch object (${type}): .${path}: field not declared in schema`;
  return new KubernetesError(500, "", message);
}

/** A body of 10 MB can hold a million of them. */
const MAX_TOLD = 20;

function directiveOf(request: WireRequest): Directive {
  const given = request.query.get("fieldvalidation") || "Warn";
  const directive = DIRECTIVES.find((known) => known === given);
  if (directive) return directive;
  throw badRequest(
    `fieldValidation: Unsupported value: ${JSON.stringify(given)}: supported values: "Ignore", "Warn", "Strict"`,
  );
}

function cannotBeHandled(resource: Resource, why: string): KubernetesError {
  const { kind } = resource;
  const version = JSON.stringify(apiVersionOf(resource).split("/").at(-1));
  return badRequest(`${kind} in version ${version} cannot be handled as a ${kind}: ${why}`);
}

/** `299 - "unknown field \"spec.foo\""`; a header holds ASCII alone. */
export function warningHeader(warnings: readonly string[]): Readonly<Record<string, string>> {
  if (warnings.length === 0) return {};
  const escaped = warnings.map((text) =>
    JSON.stringify(text).replace(/[^\x20-\x7e]/g, (char) => {
      return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
    }),
  );
  return { Warning: escaped.map((text) => `299 - ${text}`).join(", ") };
}
