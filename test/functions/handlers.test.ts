import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IMAGE_FAMILY, NEW_IMAGE, openTour, REGIONS, type Tour } from "../../cli/tour/stage-set.ts";
import { readStatus } from "../../cli/tour/status.ts";
import { clusterOf } from "../../functions/host/event.ts";
import { silentStory } from "../../cli/tour/story.ts";
import { until } from "../../cli/tour/until.ts";

/**
 * Each function through its registration: events over the webhook of the Functions host, timers over its
 * admin endpoint, HTTP over its route. The clock goes slowly, so no timer comes by itself
 * within a test that looks at what one function did.
 */
let tour: Tour;

const PATIENCE = 120_000;

let traces: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-traces-"));
  traces = join(folder, "spans.jsonl");
  // As docs/deploy.md says: an SDK that is loaded before the app, and nothing else.
  process.env["NODE_OPTIONS"] = `--import ${pathToFileURL(resolve("test/support/tracing.mjs"))}`;
  process.env["TRACE_FILE"] = traces;
  tour = await openTour({ clockFactor: 0.1, seed: 3, story: silentStory });
  delete process.env["NODE_OPTIONS"];
}, PATIENCE);
afterAll(async () => {
  await tour?.stop();
  await rm(dirname(traces), { recursive: true, force: true });
});

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly { name: string; attributes: Readonly<Record<string, unknown>> }[];
}

async function spans(name: string): Promise<readonly Span[]> {
  const lines = (await readFile(traces, "utf8")).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Span).filter((span) => span.name === name);
}

function deliver(functionName: string, event: unknown): Promise<Response> {
  return deliverText(functionName, JSON.stringify(event));
}

function deliverText(
  functionName: string,
  body: string,
  code: string | undefined = tour.functions.ready.eventGridKey,
): Promise<Response> {
  const query = new URLSearchParams({ functionName, ...(code === undefined ? {} : { code }) });
  return fetch(`${tour.functions.ready.url}/runtime/webhooks/EventGrid?${query.toString()}`, {
    method: "POST",
    headers: {
      "aeg-event-type": "Notification",
      "content-type": "application/cloudevents+json; charset=utf-8",
    },
    body,
  });
}

function cloudEvent(change: Record<string, unknown>): Record<string, unknown> {
  return { specversion: "1.0", id: "1", time: "2026-07-06T08:00:00Z", data: {}, ...change };
}

async function runTimer(name: string): Promise<void> {
  const { url, masterKey } = tour.functions.ready;
  const reply = await fetch(`${url}/admin/functions/${name}`, {
    method: "POST",
    headers: { "x-functions-key": masterKey, "content-type": "application/json" },
    body: "{}",
  });
  expect(reply.status).toBe(202);
}

interface Audit {
  readonly entries: readonly { readonly operation: string; readonly principal?: string }[];
}

async function writes(): Promise<readonly string[]> {
  const { entries } = await tour.azure.control<Audit>("GET", "/audit");
  return entries.map(({ operation }) => operation);
}

async function noticed(): Promise<number> {
  const { nodeImages } = await readStatus(tour);
  return nodeImages.filter(({ nodeImageVersion }) => nodeImageVersion.endsWith(NEW_IMAGE)).length;
}

describe("status", () => {
  test("answers only with a key", async () => {
    expect((await fetch(`${tour.functions.ready.url}/api/status`)).status).toBe(401);
  });

  test("shows the environment, its fleet and its pins", async () => {
    expect((await readStatus(tour)).environments).toMatchObject([
      { name: "dev", generation: 1, runs: [] },
      { name: "prod", generation: 1, nodeImages: { [IMAGE_FAMILY]: "202606.16.0" }, runs: [] },
    ]);
  });
});

