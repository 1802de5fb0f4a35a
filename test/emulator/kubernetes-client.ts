import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { KubernetesServer } from "./kubernetes-server.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Body;
}

/** Enough of any Kubernetes object to assert on. */
export interface Body {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp?: string;
    readonly generation?: number;
    readonly continue?: string;
    readonly remainingItemCount?: number;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
  readonly items: readonly Body[];
  readonly [field: string]: unknown;
}

export interface CallOptions {
  readonly token?: string;
  readonly accept?: string;
  readonly type?: string;
  readonly body?: unknown;
  /** Beside those that every call has. */
  readonly headers?: Readonly<Record<string, string>>;
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A caller of one cluster's API without any Kubernetes library: what is asserted is the wire. */
export class KubernetesClient {
  readonly #server: KubernetesServer;
  readonly #cluster: string;

  constructor(server: KubernetesServer, cluster: string) {
    this.#server = server;
    this.#cluster = cluster;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const message = await this.#send(method, path, options);
    const text = (await readAll(message)).toString("utf8");
    const body = (text.startsWith("{") ? JSON.parse(text) : { text }) as Body;
    return { status: message.statusCode ?? 0, headers: message.headers, body };
  }

  /** What an answer holds that is no text. */
  async bytes(path: string, accept: string): Promise<Buffer> {
    return readAll(await this.#send("GET", path, { accept }));
  }

  get(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call("GET", path, options);
  }

  async watch(path: string, options: CallOptions = {}): Promise<Watch> {
    return new Watch(await this.#send("GET", path, options));
  }

  #send(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const { token = this.#server.adminToken(this.#cluster), accept = "application/json" } = options;
    const { body, type = "application/json" } = options;
    const isRaw = typeof body === "string" || Buffer.isBuffer(body);
    const text = isRaw ? body : (JSON.stringify(body) ?? "");
    return new Promise((resolve, reject) => {
      const url = `${this.#server.address(this.#cluster)}${path}`;
      const headers = {
        Accept: accept,
        "Content-Type": type,
        "Content-Length": Buffer.byteLength(text),
        ...(token !== "" && { Authorization: `Bearer ${token}` }),
        ...options.headers,
      };
      const sent = request(url, { method, headers, ca: this.#server.caPem, agent: false }, resolve);
      sent.on("error", reject);
      sent.end(text);
    });
  }
}

export interface WatchEvent {
  readonly type: string;
  readonly object: Body;
}

export class Watch {
  readonly #message: IncomingMessage;
  readonly #lines: AsyncGenerator<string>;

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.#lines = lines(message);
  }

  /** Waits for this many events. */
  async take(count: number): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    while (events.length < count) {
      const { done, value } = await this.#lines.next();
      if (done) throw new Error(`the watch ended after ${events.length} of ${count} events`);
      events.push(JSON.parse(value) as WatchEvent);
    }
    return events;
  }

  /** Waits for an event; those before it are passed over. */
  async until(wanted: (event: WatchEvent) => boolean): Promise<WatchEvent> {
    for (;;) {
      const [event] = await this.take(1);
      if (event && wanted(event)) return event;
    }
  }

  /** Everything until the server ends the stream. */
  async rest(): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    for await (const line of this.#lines) events.push(JSON.parse(line) as WatchEvent);
    return events;
  }

  close(): void {
    this.#message.destroy();
  }
}

async function* lines(message: IncomingMessage): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of message as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    const parts = text.split("\n");
    text = parts.pop() ?? "";
    yield* parts.filter((part) => part !== "");
  }
}
