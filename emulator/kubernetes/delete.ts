import type { WireReply, WireRequest } from "../service.ts";
import { chooseRepresentation } from "./accept.ts";
import { parseObjectBody } from "./body.ts";
import { isJsonObject, objectKey } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import { renderList } from "./representation.ts";
import type { RemoveOptions, Resource } from "./resource.ts";
import { parseSelection } from "./selection.ts";
import { badRequest, conflict, methodNotAllowed, notFound, successStatus } from "./status.ts";
import { isDryRun, reply } from "./write.ts";
import type { WriteRequest } from "./write.ts";

/** `DELETE` on a collection: each object that the selectors choose, as if it were deleted alone. */
export function deleteCollection(write: WriteRequest): WireReply {
  const { journal, request, namespace, now } = write;
  if (journal.resource.oneByOne === true) throw methodNotAllowed();
  const selected = parseSelection(request, journal.resource, { namespace, name: undefined });
  const chosen = journal.all().filter(([, object]) => selected(object));
  const objects = chosen.map(([, object]) => object);
  for (const { metadata } of objects) {
    const { name = "", namespace: of } = metadata ?? {};
    deleteObject({ ...write, namespace: of }, name);
  }
  const form = chooseRepresentation(request.headers.accept, request.query.get("includeobject"));
  const position = { resourceVersion: String(journal.version) };
  return {
    status: 200,
    body: renderList(objects, journal.resource, form, { position, now: now() }),
  };
}

export function deleteObject(write: WriteRequest, name: string): WireReply {
  const { cluster, journal, request, namespace } = write;
  const { resource } = journal;
  if (!resource.remove) throw methodNotAllowed();
  const key = objectKey(namespace, name);
  const current = journal.get(key);
  if (!current) throw notFound(resource, name);
  const options = parseObjectBody(request);
  requirePreconditions(resource, name, current, options.preconditions);
  const removeOptions = { ...parseGrace(request, options), later: write.later };
  if (!isDryRun(request, options)) resource.remove(cluster, { namespace, name }, removeOptions);
  journal.refresh();
  const remaining = journal.get(key);
  // A pod ends gracefully and is still there; what is gone is confirmed with a Status.
  if (remaining) return reply(write, 200, remaining);
  const { group, plural: kind } = resource;
  const { uid } = current.metadata ?? {};
  return {
    status: 200,
    body: successStatus({ name, ...(group !== "" && { group }), kind, ...(uid && { uid }) }),
  };
}

function parseGrace(
  request: WireRequest,
  options: JsonObject,
): Pick<RemoveOptions, "graceSeconds"> {
  const grace = options.gracePeriodSeconds ?? request.query.get("graceperiodseconds");
  const propagation = options.propagationPolicy ?? request.query.get("propagationpolicy");
  if (propagation === "Orphan" || options.orphanDependents === true) {
    throw badRequest(
      'propagationPolicy: Invalid value: "Orphan": this cluster leaves no orphans behind',
    );
  }
  if (grace === undefined || grace === null || !Number.isInteger(Number(grace))) return {};
  return { graceSeconds: Number(grace) };
}

export function requirePreconditions(
  resource: Resource,
  name: string,
  current: KubernetesObject,
  preconditions: unknown,
): void {
  if (!isJsonObject(preconditions)) return;
  for (const field of ["uid", "resourceVersion"] as const) {
    const wanted = preconditions[field];
    const actual = current.metadata?.[field];
    if (wanted === undefined || wanted === null || wanted === actual) continue;
    const label = field === "uid" ? "UID" : "ResourceVersion";
    const why = `Precondition failed: ${label} in precondition: ${String(wanted)}, ${label} in object meta: ${actual ?? ""}`;
    throw conflict(resource, name, why);
  }
}
