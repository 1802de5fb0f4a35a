import type { Environment, Service, WireReply, WireRequest } from "../service.ts";
import type { GridEvent } from "./grid-event.ts";
import { PublishError, hasTopicKey, offersTopicKey, parsePublished } from "./publish-request.ts";
import type { Registry, Topic } from "./registry.ts";

const AUDIENCE = "https://eventgrid.azure.net";
const SEND_ACTION = "Microsoft.EventGrid/events/send/action";
const PATH = /^\/topics\/([^/]+)\/api\/events\/?$/i;

export interface PublishDeps {
  readonly environment: Environment;
  readonly registry: Registry;
  readonly accept: (topic: Topic, events: readonly GridEvent[]) => void;
}

/** The data plane of custom topics: `POST /topics/<name>/api/events`. */
export function createPublishService(deps: PublishDeps): Service {
  return {
    handle(request) {
      const name = PATH.exec(request.path)?.[1];
      return name === undefined ? undefined : answer(deps, request, name);
    },
  };
}

function answer(deps: PublishDeps, request: WireRequest, name: string): WireReply {
  let principal: string | undefined;
  let reply: WireReply;
  try {
    const topic = deps.registry.topicNamed(name);
    if (!topic) throw new PublishError(404, "NotFound", `There is no topic '${name}'.`);
    if (request.method !== "POST") {
      throw new PublishError(405, "MethodNotAllowed", "Events are published with POST.");
    }
    principal = authorize(deps.environment, request, topic);
    deps.accept(topic, parsePublished(request, topic, deps.environment.pacer.now()));
    reply = { status: 200 };
  } catch (error) {
    reply = refusal(error);
  }
  deps.environment.audit.record({
    service: "event-grid",
    method: request.method,
    operation: `${request.method} topics/events`,
    path: request.path,
    status: reply.status,
    principal,
    write: request.method === "POST",
  });
  return reply;
}

/** The name of the caller, for the audit; throws PublishError 401 or 403. */
function authorize(environment: Environment, request: WireRequest, topic: Topic): string {
  if (offersTopicKey(request)) {
    if (topic.disableLocalAuth) {
      throw new PublishError(
        401,
        "Unauthorized",
        "Local authentication is disabled for this topic.",
      );
    }
    // Signatures are made by clients, whose clock is the real one.
    if (hasTopicKey(request, topic, Date.now())) return `key of ${topic.name}`;
    throw new PublishError(
      401,
      "Unauthorized",
      "The request authorization key is not authorized for " +
        `${topic.name.toUpperCase()}. This is due to the reason: Request authorization key was not found.`,
    );
  }
  if (request.headers.authorization === undefined) {
    throw new PublishError(
      401,
      "Unauthorized",
      "Request must contain one of the following authorization signature: aeg-sas-token, aeg-sas-key.",
    );
  }
  const principal = environment.tokens.authenticate(request, [AUDIENCE]);
  if ("refused" in principal) throw new PublishError(401, "Unauthorized", principal.refused);
  if (environment.tokens.allows(principal, SEND_ACTION, topic.id)) return principal.name;
  throw new PublishError(
    403,
    "Forbidden",
    `The principal '${principal.objectId}' does not have authorization to perform action ` +
      `'${SEND_ACTION}' over scope '${topic.id}'.`,
  );
}

function refusal(error: unknown): WireReply {
  if (!(error instanceof PublishError)) throw error;
  const { status, code, message } = error;
  const challenge = { "WWW-Authenticate": `Bearer resource="${AUDIENCE}"` };
  return {
    status,
    ...(status === 401 ? { headers: challenge } : {}),
    body: { error: { code, message, details: [{ code, message }] } },
  };
}
