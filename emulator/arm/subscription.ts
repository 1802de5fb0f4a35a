import { LOCATIONS } from "../regions.ts";
import type { JsonObject } from "./json.ts";

/** Types below a resource group, in the case of the documents, with those below them. */
export const TRACKED_TYPES: Readonly<Record<string, readonly string[]>> = {
  "Microsoft.ContainerService": ["managedClusters", "snapshots", "fleets"],
  "Microsoft.EventGrid": ["topics", "systemTopics"],
  "Microsoft.ManagedIdentity": ["userAssignedIdentities"],
  "Microsoft.Network": ["virtualNetworks"],
};
const CHILD_TYPES: Readonly<Record<string, readonly string[]>> = {
  "Microsoft.ContainerService": [
    "managedClusters/agentPools",
    "fleets/members",
    "fleets/updateRuns",
    "fleets/updateStrategies",
    "fleets/gates",
    "fleets/autoUpgradeProfiles",
  ],
  "Microsoft.EventGrid": ["eventSubscriptions"],
  "Microsoft.ManagedIdentity": ["userAssignedIdentities/federatedIdentityCredentials"],
  "Microsoft.Network": ["virtualNetworks/subnets"],
  "Microsoft.Compute": ["locations/usages", "locations/vmSizes", "skus"],
  "Microsoft.Resources": ["deployments", "resourceGroups", "tags"],
  "Microsoft.Authorization": ["roleAssignments", "roleDefinitions", "permissions", "locks"],
  "Microsoft.Features": ["features"],
  "Microsoft.ResourceGraph": ["resources"],
};
/** Newest first: generic tools take the first that is no preview. */
const API_VERSIONS = ["2026-06-01", "2026-04-01", "2025-03-01", "2022-11-01"];

export function subscriptionBody(subscription: string, tenant: string): JsonObject {
  return {
    id: `/subscriptions/${subscription}`,
    subscriptionId: subscription,
    tenantId: tenant,
    displayName: "Fleetwright local Azure",
    state: "Enabled",
    subscriptionPolicies: { spendingLimit: "Off" },
    authorizationSource: "RoleBased",
  };
}

export function locationBodies(subscription: string): readonly JsonObject[] {
  return LOCATIONS.map((name) => ({
    id: `/subscriptions/${subscription}/locations/${name}`,
    name,
    displayName: name,
    type: "Region",
    metadata: { regionType: "Physical" },
  }));
}

export function typesOfNamespace(namespace: string): readonly string[] {
  return [...(TRACKED_TYPES[namespace] ?? []), ...(CHILD_TYPES[namespace] ?? [])];
}

export function providerBodies(subscription: string): readonly JsonObject[] {
  return namespaceBodies().map((body) => ({
    ...body,
    id: `/subscriptions/${subscription}/providers/${String(body["namespace"])}`,
    registrationPolicy: "RegistrationRequired",
    registrationState: "Registered",
  }));
}

/** Providers as the tenant sees them: nobody has registered there. */
export function namespaceBodies(): readonly JsonObject[] {
  return Object.keys(CHILD_TYPES).map((namespace) => ({
    id: `/providers/${namespace}`,
    namespace,
    resourceTypes: resourceTypeBodies(namespace),
  }));
}

/** `[]` for a namespace that is not here. */
export function resourceTypeBodies(namespace: string): readonly JsonObject[] {
  const wanted = namespace.toLowerCase();
  const known = Object.keys(CHILD_TYPES).find((one) => one.toLowerCase() === wanted) ?? "";
  return typesOfNamespace(known).map((resourceType) => ({
    resourceType,
    locations: LOCATIONS,
    apiVersions: API_VERSIONS,
    capabilities: "SupportsTags, SupportsLocation",
  }));
}
