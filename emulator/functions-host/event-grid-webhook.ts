import { isObject } from "../arm/json.ts";
import type { WireReply, WireRequest } from "../service.ts";
import type { RpcTypedData } from "./rpc.ts";

const PATH = /^\/runtime\/webhooks\/EventGrid\/?$/i;

export interface EventGridWebhookDeps {
  readonly isAuthorized: (request: WireRequest) => boolean;
  readonly hasFunction: (name: string) => boolean;
  /** Rejects when the function throws. */
  readonly invoke: (
    name: string,
    data: RpcTypedData,
    triggerMetadata: Readonly<Record<string, RpcTypedData>>,
  ) => Promise<unknown>;
}

/**
 * The webhook of the Event Grid extension (HttpRequestProcessor.cs of the extension,
 * HostController.cs of the host): undefined for another path.
 */
export async function answerEventGrid(
  deps: EventGridWebhookDeps,
  request: WireRequest,
): Promise<WireReply | undefined> {
  if (!PATH.test(request.path)) return undefined;
  if (!deps.isAuthorized(request)) return { status: 401 };
  const name = request.query.get("functionname") ?? "";
  if (request.method === "OPTIONS") return allowOrigin(request);
  if (request.method !== "POST") return { status: 405 };
  if (!deps.hasFunction(name)) return text(404, `cannot find function: '${name}'`);
  switch (String(request.headers["aeg-event-type"] ?? "").toLowerCase()) {
    case "subscriptionvalidation":
      return answerValidation(request);
    case "unsubscribe":
      return { status: 202 };
    case "notification":
      return deliver(deps, name, request);
    default:
      return text(400, "unknown aeg-event-type");
  }
}

function allowOrigin(request: WireRequest): WireReply {
  const origin = request.headers["webhook-request-origin"];
  if (origin === undefined) return { status: 400 };
  return { status: 200, headers: { "WebHook-Allowed-Origin": "eventgrid.azure.net" } };
}

function answerValidation(request: WireRequest): WireReply {
  const events = parseEvents(request);
  const data = events?.[0]?.["data"];
  const validationResponse = isObject(data) ? data["validationCode"] : undefined;
  return validationResponse === undefined
    ? text(400, "the validation event has no validationCode")
    : { status: 200, body: { validationResponse } };
}

/** All events of a request run in parallel; one failure is a failure of all. */
async function deliver(
  deps: EventGridWebhookDeps,
  name: string,
  request: WireRequest,
): Promise<WireReply> {
  const events = parseEvents(request);
  if (!events) return text(400, "the body is neither an event nor an array of events");
  const runs = events.map((event) =>
    deps.invoke(name, { string: JSON.stringify(event) }, triggerMetadata(name, event)),
  );
  const ended = await Promise.allSettled(runs);
  const isFailed = ended.some(({ status }) => status === "rejected");
  return { status: isFailed ? 500 : 202 };
}

function parseEvents(request: WireRequest): Readonly<Record<string, unknown>>[] | undefined {
  try {
    const body: unknown = JSON.parse(request.body.toString("utf8"));
    const events = Array.isArray(body) ? body : [body];
    return events.every(isObject) ? events : undefined;
  } catch {
    return undefined;
  }
}

/** The host copies the properties of the event that are not arrays (Utility.ApplyBindingData). */
function triggerMetadata(
  name: string,
  event: Readonly<Record<string, unknown>>,
): Readonly<Record<string, RpcTypedData>> {
  const properties = Object.entries(event)
    .filter(([, value]) => value !== null && !Array.isArray(value))
    .map(([key, value]) => [key, typedData(value)] as const);
  const sys = { json: JSON.stringify({ MethodName: name }) };
  return { ...Object.fromEntries(properties), sys };
}

function typedData(value: unknown): RpcTypedData {
  return isObject(value) ? { json: JSON.stringify(value) } : { string: String(value) };
}

function text(status: number, body: string): WireReply {
  return { status, body };
}
