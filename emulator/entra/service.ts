import { randomUUID } from "node:crypto";
import type { Audit, Principal, Service, WireReply, WireRequest } from "../service.ts";
import type { OidcIssuer } from "./oidc-issuer.ts";
import { findIdentity } from "./principals.ts";
import type { Directory } from "./principals.ts";
import { decideTokenRequest } from "./token-request.ts";
import type { TokenDecision, TokenDenial } from "./token-request.ts";
import { normalizeAudience } from "./tokens.ts";
import type { EntraTokens } from "./tokens.ts";

export interface EntraOptions {
  readonly tenant: string;
  readonly directory: Directory;
  readonly tokens: EntraTokens;
  readonly oidc: OidcIssuer;
  readonly audit: Audit;
  readonly origin: () => string;
}

const DISCOVERY = "/.well-known/openid-configuration";

/**
 * Token endpoints: `/{tenant}/…` as the JS SDKs use them, `/adfs/…` for Azure CLI versions that can sign
 * in to a private cloud in no other way.
 */
export function createEntraService(options: EntraOptions): Service {
  return {
    handle(request) {
      const path = request.path.toLowerCase().replace(/\/+$/, "");
      const tenantPath = /^\/([0-9a-f-]{36})(\/.*)$/.exec(path);
      if (tenantPath)
        return tenantReply(options, request, tenantPath[1] ?? "", tenantPath[2] ?? "");
      if (path.startsWith("/adfs/")) return adfsReply(options, request, path);
      if (path === "/common/discovery/instance") return instanceReply(options, request);
      if (path === `/common/v2.0${DISCOVERY}` || path === `/organizations/v2.0${DISCOVERY}`) {
        const base = `${options.origin()}/${options.tenant}`;
        return { status: 200, body: discovery(base, "/oauth2/v2.0") };
      }
      return undefined;
    },
  };
}

