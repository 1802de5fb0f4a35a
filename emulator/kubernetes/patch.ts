import type { WireRequest } from "../service.ts";
import { contentType, parseText, unsupportedMediaType } from "./body.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { badRequest } from "./status.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const FORMATS: Readonly<Record<string, (target: unknown, patch: unknown) => unknown>> = {
  "application/json-patch+json": applyJsonPatch,
  "application/merge-patch+json": applyMergePatch,
  "application/strategic-merge-patch+json": applyStrategicMergePatch,
};

/** The object as the request's patch, in whichever format, leaves it. */
export function applyPatch(object: object, request: WireRequest): JsonObject {
  const apply = FORMATS[contentType(request)];
  if (!apply) throw unsupportedMediaType(Object.keys(FORMATS));
  const patched = apply(object, parseText(request, false));
  if (!isJsonObject(patched)) throw badRequest("the patched object is not a map");
  return patched;
}
