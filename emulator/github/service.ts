import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Environment, Service, WireReply, WireRequest } from "../service.ts";
import type { Call, Caller } from "./call.ts";
import { verifyAppJwt } from "./apps.ts";
import { createControl } from "./control.ts";
import { GitHubError, notFound } from "./errors.ts";
import { type Actor, fullName, type Hub } from "./hub.ts";
import { countContent, countRequest, createRateLimits } from "./limits.ts";
import { renderPage } from "./pages.ts";
import { findRepository, findToken, requireOneOf } from "./permissions.ts";
import { callersRate, rateKey } from "./rate-limit.ts";
import { findRoute, type Match } from "./router.ts";

/** github.com has the API at its root, GitHub Enterprise Server below /api/v3: both are answered. */
const prefix = /^\/github(?:\/api\/v3)?(?=\/|$)/i;
const apiVersion = "2022-11-28";

export interface GitHub {
  readonly service: Service;
  readonly control: Service;
  close(): Promise<void>;
}

/** A stateful GitHub whose commits are real: bare git repositories below the environment's folder. */
export function createGitHub(environment: Environment): GitHub {
  const hub = createHub(environment);
  const inTurn = oneAtATime();
  return {
    service: {
      handle: (request) => {
        const base = prefix.exec(request.path)?.[0];
        return base === undefined
          ? undefined
          : inTurn(() => answer(environment, hub, request, base));
      },
    },
    control: createControl(environment, hub, inTurn),
    close: () => inTurn(async () => {}),
  };
}

function createHub(environment: Environment): Hub {
  const actors = new Map<string, Actor>();
  let lastId = 1_000;
  const nextId = (): number => {
    lastId += 1;
    return lastId;
  };
  const actor = (login: string): Actor => {
    const known = actors.get(login.toLowerCase());
    if (known !== undefined) return known;
    const fresh = { login, id: nextId() };
    actors.set(login.toLowerCase(), fresh);
    return fresh;
  };
  return {
    now: () => environment.pacer.now(),
    nextId,
    actor,
    actors,
    tokens: new Map(),
    apps: new Map(),
    repositories: new Map(),
    limits: createRateLimits(() => environment.pacer.factor),
    directory: join(environment.directory, "github"),
  };
}

export type InTurn = <T>(task: () => Promise<T>) => Promise<T>;

/** Requests read, decide and write over several awaits: one after the other is their transaction. */
function oneAtATime(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task);
    last = next.catch(() => undefined);
    return next;
  };
}

async function answer(
  environment: Environment,
  hub: Hub,
  request: WireRequest,
  base: string,
): Promise<WireReply> {
  const path = request.path.slice(base.length);
  const method = request.method === "HEAD" ? "GET" : request.method;
  const match = findRoute(method, path.replace(/^\//, "").replace(/\/$/, ""));
  const origin = environment.origin() + base.toLowerCase();
  const page = match === undefined && method === "GET" ? await renderPage(hub, path) : undefined;
  if (page !== undefined) return page;
  let caller: Caller = { kind: "anonymous" };
  let reply: WireReply;
  try {
    caller = authenticate(hub, request);
    countRequest(hub.limits, rateKey({ caller }), hub.now());
    reply = await dispatch(hub, request, { path, base: origin, caller, match });
  } catch (error) {
    reply = refusal(error);
  }
  record(environment, request, { match, caller, status: reply.status });
  return finish(hub, request, caller, reply);
}

function authenticate(hub: Hub, request: WireRequest): Caller {
  const [scheme, credential] = (request.headers.authorization ?? "").split(" ", 2);
  if (scheme === "" || scheme === undefined) return { kind: "anonymous" };
  if (credential === undefined) throw new GitHubError(401, "Bad credentials");
  if (/^basic$/i.test(scheme)) {
    const password = Buffer.from(credential, "base64").toString("utf8").split(":")[1];
    return findToken(hub, password ?? "");
  }
  return credential.split(".").length === 3
    ? { kind: "app", app: verifyAppJwt(hub, credential) }
    : findToken(hub, credential);
}

async function dispatch(
  hub: Hub,
  request: WireRequest,
  found: Pick<Call, "path" | "base" | "caller"> & { readonly match: Match | undefined },
): Promise<WireReply> {
  const { match, ...rest } = found;
  if (match === undefined) throw notFound();
  const { route, params } = match;
  const { query, headers } = request;
  const call: Call = { hub, ...rest, params, query, headers, body: undefined };
  if (route.scope === "root") return route.answer({ ...call, body: parseJson(request.body) });
  const { owner = "", repo = "" } = params;
  const repository = findRepository(hub, found.caller, owner, repo);
  requireOneOf(found.caller, repository, route.needs);
  if (route.method !== "GET") countContent(hub.limits, rateKey(found), hub.now());
  const url = `${found.base}/repos/${fullName(repository)}`;
  return route.answer({ ...call, repository, url, body: parseJson(request.body) });
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new GitHubError(400, "Problems parsing JSON");
  }
}

function refusal(error: unknown): WireReply {
  if (error instanceof GitHubError) {
    return { status: error.status, headers: error.headers, body: error.body() };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { status: 500, body: { message: `Server Error: ${message}` } };
}

function record(
  environment: Environment,
  request: WireRequest,
  outcome: {
    readonly match: Match | undefined;
    readonly caller: Caller;
    readonly status: number;
  },
): void {
  const { match, caller, status } = outcome;
  environment.audit.record({
    service: "github",
    method: request.method,
    operation: match?.operation ?? `${request.method} unknown`,
    path: request.path,
    status,
    principal: nameOf(caller),
    write: !["GET", "HEAD", "OPTIONS"].includes(request.method),
  });
}

function nameOf(caller: Caller): string | undefined {
  if (caller.kind === "token") return caller.token.actor.login;
  return caller.kind === "app" ? caller.app.slug : undefined;
}

/** Headers of every answer; a GET that the caller knows already is a 304. */
function finish(hub: Hub, request: WireRequest, caller: Caller, reply: WireReply): WireReply {
  const rate = callersRate({ hub, caller });
  const common = {
    "content-type": "application/json; charset=utf-8",
    "x-github-request-id": randomUUID(),
    "x-github-media-type": "github.v3; format=json",
    "x-github-api-version-selected": apiVersion,
    "x-ratelimit-limit": String(rate.limit),
    "x-ratelimit-remaining": String(rate.remaining),
    "x-ratelimit-used": String(rate.used),
    "x-ratelimit-reset": String(rate.reset),
    "x-ratelimit-resource": "core",
  };
  const { "content-type": _type, ...bodiless } = common;
  if (reply.body === undefined) return { ...reply, headers: { ...bodiless, ...reply.headers } };
  const headers = { ...common, ...reply.headers };
  const reading = request.method === "GET" || request.method === "HEAD";
  if (!reading || reply.status !== 200) return { ...reply, headers };
  const etag = etagOf(reply);
  const private60 = { etag, "cache-control": "private, max-age=60, s-maxage=60" };
  const known = (request.headers["if-none-match"] ?? "").split(/,\s*/);
  return known.includes(etag)
    ? { status: 304, headers: { ...bodiless, ...private60 } }
    : { ...reply, headers: { ...headers, ...private60 } };
}

function etagOf(reply: WireReply): string {
  const { body, headers } = reply;
  const bytes = Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body);
  const hash = createHash("sha256")
    .update(bytes)
    .update(headers?.["link"] ?? "")
    .digest("hex");
  return `W/"${hash}"`;
}
