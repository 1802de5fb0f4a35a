import { once } from "node:events";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** A webhook has 30 s to answer (event-grid/delivery-and-retry.md): real seconds, for its work is real. */
const ANSWER_TIMEOUT_MILLISECONDS = 30_000;
/** More of an answer is not read: only validation answers have a body that matters. */
const MAX_ANSWER_BYTES = 64 * 1024;

interface WebhookRequest {
  readonly method: "POST" | "OPTIONS";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type WebhookAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: string;
    }
  | {
      readonly kind: "failed";
      readonly reason: "TimedOut" | "ConnectionFailed";
      readonly message: string;
    };

export interface WebhookClient {
  /** Never rejects: a webhook that cannot be reached is an answer, too. */
  send(request: WebhookRequest): Promise<WebhookAnswer>;
  close(): void;
}

/** Speaks to http and https webhooks; https trusts the given CA beside the public ones. */
export function createWebhookClient(caPem: () => string): WebhookClient {
  const plain = new HttpAgent({ keepAlive: true });
  let secure: HttpsAgent | undefined;
  const closed = new AbortController();

  async function exchange(request: WebhookRequest): Promise<WebhookAnswer> {
    const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MILLISECONDS);
    const options = {
      method: request.method,
      headers: { ...request.headers, "content-length": Buffer.byteLength(request.body) },
      signal: AbortSignal.any([timeout, closed.signal]),
    };
    const isSecure = request.url.startsWith("https:");
    if (isSecure) secure ??= new HttpsAgent({ keepAlive: true, ca: caPem() });
    try {
      const sent = isSecure
        ? httpsRequest(request.url, { ...options, agent: secure })
        : httpRequest(request.url, { ...options, agent: plain });
      // An abort after the answer began is told by the answer's stream; this event would have no listener.
      sent.on("error", () => {});
      sent.end(request.body);
      const [message] = (await once(sent, "response")) as [IncomingMessage];
      const body = await readText(message);
      return { kind: "answered", status: message.statusCode ?? 0, headers: message.headers, body };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { kind: "failed", reason: timeout.aborted ? "TimedOut" : "ConnectionFailed", message };
    }
  }

  return {
    send: exchange,
    close() {
      closed.abort();
      plain.destroy();
      secure?.destroy();
    },
  };
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_ANSWER_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
