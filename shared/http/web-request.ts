import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { RequestOptions } from "node:https";
import { proxyAgentFor } from "./proxy.ts";

/** A Kubernetes list page of 500 large nodes stays below 30 MB; more is not an answer we asked for. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface WebRequest {
  readonly url: string;
  /** GET when absent. */
  readonly method?: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** PEM of the authority to trust instead of the default ones. */
  readonly ca?: string;
  /** Client certificate and key, PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

export interface WebResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * One request, one whole answer, over node:https: the global fetch knows neither a proxy nor a CA or a client
 * certificate of its own, and costs an action 20 to 75 ms of start-up.
 */
export function sendRequest(web: WebRequest): Promise<WebResponse> {
  const url = new URL(web.url);
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(web.timeoutMs);
    const fail = (error: unknown) => reject(signal.aborted ? timeout(web) : error);
    const agent = proxyAgentFor(url);
    const sent = { ...requestOptions(web), ...(agent && { agent }), signal };
    const request = requestHttps(url, sent, (response) => {
      readBody(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        fail,
      );
    });
    request.on("error", fail);
    request.end(web.body);
  });
}

function requestOptions(web: WebRequest): RequestOptions {
  return {
    method: web.method ?? "GET",
    headers: {
      ...web.headers,
      // Node frames the body of a DELETE only when told its length.
      ...(web.body === undefined ? {} : { "content-length": Buffer.byteLength(web.body) }),
    },
    ...(web.ca === undefined ? {} : { ca: web.ca }),
    ...web.certificate,
  };
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      response.destroy();
      throw new Error(`the answer is larger than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function timeout(web: WebRequest): Error {
  const error = new Error(`no answer within ${web.timeoutMs / 1_000} s`);
  return Object.assign(error, { code: "ETIMEDOUT" });
}
