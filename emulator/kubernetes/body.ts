import { parse as parseYaml } from "yaml";
import type { WireRequest } from "../service.ts";
import { isTooDeep, MAX_NESTING } from "../nesting.ts";
import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { parseProtobuf } from "./protobuf.ts";
import { badRequest, KubernetesError } from "./status.ts";

const TEXT_TYPES: readonly string[] = ["application/json", "application/yaml"];
const PROTOBUF = "application/vnd.kubernetes.protobuf";

/** Media type of a PATCH that describes the object, as `kubectl apply --server-side` does. */
export const APPLY = "application/apply-patch+yaml";

export function contentType(request: WireRequest): string {
  const header = request.headers["content-type"] ?? "application/json";
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}

/** The object that a create, update or delete carries; `{}` when there is none. */
export function parseObjectBody(request: WireRequest): JsonObject {
  const type = contentType(request);
  if (request.body.length === 0) return {};
  if (type === PROTOBUF) return parseProtobuf(request.body);
  if (!TEXT_TYPES.includes(type)) throw unsupportedMediaType([...TEXT_TYPES, PROTOBUF]);
  const body = parseText(request, type === "application/yaml");
  if (!isJsonObject(body)) throw badRequest("the object provided is not a map");
  return body;
}

export function parseText(request: WireRequest, isYaml: boolean): unknown {
  const value = parseUnbounded(request.body.toString("utf8"), isYaml);
  if (isTooDeep(value)) throw badRequest(`the object is nested deeper than ${MAX_NESTING} levels`);
  return value;
}

function parseUnbounded(text: string, isYaml: boolean): unknown {
  try {
    return isYaml ? parseYaml(text, { logLevel: "error" }) : JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`the object provided is unrecognized (must be of type Object): ${why}`);
  }
}

export function unsupportedMediaType(accepted: readonly string[]): KubernetesError {
  const list = accepted.join(", ");
  return new KubernetesError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${list}`,
  );
}
