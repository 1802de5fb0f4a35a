import { randomUUID } from "node:crypto";
import type { Environment, Principal, Service, WireReply, WireRequest } from "../service.ts";
import { isTooDeep, MAX_NESTING } from "../nesting.ts";
import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";
import { authorize, checkLocks } from "./access.ts";
import { operationName } from "./operation-name.ts";
import type { Operations } from "./operations.ts";
import { ArmError } from "./provider.ts";
import type { ArmRequest, ResourceProvider } from "./provider.ts";
import { createAuthorizationProvider } from "./authorization.ts";
import { metadataBody } from "./cloud-metadata.ts";
import { Features } from "./features.ts";
import { Locks } from "./locks.ts";
import { invalid, methodNotAllowed } from "./refusal.ts";
import { queryResources } from "../resource-graph/resource-graph.ts";
import { resourceAt } from "./resource-at.ts";
import { createResourcesProvider } from "./resources-provider.ts";
import { parseArmPath } from "./request.ts";
import type { ArmTarget, ResourceTarget, TenantProviderTarget } from "./request.ts";
import type { ResourceGroups } from "./resource-groups.ts";
import { listResources } from "./resource-list.ts";
import {
  locationBodies,
  providerBodies,
  resourceTypeBodies,
  subscriptionBody,
} from "./subscription.ts";
import { TagNames } from "./tag-names.ts";
import { tenantProviderReply } from "./tenant-provider.ts";
import type { Throttle } from "./throttling.ts";

/** Any date, with or without `-preview`: versions differ per client and per call. */
const API_VERSION = /^\d{4}-\d{2}-\d{2}(-[a-z]+)?$/i;
const PUBLIC_AUDIENCES = ["https://management.azure.com", "https://management.core.windows.net"];
const WITHOUT_BODY = new Set(["GET", "HEAD", "DELETE"]);

export interface ArmOptions {
  readonly environment: Environment;
  readonly providers: readonly ResourceProvider[];
  readonly groups: ResourceGroups;
  readonly operations: Operations;
  /** Absent: nobody is throttled. */
  readonly throttle?: Throttle;
}

/** Azure Resource Manager: who may do it, where it goes, and one form of error for everything. */
export function createArmService(given: ArmOptions): Service {
  const { groups, environment, operations } = given;
  const locks = new Locks();
  const providers = [...given.providers];
  const options: Arm = {
    ...given,
    locks,
    features: new Features(),
    tagNames: new TagNames(),
    providers,
  };
  const send = (request: WireRequest): Promise<WireReply> => handle(options, request);
  const look = (request: ArmRequest, id: string): Promise<JsonObject | undefined> =>
    lookAt(options, request, id);
  providers.push(
    createResourcesProvider({
      environment,
      groups,
      providers: given.providers,
      send,
      look,
      groupBody: (name) => groups.bodyOf(name),
      pollHeaders: () => operations.pollHeaders(),
    }),
    createAuthorizationProvider(environment, locks),
  );
  return { handle: send };
}

/** A resource, or a resource group, as it is for whoever deploys a template; undefined when it is not there. */
async function lookAt(
  { providers, groups }: Arm,
  request: ArmRequest,
  id: string,
): Promise<JsonObject | undefined> {
  try {
    const target = parseArmPath(id, "GET");
    if (target.kind === "resourceGroup") return groups.bodyOf(target.name);
    const wire = { ...request.wire, method: "GET", path: id };
    return await resourceAt(providers, { ...request, wire }, id, { method: "GET" });
  } catch (error) {
    if (error instanceof ArmError && error.status === 404) return undefined;
    throw error;
  }
}

interface Arm extends ArmOptions {
  readonly features: Features;
  readonly locks: Locks;
  readonly tagNames: TagNames;
}

async function handle(options: Arm, request: WireRequest): Promise<WireReply> {
  const target = parseArmPath(request.path, request.method);
  const call: Call = { options, request, target, principal: undefined, limits: undefined };
  const reply = await answer(call).catch(errorReply);
  record(call, reply.status);
  return { ...reply, headers: { ...commonHeaders(request), ...call.limits, ...reply.headers } };
}

