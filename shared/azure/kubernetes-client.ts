import { setTimeout as delay } from "node:timers/promises";
import { SECOND } from "../core/duration.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import { sendRequest } from "../http/web-request.ts";
import type { WebResponse } from "../http/web-request.ts";

interface ListQuery {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface KubernetesWrite {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body: unknown;
  readonly contentType?: string;
}

export interface KubernetesClient {
  get<T>(path: string): Promise<T>;
  /** Sent once: whether a refusal is worth another try, its caller knows. */
  write<T>(write: KubernetesWrite): Promise<T>;
  /** All items of a collection such as `/api/v1/nodes`, page by page. */
  list<T>(path: string, query?: ListQuery): Promise<readonly T[]>;
}

/** A Kubernetes API that answered, but not with what was asked for. */
export class KubernetesRefusal extends Error {
  readonly status: number;
  readonly reason: string;
  /** Sentences of `details.causes`, where the API says more than its message. */
  readonly causes: readonly string[];

  constructor(status: number, reason: string, message: string, causes: readonly string[] = []) {
    super(message);
    this.name = "KubernetesRefusal";
    this.status = status;
    this.reason = reason;
    this.causes = causes;
  }
}

/** The page size of kubectl. */
const PAGE_LIMIT = 500;
/** AKS allows 5,000 nodes and about 250 pods per node: 100 pages are more than any list we ask for. */
const MAX_PAGES = 100;
const MAX_TRIES = 3;
const MAX_RETRY_DELAY_MS = 5 * SECOND;
const RETRY_DELAY_MS = SECOND / 2;

interface Page<T> {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly T[];
}

/** The few calls that the product needs of a Kubernetes API: no watch, no generated client. */
export function createKubernetesClient(options: {
  readonly access: ClusterAccess;
  readonly bearerToken: () => Promise<string>;
  readonly timeoutMs: number;
}): KubernetesClient {
  const get = (path: string) => getWithRetry(() => send(options, { path }));
  return {
    get: async <T>(path: string) => (await get(path)) as T,
    async write<T>({ body, ...write }: KubernetesWrite) {
      const response = await send(options, { ...write, body: JSON.stringify(body) });
      if (response.status >= 300) throw toRefusal(response);
      return JSON.parse(response.body) as T;
    },
    async list<T>(path: string, query: ListQuery = {}) {
      const items: T[] = [];
      let next: string | undefined = "";
      for (let page = 0; next !== undefined; page++) {
        if (page === MAX_PAGES) throw new Error(`${path} has more than ${MAX_PAGES} pages`);
        const body = (await get(`${path}?${parameters(query, next)}`)) as Page<T>;
        items.push(...(body.items ?? []));
        next = body.metadata?.continue || undefined;
      }
      return items;
    },
  };
}

function parameters(query: ListQuery, next: string): URLSearchParams {
  const search = new URLSearchParams({ limit: String(PAGE_LIMIT) });
  if (query.labelSelector !== undefined) search.set("labelSelector", query.labelSelector);
  if (query.fieldSelector !== undefined) search.set("fieldSelector", query.fieldSelector);
  if (next !== "") search.set("continue", next);
  return search;
}

interface Outgoing {
  readonly path: string;
  readonly method?: "GET" | KubernetesWrite["method"];
  readonly body?: string;
  readonly contentType?: string;
}

async function send(
  options: Parameters<typeof createKubernetesClient>[0],
  { path, method = "GET", body, contentType = "application/json" }: Outgoing,
): Promise<WebResponse> {
  const { access, timeoutMs } = options;
  const { user } = access;
  const authorization = user.kind === "certificate" ? undefined : await options.bearerToken();
  return sendRequest({
    url: `${access.server.replace(/\/+$/, "")}${path}`,
    method,
    ...(body === undefined ? {} : { body }),
    headers: {
      ...(body === undefined ? {} : { "content-type": contentType }),
      accept: "application/json",
      "user-agent": "fleetwright",
      ...(authorization === undefined ? {} : { authorization: `Bearer ${authorization}` }),
    },
    timeoutMs,
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(user.kind === "certificate" ? { certificate: { cert: user.cert, key: user.key } } : {}),
  });
}

/** An API server under load answers 429, one that is being replaced 503: both pass within seconds. */
async function getWithRetry(request: () => Promise<WebResponse>): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    const response = await request();
    if (response.status === 200) return JSON.parse(response.body);
    const again = response.status === 429 || response.status >= 500;
    if (!again || tries === MAX_TRIES) throw toRefusal(response);
    await delay(retryDelay(response, tries));
  }
}

function retryDelay(response: WebResponse, tries: number): number {
  const asked = Number(response.headers["retry-after"]) * SECOND;
  const wait = Number.isFinite(asked) ? asked : RETRY_DELAY_MS * 2 ** tries;
  return Math.min(wait, MAX_RETRY_DELAY_MS);
}

function toRefusal(response: WebResponse): KubernetesRefusal {
  const { reason, message, details } = readStatus(response.body);
  return new KubernetesRefusal(
    response.status,
    reason ?? String(response.status),
    message ?? `the Kubernetes API answered ${response.status}`,
    details?.causes?.flatMap((cause) => cause.message ?? []),
  );
}

interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly message?: string }[] };
}

function readStatus(body: string): Status {
  try {
    return JSON.parse(body) as Status;
  } catch {
    return {};
  }
}
