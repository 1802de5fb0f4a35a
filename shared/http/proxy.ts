import type { ClientRequest } from "node:http";
import type { Duplex } from "node:stream";
import { HttpsProxyAgent } from "https-proxy-agent";
import { FleetwrightError } from "../core/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Connection = Parameters<HttpsProxyAgent<string>["connect"]>[1];

/** `code` of the error when a proxy refuses to connect. */
export const PROXY_REFUSED = "EPROXY";
const CONNECTED = 200;

/** One per proxy, so that tunnels are used again. */
const agents = new Map<string, TunnelAgent>();

/**
 * How to reach an https url from here: through the proxy of HTTPS_PROXY (or ALL_PROXY), unless NO_PROXY names
 * its host; undefined when directly. Names may be lower case. NO_PROXY is read as the actions of GitHub read it:
 * a host covers its subdomains, with or without a leading dot; `host:port` only that port; `*` everything.
 */
export function proxyAgentFor(
  url: URL,
  env: Environment = process.env,
): HttpsProxyAgent<string> | undefined {
  if (url.protocol !== "https:") return undefined;
  const proxy = variable(env, "HTTPS_PROXY") ?? variable(env, "ALL_PROXY");
  if (proxy === undefined || isExempt(url, variable(env, "NO_PROXY") ?? "")) return undefined;
  const known = agents.get(proxy);
  if (known !== undefined) return known;
  const agent = new TunnelAgent(proxyUrl(proxy), { keepAlive: true });
  agents.set(proxy, agent);
  return agent;
}

function variable(env: Environment, name: string): string | undefined {
  return env[name] || env[name.toLowerCase()] || undefined;
}

function isExempt({ hostname, port }: URL, noProxy: string): boolean {
  const host = hostname.toLowerCase();
  const withPort = `${host}:${port || "443"}`;
  return noProxy
    .toLowerCase()
    .split(",")
    .map((entry) => entry.trim().replace(/^\*?\./, ""))
    .filter((entry) => entry !== "")
    .some(
      (entry) =>
        entry === "*" || entry === host || entry === withPort || host.endsWith(`.${entry}`),
    );
}

function proxyUrl(text: string): string {
  const full = text.includes("://") ? text : `http://${text}`;
  if (/^https?:/i.test(full) && URL.canParse(full)) return full;
  // Never the text itself: it may hold a password.
  throw new FleetwrightError("invalid-input", "HTTPS_PROXY is not the url of a proxy", {
    remedy: "write http://host:port or https://host:port",
  });
}

/** The library hands a refusal of the proxy on as if the service itself had answered: here it is an error. */
class TunnelAgent extends HttpsProxyAgent<string> {
  override async connect(request: ClientRequest, options: Connection) {
    let status = CONNECTED;
    request.once("proxyConnect", (answer: { readonly statusCode: number }) => {
      status = answer.statusCode;
    });
    const socket = await super.connect(request, options);
    if (status === CONNECTED) return socket;
    (socket as Duplex).destroy();
    const error = new Error(`the proxy ${this.proxy.host} answered ${status}`);
    throw Object.assign(error, { code: PROXY_REFUSED });
  }
}