interface Call {
  readonly options: Arm;
  readonly request: WireRequest;
  readonly target: ArmTarget;
  principal: Principal | undefined;
  /** What the token buckets say is left. */
  limits: Readonly<Record<string, string>> | undefined;
}

async function answer(call: Call): Promise<WireReply> {
  const { options, request, target } = call;
  if (target.kind === "metadata") {
    const { origin } = options.environment;
    return { status: 200, body: metadataBody(origin(), request.query.get("api-version")) };
  }
  if (target.kind === "unknown") {
    throw new ArmError(404, "InvalidResourceType", `There is nothing at ${request.path}.`);
  }
  const principal = authenticate(options, request);
  call.principal = principal;
  const apiVersion = requireApiVersion(request);
  if (target.kind === "tenants") {
    const { tenant } = options.environment;
    return { status: 200, body: { value: [{ id: `/tenants/${tenant}`, tenantId: tenant }] } };
  }
  if (target.kind === "subscriptions") return listSubscriptions(options, principal);
  if (target.kind === "tenantProvider") {
    if (isGraphQuery(request.method, target)) {
      return graphReply(options, request, { principal, apiVersion });
    }
    return tenantProviderReply(options.providers, target, { request, principal, apiVersion });
  }
  requireSubscription(options, target.subscription);
  authorize(request, principal, { target, tokens: options.environment.tokens });
  checkLocks(request, target, options.locks);
  call.limits = options.throttle?.take({
    method: request.method,
    subscription: target.subscription,
    principal: principal.objectId,
    target: target.kind === "resource" ? target : { kind: throttleKind(target) },
  });
  if (target.kind === "resource") {
    return resourceReply(options, request, { target, principal, apiVersion });
  }
  if (target.kind === "resources") {
    return resourcesReply(options, request, { target, principal, apiVersion });
  }
  return subscriptionReply(options, request, target);
}

function isGraphQuery(method: string, { namespace, rest }: TenantProviderTarget): boolean {
  const path = [namespace, ...rest].join("/").toLowerCase();
  return method === "POST" && path === "microsoft.resourcegraph/resources";
}

function graphReply(
  options: Arm,
  request: WireRequest,
  caller: { readonly principal: Principal; readonly apiVersion: string },
): Promise<WireReply> {
  return queryResources(options, {
    ...caller,
    wire: request,
    method: request.method,
    subscription: options.environment.subscription,
    resourceGroup: undefined,
    namespace: "microsoft.resourcegraph",
    segments: [["resources", undefined]],
    action: undefined,
    scope: undefined,
    body: parseBody(request),
  });
}

function throttleKind(target: ArmTarget): "operation" | "other" {
  return target.kind === "operation" ? "operation" : "other";
}

type BelowSubscription = Exclude<
  ArmTarget,
  | ResourceTarget
  | TenantProviderTarget
  | { readonly kind: "metadata" | "tenants" | "subscriptions" | "resources" | "unknown" }
>;
type ResourcesTarget = Extract<ArmTarget, { readonly kind: "resources" }>;

function subscriptionReply(
  options: Arm,
  request: WireRequest,
  target: BelowSubscription,
): WireReply {
  const { environment, groups, operations } = options;
  if (target.kind === "resourceGroup" && request.method !== "GET") {
    return changeGroup(options, request, target);
  }
  if (target.kind === "features") return options.features.handle(request.method, target);
  if (target.kind === "tagNames") return options.tagNames.handle(request.method, target);
  const isRegistration = target.kind === "providers" && target.action !== undefined;
  if (request.method !== "GET" && !isRegistration) throw methodNotAllowed(request.method);
  switch (target.kind) {
    case "subscription":
      return { status: 200, body: subscriptionBody(target.subscription, environment.tenant) };
    case "locations":
      return { status: 200, body: { value: locationBodies(target.subscription) } };
    case "providers":
      return providersReply(target.subscription, target.namespace);
    case "resourceGroups":
      return groups.list(request.query.get("$filter"));
    case "resourceGroup":
      return groups.handle("GET", target.name, {});
    case "operation":
    case "operationResult":
      return operations.answer(target);
  }
}

