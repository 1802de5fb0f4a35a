import type { Notifier } from "../../shared/update-run/notify.ts";

/** A handler has 30 s in all; a chat service that needs longer than this is not there. */
const TIMEOUT_MILLISECONDS = 5_000;

/** Slack cuts at 40,000 characters and Teams refuses above 28 kB; nobody reads as much in a chat. */
const MAX_TEXT_LENGTH = 3_000;

/** Errors of node that come before a byte was sent. */
const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH"]);

/** An incoming webhook of Slack, Teams or anything else that takes `{"text": …}`. Its address is a secret. */
export function createWebhookNotifier(url: string): Notifier {
  const shape = isTeams(url) ? teamsMessage : slackMessage;
  return {
    async send(text, link) {
      try {
        const reply = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(shape(text.slice(0, MAX_TEXT_LENGTH), link)),
          redirect: "error",
          signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
        });
        await reply.body?.cancel();
        return reply.ok ? "delivered" : "refused";
      } catch (error) {
        return neverConnected(error) ? "refused" : "unknown";
      }
    },
  };
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

function neverConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && NEVER_CONNECTED.has(code);
}
