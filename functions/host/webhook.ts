import { toError } from "../../shared/core/errors.ts";
import type { Notifier } from "../../shared/core/outbox.ts";

/** A handler has 30 s in all; a chat service that needs longer than this is not there. */
const TIMEOUT_MILLISECONDS = 5_000;

/** Slack cuts at 40,000 characters and Teams refuses above 28 kB; nobody reads as much in a chat. */
const MAX_TEXT_LENGTH = 3_000;

/**
 * An incoming webhook of Slack, Teams or anything else that takes `{"text": …}`. Its address is a secret. Time and id
 * stand in the text, and the id in a header, so that people and programs know a repeated message.
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function createWebhookNotifier(url: string): Notifier {
  const shape = isTeams(url) ? teamsMessage : slackMessage;
  return {
    async send({ id, text, at, link }) {
      const signed = `${text.slice(0, MAX_TEXT_LENGTH)} (${timeOf(at)}, message ${id})`;
      try {
        const reply = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": id },
          body: JSON.stringify(shape(signed, link)),
          redirect: "error",
          signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
        });
        await reply.body?.cancel();
        if (reply.ok) return { delivered: true };
        return { delivered: false, reason: `the webhook answers ${reply.status}` };
      } catch (error) {
        return { delivered: false, reason: whyNot(toError(error)) };
      }
    },
  };
}

/** fetch says only that it failed; its cause says why. Neither names the address, which is a secret. */
function whyNot(error: Error): string {
  if (error.name === "TimeoutError") return "the webhook did not answer in time";
  const cause = toError(error.cause ?? error);
  return "code" in cause ? `the webhook cannot be reached: ${String(cause.code)}` : cause.message;
}

/** Says of a late message that it is late. */
function timeOf(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

/** Hosts of a Teams workflow "when a webhook request is received", and of the connectors before it. */
const TEAMS_HOSTS = [".logic.azure.com", ".api.powerplatform.com", ".webhook.office.com"];

/** The address is all that says which chat it is. */
export function isTeams(url: string): boolean {
  const { hostname } = new URL(url);
  return TEAMS_HOSTS.some((host) => hostname.endsWith(host));
}

function slackMessage(text: string): object {
  return { text: plain(text) };
}

/**
 * Teams takes Adaptive Cards alone, and a workflow that is sent anything else fails without a word to us. A text run
 * is shown as it is: no markup can be made of a name in it.
 * Source: https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook
 */
export function teamsMessage(text: string, link?: string): object {
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: [{ type: "RichTextBlock", inlines: [{ type: "TextRun", text }] }],
    ...(link ? { actions: [{ type: "Action.OpenUrl", title: "Read on", url: link }] } : {}),
  };
  const contentType = "application/vnd.microsoft.card.adaptive";
  return { type: "message", attachments: [{ contentType, contentUrl: null, content }] };
}

/**
 * Names and messages come from clusters: no mention, link or markup may be made of them.
 * Source: https://api.slack.com/reference/surfaces/formatting#escaping
 */
function plain(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