describe("detect-node-images and on-node-image-released", () => {
  test(
    "publish an image once, and propose it once when all regions have it",
    async () => {
      for (const [index, region] of REGIONS.entries()) {
        const version = `${IMAGE_FAMILY}-${NEW_IMAGE}`;
        await tour.azure.control("POST", "/images", { region, version });
        await runTimer("detect-node-images");
        await until("the image to be noticed", async () => (await noticed()) === index + 1);
        await runTimer("detect-node-images");
      }
      const pulls = () => tour.repository.get<readonly unknown[]>("/pulls?state=all");
      await until("the pull request", async () => (await pulls()).length > 0);
      const event = cloudEvent({
        type: "Fleetwright.NodeImageReleased",
        source: "/fleetwright",
        data: { region: REGIONS[0], nodeImageVersion: `${IMAGE_FAMILY}-${NEW_IMAGE}` },
      });
      expect((await deliver("on-node-image-released", event)).ok).toBe(true);
      expect(await pulls()).toHaveLength(1);
      const taken = (await writes()).filter((operation) => operation === "PUT snapshots");
      // The pools of dev, which takes images first; prod waits for what dev proves.
      expect(taken).toHaveLength(4);
      const published = (await writes()).filter((operation) => operation === "POST topics/events");
      // Two looks had something to tell, the repeated ones nothing.
      expect(published).toHaveLength(2);
    },
    PATIENCE,
  );
});

test("one trace leads from the look at the regions over its event to the pull request", async () => {
  const announcing = (await spans("detect-node-images")).filter(({ events }) =>
    events.some(({ name }) => name === "node image announced"),
  );
  expect(announcing.length).toBeGreaterThanOrEqual(2);
  const first = await until("the span that proposed to end", async () =>
    (await spans("on-node-image-released")).find(({ events }) =>
      events.some(({ name }) => name === "outgoing snapshot taken"),
    ),
  );
  // The publisher's own span, and not merely one of the same trace.
  expect(announcing.map(({ spanId }) => spanId)).toContain(first.parent);
  expect(first.attributes).toMatchObject({
    "cloudevents.event_type": "Fleetwright.NodeImageReleased",
    "cloudevents.event_id": expect.stringMatching(/./),
  });
  const told = first.events.map(({ name }) => name);
  expect(told.filter((name) => name === "outgoing snapshot taken")).toHaveLength(4);
  expect(first.events.at(-1)).toMatchObject({
    name: "node images looked at",
    attributes: { result: "proposed", pullRequest: expect.any(Number) },
  });
  // Each line of the log names the event, too: what has no SDK can be followed all the same.
  const id = first.attributes["cloudevents.event_id"];
  expect(tour.functions.log()).toContain(`"event":"${id}"`);
});

describe("events of somebody else's resources change nothing", () => {
  const foreign =
    "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/x/providers/Microsoft.ContainerService";

  test.each([
    [
      "on-node-pool-rolling",
      {
        type: "Microsoft.ContainerService.NodePoolRollingFailed",
        source: `${foreign}/managedClusters/x`,
        subject: "x",
      },
    ],
    [
      "on-fleet-gate",
      {
        type: "Microsoft.ResourceNotifications.AksResources.FleetGateCreated",
        source: "/subscriptions/x",
        subject: `${foreign}/fleets/x/gates/g`,
      },
    ],
    ["on-node-pool-rolling", { type: "x", source: "not an id" }],
    ["on-fleet-gate", { type: "x", source: "x", subject: "../../evil" }],
  ])("%s", async (name, change) => {
    const before = (await writes()).length;
    expect((await deliver(name, cloudEvent(change))).ok).toBe(true);
    expect(await writes()).toHaveLength(before);
  });
});

