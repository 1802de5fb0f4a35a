import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "../../functions/host/settings.ts";
import { createWebhookNotifier, isTeams, teamsMessage } from "../../functions/host/webhook.ts";
import { silentLogger } from "../../shared/core/logger.ts";
import type { QuarantineRecord } from "../../shared/quarantine/record.ts";
import {
  noticesOf,
  notify,
  type NoticeInput,
  type NotifyDeps,
} from "../../shared/update-run/notify.ts";
import { reconcile, type ReconcileDeps } from "../../shared/update-run/reconcile.ts";
import type { Rollout } from "../../shared/update-run/rollout.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";
import { member, stage, status, updateRun, FLEET } from "./run-builder.ts";

let server: Server;
let url: string;
let received: unknown[] = [];
let answer = 200;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push(JSON.parse(Buffer.concat(chunks).toString("utf8")));
      response.writeHead(answer).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/secret`;
});
afterAll(() => server.close());
beforeEach(() => {
  received = [];
  answer = 200;
});

function input(change: Partial<NoticeInput> = {}): NoticeInput {
  return {
    environment: "dev",
    run: updateRun("Running"),
    gates: new Map(),
    quarantine: [],
    closed: false,
    ...change,
  };
}

function quarantine(change: Partial<QuarantineRecord> = {}): QuarantineRecord {
  const node = {
    cluster: FLEET.replace("fleets/harbour", "managedClusters/quay-1"),
    nodePool: "workers",
    node: "aks-workers-1",
    pod: "shop/cart-0",
    owner: undefined,
    pdb: "shop/cart",
    disruptionsAllowed: 0,
    healthyPods: 1,
    requiredPods: 1,
    since: "2026-07-10T09:00:00Z",
  };
  return {
    environment: "dev",
    cause: "pdb:shop/cart",
    nodes: [node],
    issue: 7,
    issueUrl: "https://github.example/i/7",
    ...change,
  };
}

const held = { displayName: "verified", stage: "canary", at: "2026-07-10T09:00:00Z" };
const refused = new Map([["g", { ...held, held: true as const, reason: "quay-1: not Ready" }]]);

/** A run that has reached the gate after its first stage. */
function waiting(state: "Pending" | "Completed") {
  const gate = { displayName: "verified", gateId: `${FLEET}/gates/g`, ...status(state) };
  const canary = stage("canary", "Running", [member("quay-1", "Completed")]);
  return updateRun("Running", { stageStatuses: [{ ...canary, afterGates: [gate] }] });
}

const failure = { ...status("Failed", "a", "b"), error: { code: "X", message: "no room" } };

describe("what is worth a message", () => {
  test.each<[string, Partial<NoticeInput>, readonly string[]]>([
    ["a run on its way is not", {}, []],
    [
      "a stage that is done",
      {
        run: updateRun("Running", {
          stageStatuses: [
            stage("canary", "Completed", [member("quay-1", "Completed")]),
            stage("rest", "Running", [member("quay-2", "Running")]),
          ],
        }),
      },
      ["dev: canary of dev-3-1a2b3c4d is done (1 members)"],
    ],
    [
      "a gate that the checks refuse",
      { run: waiting("Pending"), gates: refused },
      ['dev: dev-3-1a2b3c4d is held at the gate "verified" of canary: quay-1: not Ready'],
    ],
    [
      "a gate that a person approved since is not",
      { run: waiting("Completed"), gates: refused },
      [],
    ],
    ["a gate that waits for its soak is not", { gates: new Map([["g", held]]) }, []],
    [
      "a run that failed",
      { run: updateRun("Failed", { status: failure }) },
      ["dev: dev-3-1a2b3c4d failed: no room"],
    ],
    [
      "a run that was stopped",
      { run: updateRun("Stopped") },
      ["dev: dev-3-1a2b3c4d is held: it was stopped"],
    ],
    [
      "a quarantined node, once its issue exists",
      { quarantine: [quarantine()] },
      ["dev: node aks-workers-1 is quarantined (pdb:shop/cart): https://github.example/i/7"],
    ],
    [
      "a node that is proved again is not",
      {
        quarantine: [
          quarantine({
            nodes: quarantine().nodes.map((node) => ({
              ...node,
              resolvedAt: "2026-07-10T10:00:00Z",
            })),
          }),
        ],
      },
      [],
    ],
    [
      "a run that is done and proved",
      { run: updateRun("Completed"), closed: true },
      ["dev: update run dev-3-1a2b3c4d is done and proved"],
    ],
  ])("%s", (_name, change, expected) => {
    expect(noticesOf(input(change)).map(({ text }) => text)).toEqual(expected);
  });

  test("a run that fails again after it was resumed is news again", () => {
    const keys = ["b", "c"].map((completedTime) =>
      noticesOf(input({ run: updateRun("Failed", { status: { ...failure, completedTime } }) })),
    );
    expect(keys[0]?.[0]?.key).not.toBe(keys[1]?.[0]?.key);
  });
});

describe("each message", () => {
  const done = input({ run: updateRun("Completed"), closed: true });

  function deps() {
    return {
      store: memoryStateStore(),
      clock: { now: () => 0 },
      logger: silentLogger,
      notifier: createWebhookNotifier(url),
    };
  }

  const tell = (shared: NotifyDeps, what: NoticeInput) =>
    notify(shared, what.environment, noticesOf(what));

  test("is sent once, however many look at once and however often", async () => {
    const shared = deps();
    await Promise.all([tell(shared, done), tell(shared, done)]);
    await tell(shared, done);
    expect(received).toEqual([{ text: "dev: update run dev-3-1a2b3c4d is done and proved" }]);
  });

  test("is sent by the next look when it was refused", async () => {
    const shared = deps();
    answer = 500;
    await tell(shared, done);
    answer = 200;
    await tell(shared, done);
    await tell(shared, done);
    expect(received).toHaveLength(2);
  });

  test("mentions nobody and links nowhere by what a cluster wrote", async () => {
    const run = updateRun("Failed", {
      status: { ...failure, error: { code: "X", message: "<!channel> & <http://x|y>" } },
    });
    await tell(deps(), input({ run }));
    expect(received).toEqual([
      { text: "dev: dev-3-1a2b3c4d failed: &lt;!channel&gt; &amp; &lt;http://x|y&gt;" },
    ]);
  });

  test("that is one of too many for one look is sent by the next", async () => {
    const shared = deps();
    const names = Array.from({ length: 12 }, (_, index) => `stage-${index}`);
    const stages = names.map((name) => stage(name, "Completed", []));
    const many = input({
      run: updateRun("Completed", { stageStatuses: stages }),
      closed: true,
    });
    expect(await tell(shared, many)).toBe(false);
    expect(received).toHaveLength(10);
    expect(await tell(shared, many)).toBe(true);
    expect(received).toHaveLength(13);
    expect(received).toContainEqual({
      text: "dev: update run dev-3-1a2b3c4d is done and proved",
    });
  });

  test("that cannot be sent holds nothing up", async () => {
    const gone = createServer();
    await new Promise<void>((listening) => gone.listen(0, "127.0.0.1", listening));
    const { port } = gone.address() as AddressInfo;
    await new Promise((closed) => gone.close(closed));
    const notifier = createWebhookNotifier(`http://127.0.0.1:${port}/x`);
    await expect(tell({ ...deps(), notifier }, done)).resolves.toBe(true);
    expect(await notifier.send("x")).toBe("refused");
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

