import type { JsonObject } from "./json.ts";

/** From here on ARM describes all clouds that it knows, and from the later version on its own alone. */
const SINCE_LIST = "2018-05-01";
const SINCE_SINGLE = "2022-09-01";

/**
 * What tools ask for before they sign in to a private cloud. The oldest form is for `az cloud register`, the
 * list for `ARM_CLOUD_METADATA_URL`, the last for Terraform and newer tools, which take `loginEndpoint`
 * for an Entra authority; az can sign in to a private one as an ADFS alone.
 */
export function metadataBody(origin: string, apiVersion: string | undefined): object {
  if (apiVersion !== undefined && apiVersion >= SINCE_SINGLE) return cloud(origin, origin);
  const adfs = `${origin}/adfs`;
  if (apiVersion !== undefined && apiVersion >= SINCE_LIST) return [cloud(origin, adfs)];
  return {
    galleryEndpoint: `${origin}/gallery`,
    graphEndpoint: `${origin}/graph`,
    portalEndpoint: `${origin}/portal`,
    authentication: { loginEndpoint: adfs, audiences: audiences(origin) },
  };
}

/** az takes the first for the audience of its tokens. */
function audiences(origin: string): readonly string[] {
  return ["https://management.core.windows.net/", "https://management.azure.com/", origin];
}

function cloud(origin: string, loginEndpoint: string): JsonObject {
  return {
    name: "Fleetwright",
    portal: `${origin}/portal`,
    authentication: {
      loginEndpoint,
      audiences: audiences(origin),
      tenant: "common",
      identityProvider: loginEndpoint === origin ? "AAD" : "ADFS",
    },
    resourceManager: origin,
    graph: `${origin}/graph`,
    graphAudience: `${origin}/graph`,
    microsoftGraphResourceId: `${origin}/graph`,
    gallery: `${origin}/gallery`,
    batch: `${origin}/batch`,
    media: `${origin}/media`,
    sqlManagement: `${origin}/sql`,
    vmImageAliasDoc: `${origin}/aliases`,
    activeDirectoryDataLake: `${origin}/datalake`,
    logAnalyticsResourceId: `${origin}/loganalytics`,
    appInsightsResourceId: `${origin}/appinsights`,
    suffixes: {
      storage: "core.fleetwright.local",
      keyVaultDns: "vault.fleetwright.local",
      sqlServerHostname: "database.fleetwright.local",
      azureDataLakeStoreFileSystem: "datalakestore.fleetwright.local",
      azureDataLakeAnalyticsCatalogAndJob: "datalakeanalytics.fleetwright.local",
      acrLoginServer: "azurecr.fleetwright.local",
    },
  };
}
