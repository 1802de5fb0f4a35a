import { canonicalJson } from "../../shared/core/digest.ts";
import type { Cluster, Instant } from "../../shared/simulator/model.ts";
import type { WireReply, WireRequest } from "../service.ts";
import { chooseRepresentation } from "./accept.ts";
import { APPLY, contentType, parseObjectBody, parseText } from "./body.ts";
import { validateFields, warningHeader } from "./field-validation.ts";
import type { Journal } from "./journal.ts";
import { guidFrom } from "../guid.ts";
import { requireNamespaceOf } from "./namespaces.ts";
import { isJsonObject, objectKey, toTime } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import { requireName, withName } from "./object-name.ts";
import {
  afterUpdate,
  apply,
  rememberManagers,
  requireApplier,
  requireManagers,
  writerOf,
} from "./managed-fields.ts";
import type { Managers, Writer } from "./managed-fields.ts";
import { applyPatch } from "./patch.ts";
import { renderObject } from "./representation.ts";
import { apiVersionOf } from "./resource.ts";
import type { Resource } from "./resource.ts";
import {
  KubernetesError,
  alreadyExists,
  badRequest,
  conflict,
  methodNotAllowed,
  notFound,
} from "./status.ts";

export interface WriteRequest {
  readonly request: WireRequest;
  readonly cluster: Cluster;
  readonly journal: Journal;
  readonly namespace: string | undefined;
  readonly now: () => Instant;
  /** Soon, in virtual time. */
  readonly later: (task: () => void) => void;
  /** What the client is told beside the answer. */
  readonly warnings: string[];
}

export function createObject(write: WriteRequest): WireReply {
  const { resource } = write.journal;
  if (!resource.create) throw notMadeHere(resource);
  return createFrom(write, parseObjectBody(write.request));
}

function notMadeHere({ plural, absence }: Resource): KubernetesError {
  const why = absence ?? `${plural} are made by the cluster itself`;
  return new KubernetesError(405, "MethodNotAllowed", `${plural} may not be created: ${why}`);
}

/** Makes an object; `applied` when it was described and not posted. */
export function createFrom(
  write: WriteRequest,
  given: JsonObject,
  operation: Writer["operation"] = "Update",
): WireReply {
  const { cluster, journal, request, namespace } = write;
  const { resource } = journal;
  if (!resource.create) throw notMadeHere(resource);
  requireKind(resource, given);
  const body = validated(write, given);
  const metadata = isJsonObject(body.metadata) ? body.metadata : {};
  const name = requireName(resource, withName(metadata, journal.version));
  requireNamespace(metadata, namespace);
  if (namespace !== undefined) requireNamespaceOf(cluster, namespace);
  if (journal.get(objectKey(namespace, name))) throw alreadyExists(resource, name);
  const { namespace: _given, managedFields: _managers, ...others } = metadata;
  const named = { ...body, metadata: { ...others, name, ...(namespace && { namespace }) } };
  const desired = admitted(resource, named, undefined);
  if (isDryRun(request, body)) {
    return reply(write, 201, withServerFields(write, desired, undefined));
  }
  resource.create(cluster, desired);
  const writer = writerIn(write, operation);
  keepManagers(write, name, afterUpdate([], writer, { before: {}, after: named }));
  return replyWithStored(write, 201, name);
}

/** What the kind's type knows of this object; notes warnings. */
function validated({ request, journal, warnings }: WriteRequest, given: JsonObject): JsonObject {
  const written = validateFields(request, journal.resource, given);
  warnings.push(...written.warnings);
  return written.body;
}

function writerIn({ request, journal, now }: WriteRequest, operation: Writer["operation"]): Writer {
  return writerOf(request, journal.resource, { operation, time: toTime(now()) });
}

export function replaceObject(write: WriteRequest, name: string): WireReply {
  const body = parseObjectBody(write.request);
  requireKind(write.journal.resource, body);
  return update(write, name, () => ({ desired: body }));
}

export function patchObject(write: WriteRequest, name: string): WireReply {
  if (contentType(write.request) === APPLY) return applyObject(write, name);
  return update(write, name, (current) => ({ desired: applyPatch(current, write.request) }));
}

function applyObject(write: WriteRequest, name: string): WireReply {
  const { journal, namespace, request } = write;
  const applied = parseText(request, true);
  if (!isJsonObject(applied)) throw badRequest("the object provided is not a map");
  requireApplier(request, applied);
  if (!journal.get(objectKey(namespace, name))) return createFrom(write, applied, "Apply");
  const described = validated(write, applied);
  const writer = writerIn(write, "Apply");
  const force = request.query.get("force") === "true";
  return update(write, name, (current) => {
    const managers = current.metadata?.managedFields ?? [];
    return apply({ managers, writer, force, current, applied: described });
  });
}

interface Change {
  readonly desired: JsonObject & KubernetesObject;
  /** Absent: whoever changes a field owns it from then on. */
  readonly managers?: Managers;
}

function update(
  write: WriteRequest,
  name: string,
  change: (current: KubernetesObject) => Change,
): WireReply {
  const { resource } = write.journal;
  if (!resource.update) throw methodNotAllowed();
  const current = requireCurrent(write, name);
  const { desired: given, managers } = change(current);
  const desired: JsonObject & KubernetesObject = validated(write, given);
  requireSameObject(resource, current, desired);
  requireManagers(desired.metadata?.managedFields);
  const wanted = admitted(resource, desired, current);
  if (isDryRun(write.request, {})) {
    return reply(write, 200, withServerFields(write, wanted, current));
  }
  resource.update(write.cluster, current, wanted);
  if (managers) keepManagers(write, name, managers);
  else recordUpdate(write, name, { before: current, given: desired.metadata?.managedFields });
  return replyWithStored(write, 200, name);
}

