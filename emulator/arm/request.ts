import type { FeaturesTarget } from "./features.ts";

/** What an ARM path asks for. */
export type ArmTarget =
  | { readonly kind: "metadata" }
  | { readonly kind: "tenants" }
  | TenantProviderTarget
  | { readonly kind: "subscriptions" }
  | { readonly kind: "subscription"; readonly subscription: string }
  | { readonly kind: "locations"; readonly subscription: string }
  | {
      readonly kind: "providers";
      readonly subscription: string;
      readonly namespace: string | undefined;
      /** A POST may (un)register a namespace. */
      readonly action: string | undefined;
    }
  | {
      readonly kind: "resources";
      readonly subscription: string;
      readonly resourceGroup: string | undefined;
    }
  | { readonly kind: "resourceGroups"; readonly subscription: string }
  | TagNamesTarget
  | ({ readonly kind: "features" } & FeaturesTarget)
  | {
      readonly kind: "resourceGroup";
      readonly subscription: string;
      readonly name: string;
      /** Such as `exportTemplate`; of a POST. */
      readonly action: string | undefined;
    }
  | OperationTarget
  | ResourceTarget
  | { readonly kind: "unknown" };

/** `/providers[/{namespace}[/operations | /topicTypes/…]]`: what is the same in every subscription. */
export interface TenantProviderTarget {
  readonly kind: "tenantProvider";
  readonly namespace: string | undefined;
  readonly rest: readonly string[];
}

/** `tagNames[/{name}[/tagValues/{value}]]`: the older way to tags. */
export interface TagNamesTarget {
  readonly kind: "tagNames";
  readonly subscription: string;
  readonly name: string | undefined;
  readonly value: string | undefined;
}

export interface OperationTarget {
  readonly kind: "operation" | "operationResult";
  readonly subscription: string;
  readonly id: string;
}

export interface ResourceTarget {
  readonly kind: "resource";
  readonly subscription: string;
  readonly resourceGroup: string | undefined;
  /** In the caller's case; so are the types. */
  readonly namespace: string;
  readonly segments: readonly (readonly [type: string, name: string | undefined])[];
  readonly action: string | undefined;
  readonly scope: string | undefined;
}

const UNKNOWN: ArmTarget = { kind: "unknown" };

/** Takes an ARM path apart. Keywords compare without case; names keep the caller's. */
export function parseArmPath(path: string, method: string): ArmTarget {
  const parts = path.split("/").filter((part) => part !== "");
  const [first, subscription, keyword, ...rest] = parts;
  switch (first?.toLowerCase()) {
    case "metadata":
      return subscription?.toLowerCase() === "endpoints" ? { kind: "metadata" } : UNKNOWN;
    case "tenants":
      return parts.length === 1 ? { kind: "tenants" } : UNKNOWN;
    case "providers": {
      const [namespace, ...below] = parts.slice(1);
      return { kind: "tenantProvider", namespace, rest: below };
    }
    case "subscriptions":
      if (subscription === undefined) return { kind: "subscriptions" };
      if (keyword === undefined) return { kind: "subscription", subscription };
      return parseBelowSubscription(subscription, keyword, rest, method);
    default:
      return UNKNOWN;
  }
}

function parseBelowSubscription(
  subscription: string,
  keyword: string,
  rest: readonly string[],
  method: string,
): ArmTarget {
  switch (keyword.toLowerCase()) {
    case "locations":
      return rest.length === 0 ? { kind: "locations", subscription } : UNKNOWN;
    case "resources":
      return rest.length === 0 ? resourcesOf(subscription, undefined) : UNKNOWN;
    case "tagnames":
      return parseTagNames(subscription, rest);
    case "providers":
      if (rest[0]?.toLowerCase() === "microsoft.features") {
        return parseFeatures(subscription, rest.slice(1));
      }
      return parseProvider({ subscription, resourceGroup: undefined, rest, method });
    case "resourcegroups": {
      const [name, providers, ...below] = rest;
      if (name === undefined) return { kind: "resourceGroups", subscription };
      const kind = "resourceGroup";
      if (providers === undefined) return { kind, subscription, name, action: undefined };
      if (providers.toLowerCase() === "resources" && below.length === 0) {
        return resourcesOf(subscription, name);
      }
      if (providers.toLowerCase() === "providers") {
        return parseProvider({ subscription, resourceGroup: name, rest: below, method });
      }
      // The older way to deployments, on which their operations are still listed.
      if (providers.toLowerCase() === "deployments" && below.length > 0) {
        const rest = ["Microsoft.Resources", providers, ...below];
        return parseProvider({ subscription, resourceGroup: name, rest, method });
      }
      if (method !== "POST" || below.length > 0) return UNKNOWN;
      return { kind, subscription, name, action: providers };
    }
    default:
      return UNKNOWN;
  }
}