function providersReply(subscription: string, namespace: string | undefined): WireReply {
  const all = providerBodies(subscription);
  if (namespace === undefined) return { status: 200, body: { value: all } };
  const found = all.find(
    (one) => String(one["namespace"]).toLowerCase() === namespace.toLowerCase(),
  );
  if (found) return { status: 200, body: found };
  throw new ArmError(404, "InvalidResourceNamespace", `There is no namespace '${namespace}'.`);
}

type GroupTarget = Extract<ArmTarget, { readonly kind: "resourceGroup" }>;

function changeGroup(options: Arm, request: WireRequest, target: GroupTarget): WireReply {
  const { groups } = options;
  if (request.method === "DELETE") return deleteGroup(options, target);
  if (target.action === undefined) {
    return groups.handle(request.method, target.name, parseBody(request));
  }
  groups.require(target.name);
  throw invalid(
    `The action '${target.action}' of a resource group is not offered here: templates are not exported, resources are not moved.`,
    "NotSupported",
  );
}

function deleteGroup(
  options: ArmOptions,
  target: { readonly subscription: string; readonly name: string },
): WireReply {
  options.groups.require(target.name);
  for (const provider of options.providers) {
    provider.deleteGroup?.(target.subscription, target.name);
  }
  options.groups.delete(target.name);
  return { status: 200 };
}

function resourcesReply(
  options: ArmOptions,
  request: WireRequest,
  call: { target: ResourcesTarget; principal: Principal; apiVersion: string },
): Promise<WireReply> {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const { target, principal, apiVersion } = call;
  if (target.resourceGroup !== undefined) options.groups.require(target.resourceGroup);
  const list: ArmRequest = {
    wire: request,
    method: "GET",
    apiVersion,
    subscription: target.subscription,
    resourceGroup: target.resourceGroup,
    namespace: "",
    segments: [],
    action: undefined,
    scope: undefined,
    principal,
    body: {},
  };
  return listResources(options.providers, list, options.environment.origin());
}

interface ResourceCall {
  readonly target: ResourceTarget;
  readonly principal: Principal;
  readonly apiVersion: string;
}

async function resourceReply(
  options: ArmOptions,
  request: WireRequest,
  { target, principal, apiVersion }: ResourceCall,
): Promise<WireReply> {
  const namespace = target.namespace.toLowerCase();
  const ofProvider = providerTypesReply(request.method, target);
  if (ofProvider) return ofProvider;
  const provider = options.providers.find((one) => one.namespace.toLowerCase() === namespace);
  if (!provider) {
    const message = `The resource namespace '${target.namespace}' is invalid.`;
    throw new ArmError(404, "InvalidResourceNamespace", message);
  }
  if (target.resourceGroup !== undefined) options.groups.require(target.resourceGroup);
  const isHead = request.method === "HEAD";
  const armRequest: ArmRequest = {
    wire: request,
    method: isHead ? "GET" : request.method,
    apiVersion,
    subscription: target.subscription,
    resourceGroup: target.resourceGroup,
    namespace,
    segments: target.segments.map(([type, name]) => [type.toLowerCase(), name] as const),
    action: target.action?.toLowerCase(),
    scope: target.scope,
    principal,
    body: hasNoBody(request.method, target) ? {} : parseBody(request),
  };
  const reply = await provider.handle(armRequest);
  // Asked whether it exists, ARM says so without it.
  return isHead && reply.status === 200 ? { status: 204 } : reply;
}

/** Templates come as they are written, with comments and bare names: no JSON, and they are read where they are deployed. */
function hasNoBody(method: string, { namespace, segments }: ResourceTarget): boolean {
  const isTemplate =
    namespace.toLowerCase() === "microsoft.resources" &&
    segments[0]?.[0].toLowerCase() === "deployments";
  return isTemplate || WITHOUT_BODY.has(method);
}

