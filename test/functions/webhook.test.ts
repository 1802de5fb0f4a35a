import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "../../functions/host/settings.ts";
import { createWebhookNotifier, isTeams, teamsMessage } from "../../functions/host/webhook.ts";

let server: Server;
let url: string;
let received: { readonly body: unknown; readonly id: unknown }[] = [];
let answer = 200;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      received.push({ body, id: request.headers["idempotency-key"] });
      response.writeHead(answer, answer === 302 ? { location: "/elsewhere" } : {}).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/s3cret`;
});
afterAll(() => server.close());
beforeEach(() => {
  received = [];
  answer = 200;
});

const message = { id: "3f9a2c81", text: "dev: canary is done", at: "2026-07-10T09:00:00Z" };

describe("for Slack", () => {
  test("a message says when it became so, and carries its id for people and for programs", async () => {
    expect(await createWebhookNotifier(url).send(message)).toEqual({ delivered: true });
    const text = "dev: canary is done (2026-07-10 09:00 UTC, message 3f9a2c81)";
    expect(received).toEqual([{ body: { text }, id: "3f9a2c81" }]);
  });

  test("it mentions nobody and links nowhere by what a cluster wrote", async () => {
    await createWebhookNotifier(url).send({ ...message, text: "<!channel> & <http://x|y>" });
    expect(JSON.stringify(received)).toContain("&lt;!channel&gt; &amp; &lt;http://x|y&gt;");
  });

  test("a long one is cut, and keeps its id", async () => {
    await createWebhookNotifier(url).send({ ...message, text: "x".repeat(100_000) });
    const text = JSON.stringify(received[0]?.body);
    expect(text.length).toBeLessThan(4_000);
    expect(text).toMatch(/message 3f9a2c81\)"}$/);
  });
});

describe("what did not arrive for certain says why, without the address", () => {
  test.each([
    [500, "the webhook answers 500"],
    [404, "the webhook answers 404"],
    [302, "unexpected redirect"],
  ])("%i", async (status, reason) => {
    answer = status;
    expect(await createWebhookNotifier(url).send(message)).toEqual({ delivered: false, reason });
  });

  test("nobody listens", async () => {
    const gone = createServer();
    await new Promise<void>((listening) => gone.listen(0, "127.0.0.1", listening));
    const { port } = gone.address() as AddressInfo;
    await new Promise((closed) => gone.close(closed));
    const notifier = createWebhookNotifier(`http://127.0.0.1:${port}/s3cret`);
    const reason = "the webhook cannot be reached: ECONNREFUSED";
    expect(await notifier.send(message)).toEqual({ delivered: false, reason });
  });
});

describe("for Teams", () => {
  test.each([
    ["https://prod-7.westeurope.logic.azure.com:443/workflows/x/triggers/manual", true],
    ["https://env.ab.environment.api.powerplatform.com/powerautomate/workflows/x", true],
    ["https://contoso.webhook.office.com/webhookb2/x", true],
    ["https://hooks.slack.com/services/x", false],
    ["https://logic.azure.com.evil.example/x", false],
  ])("%s is one: %s", (address, expected) => {
    expect(isTeams(address)).toBe(expected);
  });

  test("a message is a card that shows names as they are, and leads to the issue", () => {
    const text = "prod: node [x](http://evil) **y** is quarantined";
    expect(teamsMessage(text, "https://github.example/i/7")).toEqual({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          contentUrl: null,
          content: {
            $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
            type: "AdaptiveCard",
            version: "1.4",
            body: [{ type: "RichTextBlock", inlines: [{ type: "TextRun", text }] }],
            actions: [
              { type: "Action.OpenUrl", title: "Read on", url: "https://github.example/i/7" },
            ],
          },
        },
      ],
    });
    expect(JSON.stringify(teamsMessage("done"))).not.toContain("actions");
  });
});

describe("the setting", () => {
  const others = {
    FLEETWRIGHT_GITHUB_TOKEN: "t",
    FLEETWRIGHT_REPOSITORY: "octo-org/harbour",
    FLEETWRIGHT_TOPIC_ENDPOINT: "https://topic.example",
  };

  test.each([
    [undefined, undefined],
    ["", undefined],
    ["https://hooks.example/services/x", "https://hooks.example/services/x"],
  ])("%s is read", (value, expected) => {
    const settings = readSettings({ ...others, FLEETWRIGHT_WEBHOOK_URL: value });
    expect(settings.webhookUrl).toBe(expected);
  });

  test("is refused without being repeated when it is no https address", () => {
    const read = () =>
      readSettings({ ...others, FLEETWRIGHT_WEBHOOK_URL: "http://hooks.example/s3cret" });
    expect(read).toThrow(/^FLEETWRIGHT_WEBHOOK_URL is not an https address$/);
  });
});
