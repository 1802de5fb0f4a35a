import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { makeServerCertificate } from "../../emulator/certificates.ts";

export interface ReceivedRequest {
  readonly method: string;
  /** Path with its query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CloudServer {
  readonly origin: string;
  readonly ca: string;
  readonly requests: ReceivedRequest[];
  close(): Promise<void>;
}

/** A server that answers one thing after the other as a test says, and remembers what it was asked. */
export async function startCloudServer(
  answer: (request: ReceivedRequest) => Answer,
  protocol: "http" | "https" = "https",
): Promise<CloudServer> {
  const certificate = await makeServerCertificate();
  const requests: ReceivedRequest[] = [];
  const server: Server =
    protocol === "http"
      ? createServer()
      : createSecureServer({ cert: certificate.certificatePem, key: certificate.keyPem });
  server.on("request", async (incoming: IncomingMessage, outgoing) => {
    const request = await receive(incoming);
    requests.push(request);
    const { status, body, headers } = answer(request);
    outgoing.writeHead(status, { "content-type": "application/json", ...headers });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: certificate.caPem,
    requests,
    close: () => close(server),
  };
}

async function receive(incoming: IncomingMessage): Promise<ReceivedRequest> {
  let body = "";
  for await (const chunk of incoming) body += String(chunk);
  const { method = "", url = "", headers } = incoming;
  return { method, url, headers, body };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