function parseTagNames(subscription: string, rest: readonly string[]): ArmTarget {
  const [name, tagValues, value, ...more] = rest;
  const isValue = tagValues?.toLowerCase() === "tagvalues" && value !== undefined;
  if (more.length > 0 || (tagValues !== undefined && !isValue)) return UNKNOWN;
  return { kind: "tagNames", subscription, name, value };
}

function resourcesOf(subscription: string, resourceGroup: string | undefined): ArmTarget {
  return { kind: "resources", subscription, resourceGroup };
}

const REGISTRATION = "subscriptionfeatureregistrations";

/**
 * `features`, `providers/{namespace}/features`, `providers/{namespace}/features/{name}[/register]`; and
 * the newer `[featureProviders/{namespace}/]subscriptionFeatureRegistrations[/{name}]`.
 */
function parseFeatures(subscription: string, rest: readonly string[]): ArmTarget {
  const kind = "features";
  const [first, namespace, features, name, action, ...more] = rest;
  const all = first?.toLowerCase() ?? "";
  if ([kind, REGISTRATION].includes(all) && namespace === undefined) {
    const isRegistration = all === REGISTRATION;
    return { kind, subscription, namespace, name: undefined, action: undefined, isRegistration };
  }
  if (
    all === "featureproviders" &&
    features?.toLowerCase() === REGISTRATION &&
    action === undefined
  ) {
    return { kind, subscription, namespace, name, action, isRegistration: true };
  }
  const isFeature = all === "providers" && features?.toLowerCase() === kind;
  if (!isFeature || more.length > 0) return UNKNOWN;
  const isRegistration = false;
  return { kind, subscription, namespace, name, action: action?.toLowerCase(), isRegistration };
}

const REGISTRATIONS = new Set(["register", "unregister"]);

interface ProviderPath {
  readonly subscription: string;
  readonly resourceGroup: string | undefined;
  /** What follows `providers/`. */
  readonly rest: readonly string[];
  readonly method: string;
}

function parseProvider({ subscription, resourceGroup, rest, method }: ProviderPath): ArmTarget {
  const nested = rest.findLastIndex((part) => part.toLowerCase() === "providers");
  const [namespace, ...parts] = nested < 0 ? rest : rest.slice(nested + 1);
  const isRegistration =
    method === "POST" && parts.length === 1 && REGISTRATIONS.has(parts[0]?.toLowerCase() ?? "");
  if (namespace === undefined || parts.length === 0 || isRegistration) {
    return resourceGroup === undefined && nested < 0
      ? { kind: "providers", subscription, namespace, action: parts[0] }
      : UNKNOWN;
  }
  const operation = parseOperation(subscription, parts);
  if (operation) return operation;
  const isAction = method === "POST" && parts.length % 2 === 1 && parts.length > 1;
  const named = isAction ? parts.slice(0, -1) : parts;
  return {
    kind: "resource",
    subscription,
    resourceGroup,
    namespace,
    segments: pairs(named),
    action: isAction ? parts.at(-1) : undefined,
    scope: nested < 0 ? undefined : scopeId(subscription, resourceGroup, rest.slice(0, nested)),
  };
}

function parseOperation(subscription: string, parts: readonly string[]): ArmTarget | undefined {
  const [locations, , kind, id] = parts;
  if (locations?.toLowerCase() !== "locations" || id === undefined) return undefined;
  if (kind?.toLowerCase() === "operations") return { kind: "operation", subscription, id };
  if (kind?.toLowerCase() === "operationresults") {
    return { kind: "operationResult", subscription, id };
  }
  return undefined;
}

function pairs(parts: readonly string[]): (readonly [string, string | undefined])[] {
  const types = parts.filter((_, index) => index % 2 === 0);
  return types.map((type, index) => [type, parts[index * 2 + 1]] as const);
}

function scopeId(
  subscription: string,
  resourceGroup: string | undefined,
  parts: readonly string[],
): string {
  const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`;
  return `/subscriptions/${subscription}${group}/providers/${parts.join("/")}`;
}
