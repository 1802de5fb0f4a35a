import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { WireReply, WireRequest } from "./service.ts";

/** Larger bodies are refused: ARM itself takes 4 MB, Event Grid 1 MB, GitHub some more. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** Longer than clients keep idle sockets, so that none is closed under a request. */
const KEEP_ALIVE_MILLISECONDS = 75_000;

const JSON_TYPE = "application/json; charset=utf-8";

const NOT_HTTP_BODY = JSON.stringify({
  error: { code: "BadRequest", message: "The request is not valid HTTP." },
});
/** Answered on the bare socket: Node could not make a request of what came. */
const NOT_HTTP = [
  "HTTP/1.1 400 Bad Request",
  "Content-Type: application/json; charset=utf-8",
  `Content-Length: ${NOT_HTTP_BODY.length}`,
  "Connection: close",
  "",
  NOT_HTTP_BODY,
].join("\r\n");

export interface ServerOptions {
  readonly port: number;
  /** Absent for plain http. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `hang-up` closes the socket without an answer. */
  readonly answer: (request: WireRequest) => Promise<WireReply | "hang-up">;
  /** Virtual time: clients judge ages by the `Date` header of the service. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on the loopback interface and never falls over a request, whatever it holds. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const listener = (message: IncomingMessage, response: ServerResponse): void => {
    serve(options, message, response).catch((error: unknown) => {
      options.onError(error);
      response.destroy();
    });
  };
  const server = options.tls
    ? createHttpsServer(options.tls, listener)
    : createHttpServer(listener);
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end(NOT_HTTP);
    else socket.destroy();
  });
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function serve(
  options: ServerOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const hangUp = new AbortController();
  response.once("close", () => hangUp.abort());
  const received = await receive(message, hangUp.signal);
  if (received === "gone") return;
  const reply = "status" in received ? received : await answerSafely(options, received);
  if (reply === "hang-up") {
    response.destroy();
    return;
  }
  response.sendDate = false;
  response.setHeader("Date", new Date(options.now()).toUTCString());
  const written = writeSafely(options, reply);
  await send(response, written, message.method === "HEAD", hangUp.signal);
}

/** The reply with its body as bytes; what cannot be written must not leave the caller without an answer. */
function writeSafely(options: ServerOptions, reply: WireReply): WireReply {
  const { body, headers } = reply;
  if (typeof body !== "object" || Buffer.isBuffer(body) || isStream(body)) return reply;
  try {
    const bytes = Buffer.from(JSON.stringify(body));
    return { ...reply, headers: { "Content-Type": JSON_TYPE, ...headers }, body: bytes };
  } catch (error) {
    options.onError(error);
    return failure(500, "InternalServerError", "The answer could not be written.");
  }
}

async function answerSafely(
  options: ServerOptions,
  request: WireRequest,
): Promise<WireReply | "hang-up"> {
  try {
    return await options.answer(request);
  } catch (error) {
    options.onError(error);
    const text = error instanceof Error ? error.message : String(error);
    return failure(500, "InternalServerError", `The emulator failed on this request: ${text}`);
  }
}

async function receive(
  message: IncomingMessage,
  signal: AbortSignal,
): Promise<WireRequest | WireReply | "gone"> {
  const body = await readBody(message);
  if (body === "gone") return "gone";
  if (body === "too large") {
    const limit = `The request body is larger than ${MAX_BODY_BYTES} bytes.`;
    return failure(413, "RequestEntityTooLarge", limit, { Connection: "close" });
  }
  const [rawPath = "/", rawQuery = ""] = splitOnce(message.url ?? "/", "?");
  const path = decodePath(rawPath);
  if (path === undefined) {
    return failure(400, "InvalidRequestUri", "The request path is not valid percent-encoding.");
  }
  return {
    method: (message.method ?? "GET").toUpperCase(),
    path,
    query: parseQuery(rawQuery),
    headers: message.headers,
    body,
    signal,
  };
}

async function readBody(message: IncomingMessage): Promise<Buffer | "too large" | "gone"> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch {
    return "gone";
  }
  return size > MAX_BODY_BYTES ? "too large" : Buffer.concat(chunks);
}

/** Clients of the fleet SDK encode the keys too: `api%2Dversion=…`. */
function parseQuery(text: string): ReadonlyMap<string, string> {
  const entries = [...new URLSearchParams(text)];
  return new Map(entries.map(([key, value]) => [key.toLowerCase(), value]));
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const cut = text.indexOf(separator);
  return cut < 0 ? [text, ""] : [text.slice(0, cut), text.slice(cut + 1)];
}

async function send(
  response: ServerResponse,
  reply: WireReply,
  headOnly: boolean,
  signal: AbortSignal,
): Promise<void> {
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.statusCode = reply.status;
  const { body } = reply;
  if (isStream(body)) {
    await sendStream(response, body, signal);
    return;
  }
  const bytes = encodeBody(response, body);
  if (reply.status !== 204 && reply.status !== 304) {
    response.setHeader("Content-Length", bytes.length);
  }
  response.end(headOnly ? undefined : bytes);
}

function encodeBody(response: ServerResponse, body: WireReply["body"]): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  const isText = typeof body === "string";
  if (!response.hasHeader("Content-Type")) {
    response.setHeader("Content-Type", isText ? "text/plain; charset=utf-8" : JSON_TYPE);
  }
  return Buffer.from(isText ? body : JSON.stringify(body));
}

async function sendStream(
  response: ServerResponse,
  chunks: AsyncIterable<string>,
  signal: AbortSignal,
): Promise<void> {
  response.flushHeaders();
  for await (const chunk of chunks) {
    if (signal.aborted) break;
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), aborted(signal)]);
  }
  response.end();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function isStream(body: WireReply["body"]): body is AsyncIterable<string> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

function failure(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): WireReply {
  return { status, headers, body: { error: { code, message } } };
}
