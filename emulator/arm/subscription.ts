import type { JsonObject } from "./json.ts";

const LOCATIONS = [
  "westeurope",
  "northeurope",
  "germanywestcentral",
  "francecentral",
  "uksouth",
  "swedencentral",
  "eastus",
  "eastus2",
  "westus2",
  "westus3",
  "centralus",
  "southeastasia",
  "australiaeast",
];
const NAMESPACES = ["Microsoft.ContainerService", "Microsoft.EventGrid", "Microsoft.Resources"];

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

export function providerBodies(subscription: string): readonly JsonObject[] {
  return NAMESPACES.map((namespace) => ({
    id: `/subscriptions/${subscription}/providers/${namespace}`,
    namespace,
    registrationState: "Registered",
    resourceTypes: [],
  }));
}

/** What tools ask for before they sign in to a private cloud. */
export function metadataBody(origin: string): JsonObject {
  return {
    galleryEndpoint: `${origin}/gallery`,
    graphEndpoint: `${origin}/graph`,
    portalEndpoint: `${origin}/portal`,
    authentication: {
      loginEndpoint: `${origin}/adfs`,
      audiences: [origin, "https://management.core.windows.net/", "https://management.azure.com/"],
    },
  };
}
