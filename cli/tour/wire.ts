import { Agent, request } from "node:https";

/** JSON over https to the local Azure, trusting its CA: what curl would be to a person. */
export interface Wire {
  send<T = unknown>(method: string, url: string, options?: SendOptions): Promise<T>;
}

export interface SendOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Everything is on this machine; a longer silence is a fault. */
const TIMEOUT_MILLISECONDS = 20_000;

export function createWire(ca: string): Wire & { close(): void } {
  const agent = new Agent({ ca, keepAlive: true });
  return {
    send: (method, url, options = {}) => send(agent, method, url, options),
    close: () => agent.destroy(),
  };
}

function send<T>(agent: Agent, method: string, url: string, options: SendOptions): Promise<T> {
  const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
  const headers = {
    accept: "application/json",
    ...(payload === undefined ? {} : { "content-type": "application/json" }),
    ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method, agent, headers, timeout: TIMEOUT_MILLISECONDS },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("error", reject);
        reply.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          if ((reply.statusCode ?? 500) >= 400) {
            reject(new Error(`${method} ${url}: ${reply.statusCode} ${text.slice(0, 500)}`));
          } else {
            resolve((text === "" ? undefined : JSON.parse(text)) as T);
          }
        });
      },
    );
    call.on("timeout", () => call.destroy(new Error(`${method} ${url}: no answer`)));
    call.on("error", reject);
    call.end(payload);
  });
}