interface Update {
  readonly before: KubernetesObject;
  /** Managers as the client sent them: who sends others than there were has them written. */
  readonly given?: Managers | undefined;
  readonly subresource?: string;
}

/** Notes who changed what, once it is changed. */
export function recordUpdate(
  write: WriteRequest,
  name: string,
  { before, given, subresource }: Update,
): void {
  const { request, journal, now, namespace } = write;
  const { managedFields = [] } = before.metadata ?? {};
  const isGiven = given !== undefined && canonicalJson(given) !== canonicalJson(managedFields);
  journal.refresh();
  const after = journal.get(objectKey(namespace, name));
  if (!after) return;
  const about = { operation: "Update", time: toTime(now()) } as const;
  const writer = writerOf(request, journal.resource, {
    ...about,
    ...(subresource && { subresource }),
  });
  const managers = isGiven ? given : managedFields;
  keepManagers(write, name, afterUpdate(managers, writer, { before, after }));
}

function keepManagers(write: WriteRequest, name: string, managers: Managers): void {
  const { cluster, journal, namespace } = write;
  journal.refresh();
  const { uid } = journal.get(objectKey(namespace, name))?.metadata ?? {};
  if (uid !== undefined) rememberManagers(cluster, journal.resource, uid, managers);
}

export function requireCurrent(
  { journal, namespace }: WriteRequest,
  name: string,
): KubernetesObject {
  const current = journal.get(objectKey(namespace, name));
  if (!current) throw notFound(journal.resource, name);
  return current;
}

function admitted(
  resource: Resource,
  desired: KubernetesObject,
  current: KubernetesObject | undefined,
): KubernetesObject {
  return resource.admit ? resource.admit(desired, current) : desired;
}

/** What an object that is only tried out would be given; its state stays as it is. */
function withServerFields(
  { now }: WriteRequest,
  desired: KubernetesObject,
  current: (KubernetesObject & { readonly status?: unknown }) | undefined,
): KubernetesObject & JsonObject {
  const created = { uid: guidFrom(JSON.stringify(desired)), creationTimestamp: toTime(now()) };
  const { uid, creationTimestamp } = { ...created, ...current?.metadata };
  return {
    ...desired,
    metadata: { ...desired.metadata, uid, creationTimestamp },
    ...(current?.status !== undefined && { status: current.status }),
  };
}

/** `dryRun=All` in the query, or in the options that a delete carries. */
export function isDryRun(request: WireRequest, options: JsonObject): boolean {
  const given = request.query.get("dryrun") ?? options.dryRun;
  const values = Array.isArray(given) ? given : given === undefined || given === "" ? [] : [given];
  if (values.some((value) => value !== "All")) {
    throw badRequest(`Invalid value: ${JSON.stringify(values)}: dryRun must be "All"`);
  }
  return values.length > 0;
}

function requireKind(resource: Resource, body: JsonObject): void {
  const { kind = resource.kind, apiVersion = apiVersionOf(resource) } = body;
  if (kind === resource.kind && apiVersion === apiVersionOf(resource)) return;
  throw badRequest(
    `${resource.kind} in version ${JSON.stringify(apiVersionOf(resource))} cannot be handled as a ` +
      `${String(kind)} in version ${JSON.stringify(apiVersion)}`,
  );
}

function requireNamespace(metadata: JsonObject, namespace: string | undefined): void {
  const given = metadata.namespace;
  if (given === undefined || given === "" || given === namespace) return;
  throw badRequest(
    "the namespace of the provided object does not match the namespace sent on the request",
  );
}

const STALE =
  "the object has been modified; please apply your changes to the latest version and try again";

/** Identity may not change, and a version that is sent must be the latest. */
export function requireSameObject(
  resource: Resource,
  current: KubernetesObject,
  desired: KubernetesObject,
): void {
  const name = current.metadata?.name ?? "";
  const wanted = desired.metadata ?? {};
  if (wanted.name !== name) {
    throw badRequest(
      `the name of the object (${wanted.name ?? ""}) does not match the name on the URL (${name})`,
    );
  }
  const { resourceVersion, uid } = current.metadata ?? {};
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    throw conflict(resource, name, STALE);
  }
  if (wanted.uid && wanted.uid !== uid) {
    throw conflict(resource, name, `Precondition failed: UID in object meta: ${uid ?? ""}`);
  }
}

export function replyWithStored(write: WriteRequest, status: number, name: string): WireReply {
  const { journal, namespace } = write;
  journal.refresh();
  const stored = journal.get(objectKey(namespace, name));
  if (!stored) throw notFound(journal.resource, name);
  return reply(write, status, stored);
}

export function reply(write: WriteRequest, status: number, object: KubernetesObject): WireReply {
  const { request, journal, now, warnings } = write;
  const form = chooseRepresentation(request.headers.accept, request.query.get("includeobject"));
  const headers = warningHeader(warnings);
  return { status, headers, body: renderObject(object, journal.resource, form, now()) };
}
