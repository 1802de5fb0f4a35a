import type { WireReply, WireRequest } from "../service.ts";
import { carriesKey } from "./keys.ts";
import type { AppKeys } from "./keys.ts";
import { parseRoute } from "./route.ts";
import type { Route, RouteParams } from "./route.ts";
import type { InvocationResponse, RpcHttpCookie, RpcHttpData, RpcTypedData } from "./rpc.ts";
import type { Trigger } from "./triggers.ts";

export type HttpTrigger = Extract<Trigger, { type: "httpTrigger" }>;

export interface HttpRoutesDeps {
  readonly triggers: readonly HttpTrigger[];
  readonly routePrefix: string;
  readonly keys: AppKeys;
  readonly url: () => string;
  /** Rejects when the function throws. */
  readonly invoke: (trigger: HttpTrigger, data: RpcTypedData) => Promise<InvocationResponse>;
}

/** `/api/<route>` of the HTTP functions: undefined when none of them has the path and the method. */
export function createHttpRoutes(
  deps: HttpRoutesDeps,
): (request: WireRequest) => Promise<WireReply | undefined> {
  const routes = deps.triggers
    .map((trigger) => ({ trigger, route: parseRoute(`${deps.routePrefix}/${trigger.route}`) }))
    .toSorted((a, b) => b.route.literals - a.route.literals);
  return async (request) => {
    const found = find(routes, request);
    if (!found) return undefined;
    if (!isAllowed(found.trigger, request, deps.keys)) return { status: 401 };
    const http = toRpcHttp(request, deps.url(), found.params);
    try {
      return fromRpcHttp(await deps.invoke(found.trigger, { http }));
    } catch {
      return { status: 500 };
    }
  };
}

function find(
  routes: readonly { readonly trigger: HttpTrigger; readonly route: Route }[],
  request: WireRequest,
): { readonly trigger: HttpTrigger; readonly params: RouteParams } | undefined {
  for (const { trigger, route } of routes) {
    const params = trigger.methods.includes(request.method) ? route.match(request.path) : undefined;
    if (params) return { trigger, params };
  }
  return undefined;
}

function isAllowed({ authLevel }: HttpTrigger, request: WireRequest, keys: AppKeys): boolean {
  if (authLevel === "anonymous") return true;
  const accepted = authLevel === "admin" ? [keys.masterKey] : [keys.functionKey, keys.masterKey];
  return carriesKey(request, accepted);
}

function toRpcHttp(request: WireRequest, url: string, params: RouteParams): RpcHttpData {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  const query = new URLSearchParams([...request.query]).toString();
  return {
    method: request.method,
    url: `${url}${encodeURI(request.path)}${query === "" ? "" : `?${query}`}`,
    headers: Object.fromEntries(headers),
    query: Object.fromEntries(request.query),
    params,
    ...(request.body.length === 0 ? {} : { body: { bytes: request.body } }),
  };
}

function fromRpcHttp({ returnValue }: InvocationResponse): WireReply {
  const http = returnValue?.http;
  // A function that returns nothing answers 204, as the host does.
  if (!http) return { status: 204 };
  const cookies = (http.cookies ?? []).map(renderCookie);
  return {
    status: Number(http.statusCode ?? 200),
    headers: {
      ...http.headers,
      ...(cookies.length === 0 ? {} : { "set-cookie": cookies.join(", ") }),
    },
    body: bodyOf(http.body),
  };
}

function bodyOf(data: RpcTypedData | null | undefined): Buffer {
  if (data?.bytes) return Buffer.from(data.bytes);
  return Buffer.from(data?.string ?? data?.json ?? "");
}

function renderCookie(cookie: RpcHttpCookie): string {
  const { name, value, path, domain, maxAge, secure, httpOnly } = cookie;
  return [
    `${name}=${value}`,
    ...(domain?.value === undefined ? [] : [`Domain=${domain.value}`]),
    ...(path?.value === undefined ? [] : [`Path=${path.value}`]),
    ...(maxAge?.value === undefined ? [] : [`Max-Age=${maxAge.value}`]),
    ...(secure?.value ? ["Secure"] : []),
    ...(httpOnly?.value ? ["HttpOnly"] : []),
  ].join("; ");
}
