/** Where a local Azure listens, as far as a shell needs it. */
export interface Endpoints {
  readonly arm: string;
  readonly authority: string;
  readonly ca: string;
  readonly msi: string;
  readonly github: string;
  readonly control: string;
}

/** Settings by which Fleetwright, the JS SDKs, the Azure CLI and curl find it, to be sourced by a shell. */
export function shellSettings(endpoints: Endpoints): string {
  const { arm, authority, ca, msi, github, control } = endpoints;
  const settings = {
    AZURE_RESOURCE_MANAGER_ENDPOINT: arm,
    AZURE_AUTHORITY_HOST: new URL(authority).origin,
    NODE_EXTRA_CA_CERTS: ca,
    // Python's, and so the Azure CLI's; then curl's.
    REQUESTS_CA_BUNDLE: ca,
    CURL_CA_BUNDLE: ca,
    IDENTITY_ENDPOINT: msi,
    IDENTITY_HEADER: "local",
    // The Azure CLI's name for it.
    MSI_ENDPOINT: msi,
    GITHUB_API_URL: github,
    LOCAL_AZURE_CONTROL: control,
  };
  return Object.entries(settings)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join("");
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
