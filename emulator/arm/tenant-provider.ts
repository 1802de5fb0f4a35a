import type { Principal, WireReply, WireRequest } from "../service.ts";
import type { JsonObject } from "./json.ts";
import { ArmError } from "./provider.ts";
import type { ResourceProvider } from "./provider.ts";
import { methodNotAllowed } from "./refusal.ts";
import type { TenantProviderTarget } from "./request.ts";
import { namespaceBodies, typesOfNamespace } from "./subscription.ts";

/** Types that a provider answers for the whole tenant. */
const TENANT_TYPES = new Set(["microsoft.eventgrid/topictypes"]);

export interface TenantCall {
  readonly request: WireRequest;
  readonly principal: Principal;
  readonly apiVersion: string;
}

/** Providers, their operations, and the few types that belong to no subscription. */
export function tenantProviderReply(
  providers: readonly ResourceProvider[],
  { namespace, rest }: TenantProviderTarget,
  { request, principal, apiVersion }: TenantCall,
): WireReply | Promise<WireReply> {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const all = namespaceBodies();
  if (namespace === undefined) return { status: 200, body: { value: all } };
  const known = namespace.toLowerCase();
  const body = all.find((one) => String(one["namespace"]).toLowerCase() === known);
  if (!body) {
    const message = `The resource namespace '${namespace}' is invalid.`;
    throw new ArmError(404, "InvalidResourceNamespace", message);
  }
  const [type = "", name, childType] = rest.map((part) => part.toLowerCase());
  if (rest.length === 0) return { status: 200, body };
  if (type === "operations" && rest.length === 1) {
    return { status: 200, body: { value: operationsOf(String(body["namespace"])) } };
  }
  if (`${known}/${type}` === "microsoft.authorization/provideroperations" && rest.length < 3) {
    return operationsByProvider(name);
  }
  const provider = providers.find((one) => one.namespace.toLowerCase() === known);
  if (!provider || !TENANT_TYPES.has(`${known}/${type}`) || rest.length > 3) {
    const message = `The resource type '${type}' could not be found in the namespace '${namespace}'.`;
    throw new ArmError(404, "InvalidResourceType", message);
  }
  const child = childType === undefined ? [] : [[childType, undefined] as const];
  return provider.handle({
    wire: request,
    method: "GET",
    apiVersion,
    subscription: "",
    resourceGroup: undefined,
    namespace: known,
    segments: [[type, name], ...child],
    action: undefined,
    scope: undefined,
    principal,
    body: {},
  });
}

/** `az provider operation list` and `show`: actions as roles name them. */
function operationsByProvider(wanted: string | undefined): WireReply {
  const value = namespaceBodies().map(({ namespace }) => metadataOf(String(namespace)));
  if (wanted === undefined) return { status: 200, body: { value } };
  const found = value.find(({ name }) => String(name).toLowerCase() === wanted);
  if (found) return { status: 200, body: found };
  throw new ArmError(404, "ProviderNotFound", `Provider '${wanted}' not found.`);
}

function metadataOf(namespace: string): JsonObject {
  return {
    id: `/providers/Microsoft.Authorization/providerOperations/${namespace}`,
    name: namespace,
    type: "Microsoft.Authorization/providerOperations",
    displayName: namespace,
    operations: [],
    resourceTypes: typesOfNamespace(namespace).map((resource) => ({
      name: resource,
      displayName: resource,
      operations: ["read", "write", "delete"].map((operation) => ({
        name: `${namespace}/${resource}/${operation}`,
        displayName: `${operation} ${resource}`,
        description: `${operation} ${resource}`,
        isDataAction: false,
      })),
    })),
  };
}

function operationsOf(namespace: string): readonly JsonObject[] {
  return typesOfNamespace(namespace).flatMap((resource) =>
    ["read", "write", "delete"].map((operation) => ({
      name: `${namespace}/${resource}/${operation}`,
      isDataAction: false,
      display: {
        provider: namespace,
        resource,
        operation,
        description: `${operation} ${resource}`,
      },
    })),
  );
}