/** MSAL asks an authority which hosts stand for it. */
function instanceReply(options: EntraOptions, request: WireRequest): WireReply {
  const { host } = new URL(options.origin());
  const asked = request.query.get("authorization_endpoint") ?? "";
  const tenant = /^https:\/\/[^/]+\/([^/]+)/.exec(asked)?.[1] ?? options.tenant;
  return {
    status: 200,
    body: {
      tenant_discovery_endpoint: `${options.origin()}/${tenant}/v2.0${DISCOVERY}`,
      "api-version": "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  };
}

const MANAGED_IDENTITY_PATHS = [
  "/msi/token",
  // A virtual machine's, for clients with AZURE_POD_IDENTITY_AUTHORITY_HOST.
  "/metadata/identity/oauth2/token",
];

/**
 * The managed identity endpoint over plain http: in the form of App Service (GET), the older one of Cloud
 * Shell (POST), and that of virtual machines.
 */
export function createManagedIdentityService(options: EntraOptions): Service {
  return {
    handle(request) {
      if (!MANAGED_IDENTITY_PATHS.includes(request.path.toLowerCase())) return undefined;
      return managedIdentityReply(options, request);
    },
  };
}

function tenantReply(
  options: EntraOptions,
  request: WireRequest,
  tenant: string,
  rest: string,
): WireReply | undefined {
  const base = `${options.origin()}/${tenant}`;
  switch (rest) {
    case `/v2.0${DISCOVERY}`:
    case DISCOVERY:
      return tenant === options.tenant.toLowerCase()
        ? { status: 200, body: discovery(base, "/oauth2/v2.0") }
        : denialReply(unknownTenant(tenant));
    case "/oauth2/v2.0/token":
    case "/oauth2/token":
      return tenant === options.tenant.toLowerCase()
        ? tokenReply(options, request)
        : denialReply(unknownTenant(tenant));
    case "/discovery/v2.0/keys":
      return { status: 200, body: { keys: [options.tokens.signingKey.jwk] } };
    default:
      return undefined;
  }
}

function adfsReply(
  options: EntraOptions,
  request: WireRequest,
  path: string,
): WireReply | undefined {
  const base = `${options.origin()}/adfs`;
  if (path.endsWith(DISCOVERY)) return { status: 200, body: discovery(base, "/oauth2") };
  if (path.endsWith("/oauth2/token")) return tokenReply(options, request);
  return undefined;
}

function discovery(base: string, endpoints: string): object {
  return {
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}${endpoints}/authorize`,
    token_endpoint: `${base}${endpoints}/token`,
    device_authorization_endpoint: `${base}${endpoints}/devicecode`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_types_supported: ["code", "id_token"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["ES256"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
    scopes_supported: ["openid"],
  };
}

function tokenReply(options: EntraOptions, request: WireRequest): WireReply {
  const form = new URLSearchParams(request.body.toString());
  const decision = decideTokenRequest(form, options.directory, options.oidc);
  record(options, request, decision);
  if ("denied" in decision) return denialReply(decision.denied);
  const { token, expiresIn } = issue(options, decision.granted, decision.audience);
  return {
    status: 200,
    headers: { "Cache-Control": "no-store" },
    body: {
      token_type: "Bearer",
      expires_in: expiresIn,
      ext_expires_in: expiresIn,
      access_token: token,
    },
  };
}

/** Client id, object id or ARM id, as the different endpoints call them. */
const ID_PARAMETERS = [
  "client_id",
  "clientid",
  "object_id",
  "principal_id",
  "mi_res_id",
  "msi_res_id",
];

/** By client id or object id; the last part of an ARM id is the name of the identity. */
function findManaged(directory: Directory, id: string): Principal | undefined {
  const wanted = id.toLowerCase();
  const name = wanted.startsWith("/subscriptions/") ? wanted.split("/").at(-1) : undefined;
  const found = directory.identities.find(
    ({ principal }) =>
      principal.objectId.toLowerCase() === wanted || principal.name.toLowerCase() === name,
  );
  return findIdentity(directory, id)?.principal ?? found?.principal;
}

function managedIdentityReply(options: EntraOptions, request: WireRequest): WireReply {
  const form = new URLSearchParams(request.body.toString());
  const asked = (name: string): string | undefined =>
    request.query.get(name) ?? form.get(name) ?? undefined;
  // Real endpoints want proof that the caller did not forge the request through a redirect.
  const { headers } = request;
  if (!headers["x-identity-header"] && !headers["secret"] && !headers["metadata"]) {
    const description = "The Metadata or X-IDENTITY-HEADER header is missing.";
    return { status: 400, body: { error: "invalid_request", error_description: description } };
  }
  const wanted = ID_PARAMETERS.map(asked).find((value) => value !== undefined && value !== "");
  const principal =
    wanted === undefined ? options.directory.managed : findManaged(options.directory, wanted);
  if (!principal) {
    const description = `No managed identity has the id '${wanted}'.`;
    return { status: 400, body: { error: "invalid_request", error_description: description } };
  }
  const resource = asked("resource") ?? "";
  record(options, request, { granted: principal, audience: resource });
  const { token, expiresIn } = issue(options, principal, resource);
  return {
    status: 200,
    body: {
      access_token: token,
      client_id: principal.clientId,
      expires_in: String(expiresIn),
      expires_on: String(Math.floor(Date.now() / 1_000) + expiresIn),
      resource,
      token_type: "Bearer",
    },
  };
}

function issue(
  options: EntraOptions,
  principal: Principal,
  audience: string,
): { readonly token: string; readonly expiresIn: number } {
  return options.tokens.issue(principal, normalizeAudience(audience));
}

function record(options: EntraOptions, request: WireRequest, decision: TokenDecision): void {
  options.audit.record({
    service: "entra",
    method: request.method,
    operation: `${request.method} token`,
    path: request.path,
    status: "denied" in decision ? decision.denied.status : 200,
    principal: "denied" in decision ? undefined : decision.granted.name,
    write: false,
  });
}

function unknownTenant(tenant: string): TokenDenial {
  const description = `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID.`;
  return { status: 400, error: "invalid_request", code: 90002, description };
}

function denialReply({ status, error, code, description }: TokenDenial): WireReply {
  const trace = randomUUID();
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${description} Trace ID: ${trace}`,
      error_codes: [code],
      timestamp: new Date().toISOString(),
      trace_id: trace,
      correlation_id: randomUUID(),
    },
  };
}
