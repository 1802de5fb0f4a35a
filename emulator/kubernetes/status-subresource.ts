import type { WireReply } from "../service.ts";
import { parseObjectBody } from "./body.ts";
import { objectKey } from "./object.ts";
import { applyPatch } from "./patch.ts";
import { getObject } from "./read.ts";
import { methodNotAllowed } from "./status.ts";
import { changeOf, isDryRun, replyWithStored } from "./write.ts";
import type { WriteRequest } from "./write.ts";

/**
 * `…/<name>/status`. The controllers of this world write their status again as soon as anybody else has; what
 * they know nothing of (a node's conditions of other origin) stays.
 */
export function serveStatus(write: WriteRequest, name: string): WireReply {
  const { cluster, journal, namespace, request } = write;
  if (request.method === "GET") return getObject(write, objectKey(namespace, name), name);
  const { current, desired } = changeOf(write, name, (object) => {
    if (request.method === "PUT") return parseObjectBody(request);
    if (request.method === "PATCH") return applyPatch(object, request);
    throw methodNotAllowed();
  });
  if (!isDryRun(request, {})) journal.resource.updateStatus?.(cluster, current, desired);
  return replyWithStored(write, 200, name);
}
