import type { Notifier } from "../../shared/update-run/notify.ts";

/** A handler has 30 s in all; a chat service that needs longer than this is not there. */
const TIMEOUT_MILLISECONDS = 5_000;

/** Slack cuts at 40,000 characters and Teams refuses above 28 kB; nobody reads as much in a chat. */
const MAX_TEXT_LENGTH = 3_000;

/** Errors of node that come before a byte was sent. */
const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH"]);

/** An incoming webhook of Slack, Teams or anything else that takes `{"text": …}`. Its address is a secret. */
export function createWebhookNotifier(url: string): Notifier {
  return {
    async send(text) {
      try {
        const reply = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ text: plain(text).slice(0, MAX_TEXT_LENGTH) }),
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
