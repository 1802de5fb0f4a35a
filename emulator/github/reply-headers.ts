import { createHash, randomUUID } from "node:crypto";
import type { WireReply, WireRequest } from "../service.ts";
import type { Caller } from "./call.ts";
import type { Hub } from "./hub.ts";
import { callersRate } from "./rate-limit.ts";

const apiVersion = "2022-11-28";

/** Headers of every answer; a GET that the caller knows already is a 304. */
export function finishReply(
  hub: Hub,
  request: WireRequest,
  caller: Caller,
  reply: WireReply,
): WireReply {
  const rate = callersRate({ hub, caller });
  const common = {
    "content-type": "application/json; charset=utf-8",
    "x-github-request-id": randomUUID(),
    "x-github-media-type": "github.v3; format=json",
    "x-github-api-version-selected": apiVersion,
    "x-ratelimit-limit": String(rate.limit),
    "x-ratelimit-remaining": String(rate.remaining),
    "x-ratelimit-used": String(rate.used),
    "x-ratelimit-reset": String(rate.reset),
    "x-ratelimit-resource": "core",
  };
  const { "content-type": _type, ...bodiless } = common;
  if (reply.body === undefined) return { ...reply, headers: { ...bodiless, ...reply.headers } };
  const headers = { ...common, ...reply.headers };
  const reading = request.method === "GET" || request.method === "HEAD";
  if (!reading || reply.status !== 200) return { ...reply, headers };
  const etag = etagOf(reply);
  const private60 = { etag, "cache-control": "private, max-age=60, s-maxage=60" };
  const known = (request.headers["if-none-match"] ?? "").split(/,\s*/);
  return known.includes(etag)
    ? { status: 304, headers: { ...bodiless, ...private60 } }
    : { ...reply, headers: { ...headers, ...private60 } };
}

function etagOf(reply: WireReply): string {
  const { body, headers } = reply;
  const bytes = Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body);
  const hash = createHash("sha256")
    .update(bytes)
    .update(headers?.["link"] ?? "")
    .digest("hex");
  return `W/"${hash}"`;
}