describe("a hostile sender", () => {
  // The clock stands, so that no timer looks meanwhile.
  beforeAll(async () => void (await tour.azure.control("POST", "/clock", { factor: 0 })));
  afterAll(async () => void (await tour.azure.control("POST", "/clock", { factor: 0.1 })));

  const rolling = () => ({
    type: "Microsoft.ContainerService.NodePoolRollingFailed",
    source: tour.clusterIds[0],
    subject: "apps",
  });
  const image = { region: "westeurope", nodeImageVersion: `${IMAGE_FAMILY}-202609.01.0` };

  test.each([
    ["no key", () => ""],
    ["a key that is made up", () => "x".repeat(40)],
    ["the key of the status page", () => tour.functions.ready.functionKey],
  ])("with %s is not heard", async (_case, key) => {
    const before = await calls();
    const reply = await deliverText("on-node-pool-rolling", JSON.stringify(rolling()), key());
    expect(reply.status).toBe(401);
    expect(await calls()).toEqual(before);
  });

  test.each<[string, string, () => Record<string, unknown>]>([
    [
      "an event larger than any of ours",
      "on-node-pool-rolling",
      () => ({
        ...rolling(),
        data: "x".repeat(70_000),
      }),
    ],
    [
      "an event of somebody else's type",
      "on-node-pool-rolling",
      () => ({
        ...rolling(),
        type: "Microsoft.Storage.BlobCreated",
      }),
    ],
    ["an event without a type", "on-node-pool-rolling", () => ({ ...rolling(), type: undefined })],
    ["a type that is a list", "on-node-pool-rolling", () => ({ ...rolling(), type: ["a"] })],
    [
      "a path behind a cluster",
      "on-node-pool-rolling",
      () => ({
        ...rolling(),
        source: `${tour.clusterIds[0]}/../other`,
      }),
    ],
    [
      "a region that is none",
      "on-node-image-released",
      () => ({
        type: "Fleetwright.NodeImageReleased",
        data: { ...image, region: "../west\neurope" },
      }),
    ],
    [
      "an image without its name",
      "on-node-image-released",
      () => ({
        type: "Fleetwright.NodeImageReleased",
        data: { region: "westeurope" },
      }),
    ],
    [
      "a version that is none",
      "on-kubernetes-version",
      () => ({
        ...rolling(),
        type: "Microsoft.ContainerService.ClusterSupportEnding",
        data: { kubernetesVersion: `1.${"9".repeat(400)}` },
      }),
    ],
  ])("with the key and %s makes nobody look, and is logged", async (_case, name, event) => {
    const before = await calls();
    const id = `hostile-${randomUUID()}`;
    expect((await deliver(name, cloudEvent({ id, ...event() }))).ok).toBe(true);
    expect(await calls()).toEqual(before);
    const line = tour.functions
      .log()
      .split("\n")
      .find((one) => one.includes(id));
    expect(line).toContain("nothing to look at");
  });

  test("that nests an event too deeply to be written down again names nothing", () => {
    const data: unknown = JSON.parse(`${"[".repeat(200_000)}${"]".repeat(200_000)}`);
    expect(() => JSON.stringify(data)).toThrow(RangeError);
    expect(clusterOf({ ...rolling(), data })).toBeUndefined();
    expect(clusterOf(rolling())).toBe(tour.clusterIds[0]);
  });

  test("finds no key or token in the log", () => {
    const { eventGridKey, functionKey, masterKey } = tour.functions.ready;
    const [, ...lines] = tour.functions.log().split("\n");
    const log = lines.filter((line) => !line.includes('"eventGridKey"')).join("\n");
    expect(log.length).toBeGreaterThan(1_000);
    for (const secret of [eventGridKey, functionKey, masterKey, tour.appToken])
      expect(log).not.toContain(secret);
    // A token of Entra begins so, whatever it says.
    expect(log).not.toMatch(/eyJ[\w-]{10}|Bearer /);
  });
});

/** Every call that the functions made to Azure and GitHub until now, apart from tokens and the clock. */
async function calls(): Promise<object> {
  const { calls: made } = await tour.azure.control<{
    calls: { byService: Record<string, { byOperation: object }> };
  }>("GET", "/audit");
  const { arm, fleet, aks, kubernetes } = made.byService;
  expect(arm).toBeDefined();
  return { arm, fleet, aks, kubernetes };
}

test(
  "sweep looks everywhere without an event and writes nothing when there is nothing to do",
  async () => {
    const before = await writes();
    await runTimer("sweep");
    await until("the sweep to have looked", async () => {
      const { calls } = await tour.azure.control<{
        calls: { byOperation: Record<string, number> };
      }>("GET", "/audit");
      return (calls.byOperation["LIST fleets/updateRuns"] ?? 0) > 0;
    });
    expect(await writes()).toEqual(before);
  },
  PATIENCE,
);
