import type { WireReply, WireRequest } from "../service.ts";
import { parseObjectBody } from "./body.ts";
import { objectKey } from "./object.ts";
import type { KubernetesObject } from "./object.ts";
import { applyPatch } from "./patch.ts";
import { getObject } from "./read.ts";
import { methodNotAllowed } from "./status.ts";
import { isDryRun, replyWithStored, requireCurrent, requireSameObject } from "./write.ts";
import type { WriteRequest } from "./write.ts";

/**
 * `…/<name>/status`. The controllers of this world write their status again as soon as anybody else has; what
 * they know nothing of (a node's conditions of other origin) stays.
 */
export function serveStatus(write: WriteRequest, name: string): WireReply {
  const { cluster, journal, namespace, request } = write;
  if (request.method === "GET") return getObject(write, objectKey(namespace, name), name);
  const current = requireCurrent(write, name);
  const desired = desiredBy(request, current);
  requireSameObject(journal.resource, current, desired);
  if (!isDryRun(request, {})) journal.resource.updateStatus?.(cluster, current, desired);
  return replyWithStored(write, 200, name);
}

function desiredBy(request: WireRequest, current: KubernetesObject): KubernetesObject {
  if (request.method === "PUT") return parseObjectBody(request);
  if (request.method === "PATCH") return applyPatch(current, request);
  throw methodNotAllowed();
}
