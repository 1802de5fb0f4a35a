import { createVerify, randomBytes } from "node:crypto";
import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId, renderActor } from "./actor.ts";
import { atRoot, type Call, json, numberParam, param, readBody, type Route } from "./call.ts";
import { forbidden, GitHubError, notFound, unprocessable } from "./errors.ts";
import type { Access, App, Hub, Permissions, Token } from "./hub.ts";
import { repositoryKey } from "./hub.ts";

const installationTokenMinutes = 60;
/** GitHub refuses an App's JWT that lives longer. */
const MAX_JWT_SECONDS = 600;
/** Allowed difference between the signer's clock and ours. */
const clockDriftSeconds = 60;

export function renderApp(call: Call, app: App): object {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId("App", app.id),
    name: app.slug,
    owner: renderActor(call, call.hub.actor(app.slug)),
    description: null,
    external_url: "",
    html_url: `${call.base}/apps/${app.slug}`,
    permissions: app.permissions,
    events: app.events,
  };
}

/** The App that signed a JWT. Lifetimes are real time: the signer has no other clock. */
export function verifyAppJwt(hub: Hub, jwt: string): App {
  const [header, payload, signature] = jwt.split(".");
  const claims = parseClaims(payload);
  const app = hub.apps.get(Number(claims?.iss));
  if (claims === undefined || app === undefined || signature === undefined) {
    throw new GitHubError(401, "A JSON web token could not be decoded");
  }
  const verifier = createVerify("RSA-SHA256").update(`${header}.${payload}`);
  if (!verifier.verify(app.publicKeyPem, Buffer.from(signature, "base64url"))) {
    throw new GitHubError(401, "A JSON web token could not be decoded");
  }
  const now = Math.floor(Date.now() / 1_000);
  if (claims.exp <= now) {
    throw new GitHubError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (claims.exp > now + MAX_JWT_SECONDS + clockDriftSeconds) {
    throw new GitHubError(401, "'Expiration time' claim ('exp') is too far in the future");
  }
  return app;
}

const Claims = z.object({
  iss: z.union([z.string(), z.number()]),
  exp: z.number(),
});

function parseClaims(payload: string | undefined): z.output<typeof Claims> | undefined {
  try {
    const text = Buffer.from(payload ?? "", "base64url").toString("utf8");
    return Claims.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function issueToken(hub: Hub, prefix: "ghp" | "ghs", token: Token): string {
  const text = `${prefix}_${randomBytes(27).toString("base64url").replaceAll(/[-_]/g, "x")}`;
  hub.tokens.set(text, token);
  return text;
}

function requireCallingApp(call: Call): App {
  if (call.caller.kind === "app") return call.caller.app;
  throw new GitHubError(401, "A JSON web token could not be decoded");
}

const TokenRequest = z.object({
  repositories: z.array(z.string()).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
});

function createInstallationToken(call: Call): WireReply {
  const app = requireCallingApp(call);
  if (numberParam(call, "installation") !== app.installationId) throw notFound();
  if (app.isSuspended) throw new GitHubError(403, "This installation has been suspended");
  const input = readBody(call, TokenRequest);
  const permissions = narrow(app.accepted, input.permissions);
  const expiresAt = Date.now() + installationTokenMinutes * 60_000;
  const token = issueToken(call.hub, "ghs", {
    actor: call.hub.actor(`${app.slug}[bot]`),
    permissions,
    repositories: input.repositories?.map((name) => keyOf(call.hub, name)) ?? app.repositories,
    expiresAt,
    app,
  });
  return json(201, {
    token,
    expires_at: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z"),
    permissions,
    repository_selection: input.repositories === undefined ? "all" : "selected",
  });
}

function keyOf(hub: Hub, name: string): string {
  const found = [...hub.repositories].find(
    ([, repository]) => repository.name.toLowerCase() === name.toLowerCase(),
  );
  if (found === undefined) {
    throw unprocessable(
      "There is at least one repository that does not exist or is not accessible",
    );
  }
  return found[0];
}

function narrow(
  granted: Permissions,
  wanted: Readonly<Record<string, Access>> | undefined,
): Permissions {
  if (wanted === undefined) return granted;
  const known: Readonly<Record<string, Access | undefined>> = granted;
  for (const [name, access] of Object.entries(wanted)) {
    if (known[name] !== "write" && known[name] !== access) {
      throw unprocessable("The permissions requested are not granted to this installation.");
    }
  }
  return wanted;
}

function renderInstallation(call: Call, app: App): object {
  return {
    id: app.installationId,
    app_id: app.id,
    app_slug: app.slug,
    account: null,
    repository_selection: app.repositories === undefined ? "all" : "selected",
    access_tokens_url: `${call.base}/app/installations/${app.installationId}/access_tokens`,
    html_url: `${call.base}/settings/installations/${app.installationId}`,
    permissions: app.accepted,
    events: app.events,
    suspended_at: app.isSuspended ? new Date(0).toISOString() : null,
  };
}

function repositoryInstallation(call: Call): WireReply {
  const app = requireCallingApp(call);
  const key = repositoryKey(param(call, "owner"), param(call, "repo"));
  const installed = app.repositories?.includes(key) ?? true;
  if (!installed || !call.hub.repositories.has(key)) throw notFound();
  return json(200, renderInstallation(call, app));
}

function callingUser(call: Call): WireReply {
  if (call.caller.kind !== "token") throw new GitHubError(401, "Requires authentication");
  if (call.caller.token.permissions !== undefined) throw forbidden();
  return json(200, renderActor(call, call.caller.token.actor));
}

export const appRoutes: readonly Route[] = [
  atRoot("GET", "app", (call) => json(200, renderApp(call, requireCallingApp(call)))),
  atRoot("GET", "app/installations", (call) =>
    json(200, [renderInstallation(call, requireCallingApp(call))]),
  ),
  atRoot("POST", "app/installations/{installation}/access_tokens", createInstallationToken),
  atRoot("GET", "repos/{owner}/{repo}/installation", repositoryInstallation),
  atRoot("GET", "user", callingUser),
  atRoot("GET", "users/{login}", (call) => {
    const actor = call.hub.actors.get(param(call, "login").toLowerCase());
    if (actor === undefined) throw notFound();
    return json(200, renderActor(call, actor));
  }),
];
