import { objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { ArmRequest, ResourceProvider } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound, unknownType } from "../arm/refusal.ts";
import { ResourceStore } from "../arm/store.ts";
import type { StoredResource } from "../arm/store.ts";
import { guidFrom } from "../guid.ts";
import type { Environment, WireReply } from "../service.ts";

const IDENTITIES = "userassignedidentities";
const CREDENTIALS = "federatedidentitycredentials";
/** Source: learn.microsoft.com, limits of federated identity credentials */
const MAX_CREDENTIALS = 20;

/**
 * `Microsoft.ManagedIdentity/userAssignedIdentities` with their federated credentials, kept as they are written, for
 * clusters to name them. Nobody signs in as one: who does is a principal of the scenario.
 * Source: https://learn.microsoft.com/rest/api/managedidentity
 */
export function createManagedIdentityProvider(environment: Environment): ResourceProvider {
  const store = new ResourceStore();
  return {
    namespace: "Microsoft.ManagedIdentity",
    handle: (request) => serve({ environment, store }, request),
    deleteGroup(subscription, resourceGroup) {
      store.deleteTree(`/subscriptions/${subscription}/resourceGroups/${resourceGroup}`);
    },
  };
}

interface Kept {
  readonly environment: Environment;
  readonly store: ResourceStore;
}

function serve(kept: Kept, request: ArmRequest): WireReply {
  const [[type, name] = [""], child] = request.segments;
  if (type !== IDENTITIES || (child && child[0] !== CREDENTIALS))
    throw unknownType("Microsoft.ManagedIdentity", request);
  if (name === undefined) return list(kept, request);
  const id = identityId(request, name);
  if (!child) return serveOne(kept, request, { id, render: (one) => identityBody(kept, one) });
  const identity = kept.store.get(id);
  if (!identity) throw notFound(id);
  const all = kept.store.under(identity.id);
  if (child[1] === undefined) {
    return { status: 200, body: { value: all.map(credentialBody) } };
  }
  const isNew = request.method === "PUT" && !kept.store.get(`${id}/${CREDENTIALS}/${child[1]}`);
  if (isNew && all.length >= MAX_CREDENTIALS) {
    throw invalid(`An identity has at most ${MAX_CREDENTIALS} federated credentials.`);
  }
  if (request.method === "PUT") requireCredential(request.body);
  return serveOne(kept, request, {
    id: `${id}/${CREDENTIALS}/${child[1]}`,
    render: credentialBody,
  });
}

function list({ environment, store }: Kept, request: ArmRequest): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const { subscription, resourceGroup } = request;
  const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`;
  const found = store.under(`/subscriptions/${subscription}${group}`);
  const identities = found.filter(({ id }) => !id.toLowerCase().includes(`/${CREDENTIALS}/`));
  const value = identities.map((one) => identityBody({ environment, store }, one));
  return { status: 200, body: { value } };
}

interface One {
  readonly id: string;
  readonly render: (resource: StoredResource) => JsonObject;
}

function serveOne(
  { environment, store }: Kept,
  request: ArmRequest,
  { id, render }: One,
): WireReply {
  const before = store.get(id);
  const write = (body: JsonObject): StoredResource =>
    store.put({ id, body, at: environment.pacer.now(), by: request.principal.objectId });
  switch (request.method) {
    case "GET":
      if (!before) throw notFound(id);
      return { status: 200, body: render(before) };
    case "PUT":
      return { status: before ? 200 : 201, body: render(write(request.body)) };
    case "PATCH":
      if (!before) throw notFound(id);
      return { status: 200, body: render(write({ ...before.body, ...request.body })) };
    case "DELETE":
      store.deleteTree(id);
      return { status: before ? 200 : 204 };
    default:
      throw methodNotAllowed(request.method);
  }
}

function identityId({ subscription, resourceGroup = "" }: ArmRequest, name: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

function identityBody({ environment }: Kept, { id, name, body }: StoredResource): JsonObject {
  return {
    ...body,
    id,
    name,
    type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    properties: {
      ...objectAt(body, "properties"),
      tenantId: environment.tenant,
      principalId: guidFrom(`principal of ${id}`),
      clientId: guidFrom(`client of ${id}`),
    },
  };
}

function credentialBody({ id, name, body }: StoredResource): JsonObject {
  const type = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
  return {
    id: id.replace(CREDENTIALS, "federatedIdentityCredentials"),
    name,
    type,
    properties: objectAt(body, "properties"),
  };
}

function requireCredential(body: JsonObject): void {
  const properties = objectAt(body, "properties");
  const missing = ["issuer", "subject"].filter((key) => textAt(properties, key) === undefined);
  if (missing.length > 0) throw invalid(`properties.${missing.join(", ")} must be given.`);
  if (!Array.isArray(properties["audiences"]))
    throw invalid("properties.audiences must be a list.");
}
