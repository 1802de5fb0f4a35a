import { SECOND } from "../core/duration.ts";
import { proxyAgentFor } from "./proxy.ts";
import { sendRequest } from "./web-request.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** GitHub answers within 10 s or not at all; a proxy may add to that. */
const REQUEST_TIMEOUT_MS = 60 * SECOND;
/** A repository that was renamed, and its owner too. */
const MAX_REDIRECTS = 3;
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * The global fetch, but for hosts that are reached through a proxy, which it does not know. What octokit
 * sends is enough: texts, no streams.
 */
export function fetchFor(env: Environment): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (proxyAgentFor(url, env) === undefined) return fetch(input, init);
    return tunnelled(url, init);
  };
}

async function tunnelled(url: URL, init: RequestInit = {}, redirects = 0): Promise<Response> {
  const { method = "GET", body } = init;
  const answer = await sendRequest({
    url: url.href,
    method,
    headers: Object.fromEntries(new Headers(init.headers)),
    ...(typeof body === "string" && { body }),
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
  const { location } = answer.headers;
  const moved = answer.status === 307 || answer.status === 308 || answer.status === 301;
  const target = moved && location !== undefined ? new URL(location, url) : undefined;
  // Elsewhere the token would be in other hands.
  if (target?.origin === url.origin && redirects < MAX_REDIRECTS) {
    return tunnelled(target, init, redirects + 1);
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) headers.set(name, String(value));
  const content = WITHOUT_BODY.has(answer.status) ? null : answer.body;
  return new Response(content, { status: answer.status, headers });
}