/** `providers/{namespace}/resourceTypes` and `…/providerPermissions`: what a namespace says of itself. */
function providerTypesReply(
  method: string,
  { namespace, resourceGroup, segments, scope }: ResourceTarget,
): WireReply | undefined {
  const [[type, name] = [""], ...more] = segments;
  if (method !== "GET" || name !== undefined || more.length > 0) return undefined;
  if (resourceGroup !== undefined || scope !== undefined) return undefined;
  switch (type.toLowerCase()) {
    case "resourcetypes":
      return { status: 200, body: { value: resourceTypeBodies(namespace) } };
    case "providerpermissions":
      return { status: 200, body: { value: [] } };
    default:
      return undefined;
  }
}

function authenticate(options: ArmOptions, request: WireRequest): Principal {
  const { tokens, tenant, origin } = options.environment;
  const who = tokens.authenticate(request, [...PUBLIC_AUDIENCES, origin()]);
  if (!("refused" in who)) return who;
  const authority = `${origin()}/${tenant}`;
  throw new ArmError(401, who.code ?? "AuthenticationFailed", who.refused, {
    "WWW-Authenticate": `Bearer authorization_uri="${authority}", error="invalid_token", error_description="${who.refused}"`,
  });
}

function requireApiVersion(request: WireRequest): string {
  const apiVersion = request.query.get("api-version");
  if (apiVersion !== undefined && API_VERSION.test(apiVersion)) return apiVersion;
  throw apiVersion === undefined
    ? new ArmError(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
      )
    : new ArmError(
        400,
        "InvalidApiVersionParameter",
        `The api-version '${apiVersion}' is invalid: it is a date, such as 2026-06-01.`,
      );
}

function requireSubscription(options: ArmOptions, subscription: string): void {
  if (subscription.toLowerCase() === options.environment.subscription.toLowerCase()) return;
  const message = `The subscription '${subscription}' could not be found.`;
  throw new ArmError(404, "SubscriptionNotFound", message);
}

/** Listing subscriptions needs no role: everybody sees those in which they hold one. */
function listSubscriptions(options: ArmOptions, principal: Principal): WireReply {
  const { subscription, tenant } = options.environment;
  const mine = principal.grants.some(
    ({ scope }) =>
      scope === "/" ||
      scope.toLowerCase().startsWith(`/subscriptions/${subscription.toLowerCase()}`),
  );
  return { status: 200, body: { value: mine ? [subscriptionBody(subscription, tenant)] : [] } };
}

function parseBody(request: WireRequest): JsonObject {
  if (request.body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString("utf8"));
  } catch {
    throw new ArmError(400, "InvalidRequestContent", "The request content was invalid JSON.");
  }
  if (value === null) return {};
  if (isTooDeep(value)) {
    const message = `The request content is nested deeper than ${MAX_NESTING} levels.`;
    throw new ArmError(400, "InvalidRequestContent", message);
  }
  if (isObject(value)) return value;
  throw new ArmError(400, "InvalidRequestContent", "The request content must be a JSON object.");
}

function errorReply(error: unknown): WireReply {
  if (!(error instanceof ArmError)) throw error;
  const { status, code, message, headers } = error;
  return { status, headers, body: { error: { code, message } } };
}

function commonHeaders(request: WireRequest): Record<string, string> {
  const requestId = randomUUID();
  const correlation = request.headers["x-ms-correlation-request-id"];
  return {
    "Cache-Control": "no-cache",
    "x-ms-request-id": requestId,
    "x-ms-correlation-request-id": typeof correlation === "string" ? correlation : requestId,
  };
}

function record({ options, request, target, principal }: Call, status: number): void {
  const isResource = target.kind === "resource";
  const asks = target.kind === "tenantProvider" && isGraphQuery(request.method, target);
  options.environment.audit.record({
    service: "arm",
    method: request.method,
    operation: isResource
      ? operationName(request.method, target)
      : `${request.method} ${asks ? "query" : target.kind}`,
    path: request.path,
    status,
    principal: principal?.name,
    write: !asks && isWrite(request.method, isResource ? target.action : undefined),
  });
}

/** A POST of a `list…` action reads, although it is a POST. */
function isWrite(method: string, action: string | undefined): boolean {
  if (method === "GET" || method === "HEAD") return false;
  return !(method === "POST" && action?.toLowerCase().startsWith("list"));
}
