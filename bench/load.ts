import { Agent, request } from "node:https";

/** Sockets that a busy client of the emulator holds open, as those of the Azure SDKs do. */
const CONNECTIONS = 50;
const HTTP_ERRORS = 400;

export interface Load {
  /** One request; throws on an error status. */
  send(method: string, url: string, options?: SendOptions): Promise<string>;
  requestsPerSecond(url: string, options: LoadOptions): Promise<number>;
  close(): void;
}

export interface SendOptions {
  readonly token?: string;
  readonly body?: object;
}

export interface LoadOptions {
  readonly token: string;
  readonly requests: number;
}

export function createLoad(ca: string): Load {
  const agent = new Agent({ ca, keepAlive: true, maxSockets: CONNECTIONS });
  const send: Load["send"] = (method, url, options = {}) => sendOne(agent, method, url, options);
  return {
    send,
    async requestsPerSecond(url, { token, requests }) {
      let left = requests;
      const began = performance.now();
      const connection = async (): Promise<void> => {
        while (left-- > 0) await send("GET", url, { token });
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, connection));
      return (requests * 1_000) / (performance.now() - began);
    },
    close: () => agent.destroy(),
  };
}

function sendOne(
  agent: Agent,
  method: string,
  url: string,
  { token, body }: SendOptions,
): Promise<string> {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { "content-type": "application/json" }),
  };
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("error", reject);
      reply.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const { statusCode = HTTP_ERRORS } = reply;
        if (statusCode < HTTP_ERRORS) resolve(text);
        else reject(new Error(`${method} ${url}: ${statusCode} ${text}`));
      });
    });
    call.on("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
