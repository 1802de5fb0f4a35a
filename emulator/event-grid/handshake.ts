import { isObject } from "../arm/json.ts";
import type { EventSchema } from "./grid-event.ts";
import type { WebhookAnswer, WebhookClient } from "./webhook.ts";

/** Event Grid's own origin, as webhooks of CloudEvents see it (CloudEvents http-webhook.md §4). */
const ORIGIN = "eventgrid.azure.net";

export interface Handshake {
  readonly url: string;
  readonly schema: EventSchema;
  /** ARM id that the validation event names. */
  readonly topic: string;
  readonly subscriptionName: string;
  readonly validationCode: string;
  /** ISO 8601. */
  readonly time: string;
}

export type Validation =
  | { readonly kind: "valid" }
  | { readonly kind: "refused"; readonly why: string };

/** A webhook must agree to receive events before a subscription to it exists. */
export async function validateWebhook(
  client: WebhookClient,
  handshake: Handshake,
): Promise<Validation> {
  return handshake.schema === "CloudEventSchemaV1_0"
    ? askForPermission(client, handshake)
    : sendValidationEvent(client, handshake);
}

async function askForPermission(client: WebhookClient, { url }: Handshake): Promise<Validation> {
  const answer = await client.send({
    method: "OPTIONS",
    url,
    headers: { "webhook-request-origin": ORIGIN, "webhook-request-rate": "120" },
    body: "",
  });
  const refusal = refusalOf(answer, "OPTIONS");
  if (answer.kind === "failed" || refusal) return refused(refusal ?? "");
  const allowed = String(answer.headers["webhook-allowed-origin"] ?? "");
  const origins = allowed.split(",").map((origin) => origin.trim().toLowerCase());
  if (origins.includes("*") || origins.includes(ORIGIN)) return { kind: "valid" };
  return refused(`its answer to OPTIONS does not allow the origin ${ORIGIN}`);
}

async function sendValidationEvent(
  client: WebhookClient,
  handshake: Handshake,
): Promise<Validation> {
  const answer = await client.send({
    method: "POST",
    url: handshake.url,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "aeg-event-type": "SubscriptionValidation",
      "aeg-subscription-name": handshake.subscriptionName.toUpperCase(),
      "aeg-delivery-count": "0",
      "aeg-data-version": "2",
      "aeg-metadata-version": "1",
    },
    body: JSON.stringify([validationEvent(handshake)]),
  });
  const refusal = refusalOf(answer, "POST");
  if (answer.kind === "failed" || refusal) return refused(refusal ?? "");
  if (validationResponse(answer.body) === handshake.validationCode) return { kind: "valid" };
  return refused("it did not answer with the validation code as validationResponse");
}

function validationEvent({ topic, validationCode, time }: Handshake): object {
  return {
    id: validationCode,
    topic,
    subject: "",
    data: { validationCode },
    eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
    eventTime: time,
    metadataVersion: "1",
    dataVersion: "2",
  };
}

function validationResponse(body: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed["validationResponse"] : undefined;
  } catch {
    return undefined;
  }
}

function refusalOf(answer: WebhookAnswer, method: string): string | undefined {
  if (answer.kind === "failed") return `HTTP ${method} request failed: ${answer.message}`;
  if (answer.status === 200) return undefined;
  return `HTTP ${method} request returned ${answer.status}`;
}

function refused(why: string): Validation {
  return { kind: "refused", why };
}
