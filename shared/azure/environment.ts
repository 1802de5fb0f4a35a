/** What the process environment says about the cloud it runs in. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PUBLIC_ARM = "https://management.azure.com";
const PUBLIC_AUTHORITY = "https://login.microsoftonline.com";

/** Authorities that Microsoft's instance discovery knows; any other one must not be looked up there. */
const DISCOVERABLE = new Set([
  "login.microsoftonline.com",
  "login.microsoftonline.us",
  "login.partner.microsoftonline.cn",
  "login.chinacloudapi.cn",
]);

/** Azure Resource Manager of this cloud, without a trailing slash; it is also the token's audience. */
export function armEndpoint(env: Environment): string {
  return withoutSlash(env["AZURE_RESOURCE_MANAGER_ENDPOINT"] || PUBLIC_ARM);
}

/** Microsoft Entra of this cloud, without a trailing slash. */
export function authorityHost(env: Environment): string {
  const host = env["AZURE_AUTHORITY_HOST"] || PUBLIC_AUTHORITY;
  return withoutSlash(host.includes("://") ? host : `https://${host}`);
}

export function isPublicAuthority(authority: string): boolean {
  return DISCOVERABLE.has(new URL(authority).hostname);
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
