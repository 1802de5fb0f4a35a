import type { ControlService, Service, WireReply, WireRequest } from "../service.ts";
import type { Call, Caller } from "./call.ts";
import { createControl } from "./control.ts";
import { GitHubError, notFound } from "./errors.ts";
import { createHub, fullName, type GitHubEnvironment, type Hub } from "./hub.ts";
import { countContent, countRequest } from "./limits.ts";
import { renderPage } from "./pages.ts";
import { authenticate, findRepository, requireOneOf } from "./permissions.ts";
import { rateKey } from "./rate-limit.ts";
import { finishReply } from "./reply-headers.ts";
import { findRoute, type Match } from "./router.ts";
import { oneAtATime } from "./turns.ts";

/** github.com has the API at its root, GitHub Enterprise Server below /api/v3: both are answered. */
const prefix = /^\/github(?:\/api\/v3)?(?=\/|$)/i;

export interface GitHub {
  readonly service: Service;
  readonly control: ControlService;
  close(): Promise<void>;
}

/** A stateful GitHub whose commits are real: bare git repositories below the environment's folder. */
export function createGitHub(environment: GitHubEnvironment): GitHub {
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

async function answer(
  environment: GitHubEnvironment,
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
  return finishReply(hub, request, caller, reply);
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
  environment: GitHubEnvironment,
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