/** A port that this look must not touch. */
function untouched<T extends object>(): T {
  return new Proxy({} as T, {
    get(_target, name) {
      throw new Error(`${String(name)} was not to be used`);
    },
  });
}

test("a look at a run that is done tells it, closes it, and tells it never again", async () => {
  const run = updateRun("Completed", { stageStatuses: [stage("canary", "Completed", [])] });
  const rollout: Rollout = {
    environment: "dev",
    fleet: FLEET,
    commit: "abc",
    generation: 3,
    runName: run.name,
    nodeImages: {},
    upgradeType: "NodeImageOnly",
    kubernetesVersion: undefined,
    verification: new Map(),
    captureProven: false,
    snapshotResourceGroup: undefined,
  };
  const deps: ReconcileDeps = {
    fleets: untouched(),
    inventory: { ...untouched<ReconcileDeps["inventory"]>(), listClusters: async () => [] },
    nodes: untouched(),
    snapshots: untouched(),
    issues: untouched(),
    store: memoryStateStore(),
    clock: { now: () => 0 },
    wallClock: { now: () => 0 },
    logger: silentLogger,
    identity: "test",
    notifier: createWebhookNotifier(url),
  };
  for (let looks = 0; looks < 3; looks++) await reconcile(deps, run, rollout);
  expect(received).toHaveLength(2);
  expect(received).toEqual(
    expect.arrayContaining([
      { text: "dev: canary of dev-3-1a2b3c4d is done (0 members)" },
      { text: "dev: update run dev-3-1a2b3c4d is done and proved" },
    ]),
  );
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
