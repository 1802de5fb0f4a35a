import type { Cluster, Instant } from "../../shared/simulator/model.ts";
import type { WireReply, WireRequest } from "../service.ts";
import { chooseRepresentation } from "./accept.ts";
import { contentType, parseObjectBody, parseText } from "./body.ts";
import type { Journal } from "./journal.ts";
import { guidFrom } from "../guid.ts";
import { requireNamespaceOf } from "./namespaces.ts";
import { isJsonObject, objectKey, toTime } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import { applyPatch } from "./patch.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";
import { renderObject } from "./representation.ts";
import { apiVersionOf } from "./resource.ts";
import type { Resource } from "./resource.ts";
import {
  KubernetesError,
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  methodNotAllowed,
  notFound,
} from "./status.ts";

export interface WriteRequest {
  readonly request: WireRequest;
  readonly cluster: Cluster;
  readonly journal: Journal;
  readonly namespace: string | undefined;
  readonly now: () => Instant;
}

/** Names of objects are DNS subdomains. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

export function createObject(write: WriteRequest): WireReply {
  const { resource } = write.journal;
  if (!resource.create) throw notMadeHere(resource);
  return createFrom(write, parseObjectBody(write.request));
}

function notMadeHere({ plural, absence }: Resource): KubernetesError {
  const why = absence ?? `${plural} are made by the cluster itself`;
  return new KubernetesError(405, "MethodNotAllowed", `${plural} may not be created: ${why}`);
}

function createFrom(write: WriteRequest, body: JsonObject): WireReply {
  const { cluster, journal, request, namespace } = write;
  const { resource } = journal;
  if (!resource.create) throw notMadeHere(resource);
  requireKind(resource, body);
  const metadata = isJsonObject(body.metadata) ? body.metadata : {};
  const name = requireName(resource, withName(metadata, journal.version));
  requireNamespace(metadata, namespace);
  if (namespace !== undefined) requireNamespaceOf(cluster, namespace);
  const key = objectKey(namespace, name);
  if (journal.get(key)) throw alreadyExists(resource, name);
  const { namespace: _given, ...others } = metadata;
  const named = { ...body, metadata: { ...others, name, ...(namespace && { namespace }) } };
  const desired = admitted(resource, named, undefined);
  if (isDryRun(request, body))
    return reply(write, 201, withServerFields(write, desired, undefined));
  resource.create(cluster, desired);
  return replyWithStored(write, 201, name);
}

export function replaceObject(write: WriteRequest, name: string): WireReply {
  const body = parseObjectBody(write.request);
  requireKind(write.journal.resource, body);
  return update(write, name, () => body);
}

export function patchObject(write: WriteRequest, name: string): WireReply {
  if (contentType(write.request) === APPLY) return applyObject(write, name);
  return update(write, name, (current) => applyPatch(current, write.request));
}

const APPLY = "application/apply-patch+yaml";

/**
 * Server-side apply, for an object that one manager describes: it is made when it is not there, and what is
 * described is set. Fields that a manager no longer describes stay.
 */
function applyObject(write: WriteRequest, name: string): WireReply {
  const { journal, namespace, request } = write;
  if (!request.query.get("fieldmanager")) {
    throw badRequest(
      "PatchOptions.meta.k8s.io: fieldManager: Required value: is required for apply patch",
    );
  }
  const body = parseText(request, true);
  if (!isJsonObject(body)) throw badRequest("the object provided is not a map");
  if (!journal.get(objectKey(namespace, name))) return createFrom(write, body);
  const change = (current: KubernetesObject): JsonObject => {
    const applied = applyStrategicMergePatch(current, body);
    return isJsonObject(applied) ? applied : {};
  };
  return update(write, name, change);
}

function update(
  write: WriteRequest,
  name: string,
  change: (current: KubernetesObject) => JsonObject,
): WireReply {
  const { resource } = write.journal;
  if (!resource.update) throw methodNotAllowed();
  const { current, desired } = changeOf(write, name, change);
  const wanted = admitted(resource, desired, current);
  if (isDryRun(write.request, {}))
    return reply(write, 200, withServerFields(write, wanted, current));
  resource.update(write.cluster, current, wanted);
  return replyWithStored(write, 200, name);
}

interface Change {
  readonly current: KubernetesObject;
  readonly desired: KubernetesObject & JsonObject;
}

export function changeOf(
  { journal, namespace }: WriteRequest,
  name: string,
  change: (current: KubernetesObject) => JsonObject,
): Change {
  const current = journal.get(objectKey(namespace, name));
  if (!current) throw notFound(journal.resource, name);
  const desired = change(current);
  requireSameObject(journal.resource, current, desired);
  return { current, desired };
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

const NAME_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789";
const GENERATED_CHARACTERS = 5;

/** `generateName` gets an ending of its own; the server's counter makes it the same in every run. */
function withName(metadata: JsonObject, version: number): JsonObject {
  const { name, generateName } = metadata;
  if (name || typeof generateName !== "string" || generateName === "") return metadata;
  const digits = guidFrom(`${generateName}${version}`).replaceAll("-", "");
  const characters = Array.from({ length: GENERATED_CHARACTERS }, (_, index) => {
    const value = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
    return NAME_CHARACTERS[value % NAME_CHARACTERS.length];
  });
  return { ...metadata, name: `${generateName}${characters.join("")}` };
}

function requireName(resource: Resource, metadata: JsonObject): string {
  const { name } = metadata;
  if (typeof name === "string" && NAME.test(name)) return name;
  const message = name
    ? `Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain is required`
    : "Required value: name is required";
  throw invalid(resource.kind, String(name ?? ""), [{ field: "metadata.name", message }]);
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
function requireSameObject(
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
  const { request, journal, now } = write;
  const form = chooseRepresentation(request.headers.accept, request.query.get("includeobject"));
  return { status, body: renderObject(object, journal.resource, form, now()) };
}
