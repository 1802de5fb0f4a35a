import {
  AzureKeyCredential,
  AzureSASCredential,
  EventGridPublisherClient,
  generateSharedAccessSignature,
} from "@azure/eventgrid";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  CLUSTER,
  FLEET,
  GROUP,
  SENDER,
  START,
  STRANGER,
  SUBSCRIPTION,
  startEventGridServer,
  startWebhook,
  until,
} from "./event-grid-server.ts";
import type { ArmAnswer, EventGridServer, Webhook } from "./event-grid-server.ts";
import { startTestEmulator } from "../support/emulator.ts";

const TOPIC = `${GROUP}/providers/Microsoft.EventGrid/topics/images`;
const AUDIENCE = "https://eventgrid.azure.net";
const MINUTE = 60_000;

let azure: EventGridServer;
let webhook: Webhook;

beforeEach(async () => {
  azure = await startEventGridServer();
  webhook = await startWebhook();
});

afterEach(async () => {
  await azure.close();
  await webhook.close();
});

async function putTopic(inputSchema = "CloudEventSchemaV1_0"): Promise<string> {
  const { body } = await azure.arm("PUT", TOPIC, {
    location: "westeurope",
    properties: { inputSchema },
  });
  return (body["properties"] as unknown as { endpoint: string }).endpoint;
}

function subscribe(scope: string, properties: object = {}, name = "tests"): Promise<ArmAnswer> {
  return azure.arm("PUT", `${scope}/providers/Microsoft.EventGrid/eventSubscriptions/${name}`, {
    properties: {
      destination: {
        endpointType: "WebHook",
        properties: { endpointUrl: `${webhook.url}?code=k` },
      },
      eventDeliverySchema: "CloudEventSchemaV1_0",
      ...properties,
    },
  });
}

async function topicKey(): Promise<AzureKeyCredential> {
  const { body } = await azure.arm("POST", `${TOPIC}/listKeys`);
  return new AzureKeyCredential(String(body["key1"]));
}

async function publisher(endpoint: string): Promise<EventGridPublisherClient<"CloudEvent">> {
  return new EventGridPublisherClient(endpoint, "CloudEvent", await topicKey(), {
    tlsOptions: { ca: azure.caPem },
    retryOptions: { maxRetries: 0 },
  });
}

function imageEvent(id: string): { id: string; type: string; source: string; data: object } {
  return { id, type: "Fleetwright.NodeImageReleased", source: "/fleetwright", data: { id } };
}

function rolling(change: "RollingStarted" | "RollingSucceeded" | "RollingFailed"): void {
  const cluster = CLUSTER.toLowerCase();
  azure.tell({ at: azure.clock.now(), kind: "pool", cluster, pool: "np1", change });
}

const idle = (): boolean => azure.grid.counters.pending === 0;

describe("publishing to a custom topic", () => {
  it("brings what EventGridPublisherClient sends to a webhook, one event per request", async () => {
    const endpoint = await putTopic();
    await subscribe(TOPIC);
    await (await publisher(endpoint)).send([imageEvent("1"), imageEvent("2")]);
    await until(idle, "both delivered");
    expect(
      webhook
        .notifications()
        .map((event) => event["id"])
        .toSorted(),
    ).toEqual(["1", "2"]);
    expect(webhook.notifications()[0]).toMatchObject({
      specversion: "1.0",
      type: "Fleetwright.NodeImageReleased",
      source: "/fleetwright",
    });
    const headers = webhook.received.at(-1)?.headers;
    expect(headers).toMatchObject({
      "content-type": "application/cloudevents+json; charset=utf-8",
      "aeg-subscription-name": "TESTS",
      "aeg-delivery-count": "0",
    });
    expect(azure.grid.counters).toMatchObject({ published: 2, delivered: 2, retried: 0 });
    expect(azure.audit.entries.at(-1)).toMatchObject({
      service: "event-grid",
      operation: "POST topics/events",
      status: 200,
      write: true,
    });
  });

  it("takes a shared access signature and an Entra token with the sender's role", async () => {
    const endpoint = await putTopic();
    await subscribe(TOPIC);
    const expiry = new Date(Date.now() + 60_000);
    const signature = await generateSharedAccessSignature(endpoint, await topicKey(), expiry);
    const options = { tlsOptions: { ca: azure.caPem }, retryOptions: { maxRetries: 0 } };
    const signed = new EventGridPublisherClient(
      endpoint,
      "CloudEvent",
      new AzureSASCredential(signature),
      options,
    );
    await signed.send([imageEvent("signed")]);
    const asSender = new EventGridPublisherClient(
      endpoint,
      "CloudEvent",
      {
        getToken: () =>
          Promise.resolve({
            token: azure.token(AUDIENCE, SENDER),
            expiresOnTimestamp: Date.now() + 60_000,
          }),
      },
      options,
    );
    await asSender.send([imageEvent("token")]);
    await until(idle, "both delivered");
    expect(azure.grid.counters.delivered).toBe(2);
  });

  it.each([
    ["a wrong key", { "aeg-sas-key": "d3Jvbmc=" }, 401],
    ["a forged signature", { "aeg-sas-token": "r=x&e=1%2f1%2f2099&s=abc" }, 401],
    ["no proof at all", {}, 401],
    ["a token that is none", { authorization: "Bearer nonsense" }, 401],
  ])("refuses %s", async (_, headers, status) => {
    await putTopic();
    expect((await post(headers, [])).status).toBe(status);
  });

  it("refuses a principal without the role, and names the action", async () => {
    await putTopic();
    const headers = { authorization: `Bearer ${azure.token(AUDIENCE, STRANGER)}` };
    const reply = await post(headers, []);
    expect(reply.status).toBe(403);
    expect(JSON.stringify(reply.body)).toContain("Microsoft.EventGrid/events/send/action");
  });

  it("refuses a token for another audience", async () => {
    await putTopic();
    const headers = { authorization: `Bearer ${azure.token("https://management.azure.com")}` };
    expect((await post(headers, [])).status).toBe(401);
  });

  it.each([
    ["text", "{", 400],
    ["an object where an array belongs", { id: "1" }, 400],
    ["an event without a type", [{ id: "1", source: "/s", specversion: "1.0" }], 400],
    ["another version", [{ ...imageEvent("1"), specversion: "0.3" }], 400],
    ["more than a megabyte", [{ ...imageEvent("1"), data: "x".repeat(1024 * 1024) }], 413],
  ])("refuses %s", async (_, body, status) => {
    await putTopic();
    const headers = { authorization: `Bearer ${azure.token(AUDIENCE)}` };
    expect((await post(headers, body)).status).toBe(status);
  });

  it("turns its own schema into CloudEvents for a subscription that wants them", async () => {
    await putTopic("EventGridSchema");
    await subscribe(TOPIC);
    const headers = { authorization: `Bearer ${azure.token(AUDIENCE)}` };
    const eventTime = "2026-07-01T08:00:00Z";
    const event = { id: "1", subject: "s", eventType: "T", eventTime, dataVersion: "2", data: 5 };
    expect((await post(headers, [event])).status).toBe(200);
    await until(idle, "delivered");
    expect(webhook.notifications()).toEqual([
      {
        id: "1",
        source: TOPIC,
        type: "T",
        subject: "s",
        time: eventTime,
        specversion: "1.0",
        data: 5,
      },
    ]);
  });

  it("forgets a regenerated key", async () => {
    const endpoint = await putTopic();
    const client = await publisher(endpoint);
    await azure.arm("POST", `${TOPIC}/regenerateKey`, { keyName: "key1" });
    await expect(client.send([imageEvent("1")])).rejects.toMatchObject({ statusCode: 401 });
  });

  async function post(headers: Record<string, string>, body: unknown): Promise<ArmAnswer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const reply = await azure.grid.service.handle({
      method: "POST",
      path: "/topics/images/api/events",
      query: new Map([["api-version", "2018-01-01"]]),
      headers: { "content-type": "application/cloudevents-batch+json; charset=utf-8", ...headers },
      body: Buffer.from(text),
      signal: new AbortController().signal,
    });
    return { status: reply?.status ?? 0, body: (reply?.body ?? {}) as ArmAnswer["body"] };
  }
});

describe("events of Azure itself", () => {
  it("tells a cluster's rolling upgrade with the pool's name and nothing more", async () => {
    await subscribe(CLUSTER, { eventDeliverySchema: "EventGridSchema" });
    rolling("RollingStarted");
    await until(idle, "delivered");
    expect(webhook.notifications()).toEqual([
      [
        {
          topic: CLUSTER.toLowerCase()
            .replace("resourcegroups", "resourceGroups")
            .replace(
              "microsoft.containerservice/managedclusters",
              "Microsoft.ContainerService/managedClusters",
            ),
          subject: "quay-1",
          eventType: "Microsoft.ContainerService.NodePoolRollingStarted",
          id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
          data: { nodePoolName: "np1" },
          dataVersion: "1",
          metadataVersion: "1",
          eventTime: "2026-07-01T08:00:00.000Z",
        },
      ],
    ]);
  });

  it("tells a fleet's gates through the system topic of the subscription", async () => {
    const topic = `${GROUP}/providers/Microsoft.EventGrid/systemTopics/gates`;
    const source = `/subscriptions/${SUBSCRIPTION}`;
    const topicType = "microsoft.resourcenotifications.aksresources";
    const created = await azure.arm("PUT", topic, {
      location: "global",
      properties: { source, topicType },
    });
    expect(created.status).toBe(201);
    const filter = {
      includedEventTypes: ["Microsoft.ResourceNotifications.AKSResources.FleetGateCreated"],
    };
    const destination = { endpointType: "WebHook", properties: { endpointUrl: webhook.url } };
    const eventDeliverySchema = "CloudEventSchemaV1_0";
    const subscription = await azure.arm("PUT", `${topic}/eventSubscriptions/gates`, {
      properties: { destination, filter, eventDeliverySchema },
    });
    expect(subscription.status).toBe(201);
    azure.gates.set("guid-1", {
      name: "guid-1",
      displayName: "prove stage1",
      gateType: "Approval",
      scheduledStart: undefined,
      state: "Pending",
      run: "run-1",
      stage: "stage1",
      group: undefined,
      timing: "After",
    });
    const fleet = FLEET.toLowerCase();
    const at = azure.clock.now();
    azure.tell({ at, kind: "gate", fleet, gate: "guid-1", change: "Created" });
    azure.tell({ at, kind: "gate", fleet, gate: "guid-1", change: "Updated" });
    await until(idle, "delivered");
    expect(azure.grid.counters.published).toBe(2);
    expect(webhook.notifications()).toHaveLength(1);
    expect(webhook.notifications()[0]).toMatchObject({
      source,
      type: "Microsoft.ResourceNotifications.AksResources.FleetGateCreated",
      data: {
        resourceInfo: {
          type: "Microsoft.ContainerService/fleets/gates",
          properties: {
            displayName: "prove stage1",
            state: "Pending",
            target: { updateRunProperties: { name: "run-1", stage: "stage1", timing: "After" } },
          },
        },
      },
    });
  });

  it("publishes what a test emits, such as a new Kubernetes version", async () => {
    await subscribe(CLUSTER);
    const type = "Microsoft.ContainerService.NewKubernetesVersionAvailable";
    const data = { latestSupportedKubernetesVersion: "1.34.1" };
    const event = { type, source: CLUSTER, subject: "quay-1", data };
    expect((await azure.control("POST", "/_emulator/events", event)).status).toBe(202);
    await until(idle, "delivered");
    expect(webhook.notifications()[0]).toMatchObject({ type, data });
    const unknown = { type: "Contoso.Nothing", source: CLUSTER };
    expect((await azure.control("POST", "/_emulator/events", unknown)).status).toBe(400);
  });

  it("makes no event that nobody listens to", () => {
    rolling("RollingStarted");
    expect(azure.grid.counters.published).toBe(0);
  });
});

describe("topics in ARM", () => {
  const SYSTEM_TOPIC = `${GROUP}/providers/Microsoft.EventGrid/systemTopics/quay`;
  const source = { source: CLUSTER, topicType: "Microsoft.ContainerService.ManagedClusters" };

  it("are made, listed and deleted with their subscriptions", async () => {
    expect(await putTopic()).toBe(`${azure.origin}/topics/images/api/events`);
    expect((await subscribe(TOPIC)).status).toBe(201);
    const all = await azure.arm("GET", `${GROUP}/providers/Microsoft.EventGrid/topics`);
    expect(all.body["value"]).toMatchObject([
      { id: TOPIC, properties: { inputSchema: "CloudEventSchemaV1_0" } },
    ]);
    expect((await azure.arm("DELETE", TOPIC)).status).toBe(200);
    expect((await azure.arm("GET", TOPIC)).status).toBe(404);
    const subscription = `${TOPIC}/providers/Microsoft.EventGrid/eventSubscriptions/tests`;
    expect((await azure.arm("GET", subscription)).status).toBe(404);
    expect((await azure.arm("DELETE", TOPIC)).status).toBe(204);
  });

  it("keep their schema, their name and their unknown fields", async () => {
    await putTopic("EventGridSchema");
    const body = {
      location: "westeurope",
      tags: { team: "harbour" },
      properties: { inputSchema: "CloudEventSchemaV1_0", minimumTlsVersionAllowed: "1.2" },
    };
    expect((await azure.arm("PUT", TOPIC.toUpperCase(), body)).body).toMatchObject({
      id: TOPIC,
      tags: { team: "harbour" },
      properties: { inputSchema: "EventGridSchema", minimumTlsVersionAllowed: "1.2" },
    });
    expect((await azure.arm("PUT", TOPIC, {})).status).toBe(400);
  });

  it("of the system are one per source, and their source must exist", async () => {
    const put = (id: string, properties: object): Promise<ArmAnswer> =>
      azure.arm("PUT", id, { location: "westeurope", properties });
    expect((await put(SYSTEM_TOPIC, source)).status).toBe(201);
    expect((await put(SYSTEM_TOPIC, source)).status).toBe(200);
    expect((await put(`${SYSTEM_TOPIC}-2`, source)).status).toBe(400);
    const absent = { ...source, source: CLUSTER.replace("quay-1", "quay-9") };
    expect((await put(`${SYSTEM_TOPIC}-2`, absent)).status).toBe(404);
    const strange = { source: CLUSTER, topicType: "Microsoft.Storage.StorageAccounts" };
    expect((await put(`${SYSTEM_TOPIC}-2`, strange)).status).toBe(400);
  });

  it("go with their resource group", async () => {
    await putTopic();
    await azure.arm("PUT", SYSTEM_TOPIC, { location: "westeurope", properties: source });
    await subscribe(CLUSTER);
    expect((await azure.arm("DELETE", GROUP)).status).toBe(200);
    await azure.arm("PUT", GROUP, { location: "westeurope" });
    expect((await azure.arm("GET", TOPIC)).status).toBe(404);
    expect((await azure.arm("GET", SYSTEM_TOPIC)).status).toBe(404);
    rolling("RollingStarted");
    expect(azure.grid.counters.published).toBe(0);
  });
});

describe("event subscriptions", () => {
  it("are listed by region, by topic type and by group, as clients of the service list them", async () => {
    await putTopic();
    await subscribe(TOPIC, {}, "of-topic");
    const systemTopic = `${GROUP}/providers/Microsoft.EventGrid/systemTopics/gates`;
    await azure.arm("PUT", systemTopic, {
      location: "global",
      properties: {
        source: `/subscriptions/${SUBSCRIPTION}`,
        topicType: "Microsoft.ResourceNotifications.AKSResources",
      },
    });
    const patched = await azure.arm("PATCH", systemTopic, { tags: { team: "dock" } });
    expect(patched.body).toMatchObject({ location: "global", tags: { team: "dock" } });
    const properties = {
      destination: {
        endpointType: "WebHook",
        properties: { endpointUrl: `${webhook.url}?code=k` },
      },
    };
    await azure.arm("PUT", `${systemTopic}/eventSubscriptions/of-gates`, { properties });
    const names = async (path: string): Promise<unknown> => {
      const { body } = await azure.arm("GET", path);
      return (body["value"] as { name: string }[]).map(({ name }) => name);
    };
    const grid = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.EventGrid`;
    const inGroup = `${GROUP}/providers/Microsoft.EventGrid`;
    expect(await names(`${grid}/locations/westeurope/eventSubscriptions`)).toEqual(["of-topic"]);
    expect(await names(`${grid}/locations/northeurope/eventSubscriptions`)).toEqual([]);
    const topics = "topicTypes/Microsoft.EventGrid.Topics/eventSubscriptions";
    expect(await names(`${inGroup}/locations/westeurope/${topics}`)).toEqual(["of-topic"]);
    const gates = "topicTypes/Microsoft.ResourceNotifications.AKSResources/eventSubscriptions";
    expect(await names(`${grid}/${gates}`)).toEqual(["of-gates"]);
  });

  it("may choose among the events that their source tells of", async () => {
    const { body } = await azure.arm("GET", `${CLUSTER}/providers/Microsoft.EventGrid/eventTypes`);
    expect(JSON.stringify(body)).toContain("NodePoolRollingStarted");
    expect(JSON.stringify(body)).not.toContain("FleetGate");
  });

  it.each(["EventGridSchema", "CloudEventSchemaV1_0"])(
    "asks a webhook for its consent in %s, and fails without it",
    async (eventDeliverySchema) => {
      for (const consent of ["no", "wrong"] as const) {
        webhook.consent = consent;
        const refused = await subscribe(CLUSTER, { eventDeliverySchema });
        expect(refused.status).toBe(400);
        expect(JSON.stringify(refused.body)).toContain("validation handshake failed");
      }
      expect((await azure.arm("GET", subscriptionId())).status).toBe(404);
      webhook.consent = "yes";
      expect((await subscribe(CLUSTER, { eventDeliverySchema })).status).toBe(201);
      expect((await subscribe(CLUSTER, { eventDeliverySchema })).status).toBe(200);
    },
  );

  it("shows its defaults, and the URL without the key", async () => {
    await subscribe(CLUSTER, { eventDeliverySchema: "EventGridSchema" });
    const { body } = await azure.arm("GET", subscriptionId());
    expect(body).toMatchObject({
      type: "Microsoft.EventGrid/eventSubscriptions",
      properties: {
        provisioningState: "Succeeded",
        topic: CLUSTER,
        eventDeliverySchema: "EventGridSchema",
        retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 },
        destination: { properties: { endpointBaseUrl: webhook.url } },
      },
    });
    expect(JSON.stringify(body)).not.toContain("code=k");
    const full = await azure.arm("POST", `${subscriptionId()}/getFullUrl`);
    expect(full.body).toEqual({ endpointUrl: `${webhook.url}?code=k` });
    const all = `${CLUSTER}/providers/Microsoft.EventGrid/eventSubscriptions`;
    expect((await azure.arm("GET", all)).body).toEqual({ value: [body] });
  });

  it.each([
    ["an event type of another topic", { filter: { includedEventTypes: ["Contoso.X"] } }],
    ["31 attempts", { retryPolicy: { maxDeliveryAttempts: 31 } }],
    ["two days to live", { retryPolicy: { eventTimeToLiveInMinutes: 2_880 } }],
    ["an unknown operator", { filter: { advancedFilters: [{ operatorType: "X", key: "id" }] } }],
    ["http elsewhere", { destination: webhookAt("http://example.com/") }],
    ["a queue", { destination: { endpointType: "StorageQueue", properties: {} } }],
    [
      "dead letters without a container",
      { deadLetterDestination: { endpointType: "StorageBlob" } },
    ],
  ])("refuses %s", async (_, properties) => {
    expect((await subscribe(CLUSTER, properties)).status).toBe(400);
  });

  it("refuses a name that Azure would not take", async () => {
    const answer = await subscribe(CLUSTER, {}, "st");
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain("3 to 64");
  });

  it("looks into arrays when told to", async () => {
    const endpoint = await putTopic();
    const looking = { ...advanced("StringIn", "data.regions", ["westeurope"]) };
    await subscribe(
      TOPIC,
      { filter: { ...looking, enableAdvancedFilteringOnArrays: true } },
      "any",
    );
    await subscribe(TOPIC, { filter: looking }, "none");
    const event = { ...imageEvent("1"), data: { regions: ["eastus", "westeurope"] } };
    await (await publisher(endpoint)).send([event]);
    await until(idle, "delivered");
    const told = webhook.received.map(({ headers }) => headers["aeg-subscription-name"]);
    expect(told.filter((name) => name !== undefined)).toEqual(["ANY"]);
  });

  it("refuses gate events at the scope of a subscription: they need a system topic", async () => {
    const type = "Microsoft.ResourceNotifications.AKSResources.FleetGateCreated";
    const filter = { includedEventTypes: [type] };
    const refused = await subscribe(`/subscriptions/${SUBSCRIPTION}`, { filter });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain("Microsoft.Resources.Subscriptions");
  });

  it.each([
    [{ subjectBeginsWith: "QUAY" }, 2],
    [
      {
        ...advanced("StringContains", "data.nodePoolName", ["P1"]),
        enableAdvancedFilteringOnArrays: true,
      },
      2,
    ],
    [{ subjectBeginsWith: "QUAY", isSubjectCaseSensitive: true }, 0],
    [{ subjectEndsWith: "-2" }, 0],
    [{ includedEventTypes: ["microsoft.containerservice.nodepoolrollingfailed"] }, 1],
    [advanced("StringIn", "data.nodePoolName", ["np1", "np2"]), 2],
    [advanced("StringNotIn", "data.nodePoolName", ["np1"]), 0],
    [advanced("StringEndsWith", "eventType", ["Failed"]), 1],
    [advanced("IsNotNull", "data.absent", []), 0],
  ])("filters: %o lets %i of two events through", async (filter, count) => {
    await subscribe(CLUSTER, { filter });
    rolling("RollingStarted");
    rolling("RollingFailed");
    await until(idle, "delivered");
    expect(webhook.notifications()).toHaveLength(count);
  });

  it("is not told of anything once it is deleted", async () => {
    await subscribe(CLUSTER);
    expect((await azure.arm("DELETE", subscriptionId())).status).toBe(200);
    expect((await azure.arm("DELETE", subscriptionId())).status).toBe(204);
    rolling("RollingStarted");
    expect(azure.grid.counters).toMatchObject({ published: 0, pending: 0 });
  });

  function subscriptionId(): string {
    return `${CLUSTER}/providers/Microsoft.EventGrid/eventSubscriptions/tests`;
  }
});

describe("delivery", () => {
  it("is tried again on the documented schedule, in virtual time", async () => {
    await subscribe(CLUSTER);
    webhook.answerWith(500, 500, 503, 404, 200);
    rolling("RollingStarted");
    const times: number[] = [];
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await until(() => webhook.notifications().length === attempt, `attempt ${attempt}`);
      times.push((azure.clock.now() - START) / 1_000);
      await settled();
      if (attempt < 5) advanceUntil(() => azure.grid.counters.retried === attempt);
    }
    await until(idle, "delivered");
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // 10 s, 30 s, 1 min; the 404 waits for at least five minutes. Each up to a tenth longer, in steps of 1 s.
    const expected = [10, 30, 60, 300];
    for (const [index, least] of expected.entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least);
      expect(waits[index]).toBeLessThanOrEqual(least * 1.1 + 1);
    }
    expect(azure.grid.counters).toMatchObject({ delivered: 1, retried: 4, dropped: 0 });
    expect(webhook.received.at(-1)?.headers["aeg-delivery-count"]).toBe("4");
  });

  it("keeps eight requests of a subscription under way, no more", async () => {
    await subscribe(CLUSTER);
    for (let i = 0; i < 20; i += 1) rolling("RollingStarted");
    expect(azure.grid.counters).toMatchObject({ pending: 20, underWay: 8 });
    await until(idle, "delivered");
    expect(webhook.notifications()).toHaveLength(20);
  });

  it("trusts an https webhook whose certificate the emulator's CA signed", async () => {
    const bodies: string[] = [];
    const secure = await azure.serve((request) => {
      if (request.method === "POST") bodies.push(request.body.toString("utf8"));
      return { status: 200, headers: { "WebHook-Allowed-Origin": "*" } };
    });
    const destination = webhookAt(`${secure.origin}/hook`);
    expect((await subscribe(CLUSTER, { destination })).status).toBe(201);
    rolling("RollingStarted");
    await until(idle, "delivered");
    await secure.close();
    expect(bodies.map((body) => (JSON.parse(body) as { subject: string }).subject)).toEqual([
      "quay-1",
    ]);
  });

  it("adds the headers that a subscription maps", async () => {
    const properties = {
      endpointUrl: webhook.url,
      deliveryAttributeMappings: [
        { name: "x-team", type: "Static", properties: { value: "harbour", isSecret: false } },
        { name: "x-key", type: "Static", properties: { value: "hidden value", isSecret: true } },
        { name: "x-pool", type: "Dynamic", properties: { sourceField: "data.nodePoolName" } },
        { name: "x-none", type: "Dynamic", properties: { sourceField: "data.nothing" } },
      ],
    };
    const { body } = await subscribe(CLUSTER, {
      destination: { endpointType: "WebHook", properties },
    });
    expect(JSON.stringify(body)).not.toContain("hidden value");
    rolling("RollingStarted");
    await until(idle, "delivered");
    expect(webhook.received.at(-1)?.headers).toMatchObject({
      "x-team": "harbour",
      "x-key": "hidden value",
      "x-pool": "np1",
    });
    expect(webhook.received.at(-1)?.headers).not.toHaveProperty("x-none");
  });

  it.each([
    [{ name: "x y", type: "Static", properties: { value: "v" } }, "letters, digits"],
    [{ name: "x-y", type: "Dynamic", properties: {} }, "sourceField"],
  ])("refuses the header %j", async (mapping, why) => {
    const properties = { endpointUrl: webhook.url, deliveryAttributeMappings: [mapping] };
    const answer = await subscribe(CLUSTER, {
      destination: { endpointType: "WebHook", properties },
    });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(why);
  });

  it.each([400, 401, 413])("gives up at once on %i, and keeps a dead letter", async (status) => {
    await subscribe(CLUSTER, { deadLetterDestination: deadLetters() });
    webhook.answerWith(status);
    rolling("RollingFailed");
    await until(idle, "given up");
    expect(azure.grid.counters).toMatchObject({ retried: 0, deadLettered: 1, dropped: 0 });
    expect((await azure.control("GET", "/_emulator/dead-letters")).body).toEqual({ value: [] });
    azure.clock.advance(5 * MINUTE);
    const { body } = await azure.control("GET", "/_emulator/dead-letters");
    expect(body["value"]).toMatchObject([
      {
        type: "Microsoft.ContainerService.NodePoolRollingFailed",
        deadLetterReason: "UndeliverableDueToClientError",
        deliveryAttempts: 1,
      },
    ]);
  });

  it("drops what it cannot deliver when there is no place for dead letters", async () => {
    await subscribe(CLUSTER, { retryPolicy: { maxDeliveryAttempts: 2 } });
    webhook.answerWith(500);
    rolling("RollingStarted");
    await settled();
    advanceUntil(() => azure.grid.counters.retried === 1);
    await until(idle, "given up");
    expect(azure.grid.counters).toMatchObject({ delivered: 0, dropped: 1, deadLettered: 0 });
  });

  it("ends with the event's time to live", async () => {
    const retryPolicy = { eventTimeToLiveInMinutes: 1 };
    await subscribe(CLUSTER, { retryPolicy, deadLetterDestination: deadLetters() });
    webhook.answerWith(503);
    rolling("RollingStarted");
    await settled();
    azure.clock.advance(34_000);
    await settled();
    azure.clock.advance(34_000);
    await until(idle, "given up");
    azure.clock.advance(5 * MINUTE);
    const { body } = await azure.control("GET", "/_emulator/dead-letters");
    expect(body["value"]).toMatchObject([
      { deadLetterReason: "TimeToLiveExceeded", deliveryAttempts: 2, lastDeliveryOutcome: "Busy" },
    ]);
  });

  it("survives a webhook that is away for a while", async () => {
    await subscribe(CLUSTER);
    await webhook.close();
    rolling("RollingStarted");
    await settled();
    expect(azure.grid.counters).toMatchObject({ pending: 1, delivered: 0 });
    webhook = await startWebhook(Number(new URL(webhook.url).port));
    advanceUntil(() => azure.grid.counters.retried === 1);
    await until(idle, "delivered");
    expect(webhook.notifications()).toHaveLength(1);
  });

  it("delivers ten times and in another order when told to", async () => {
    await azure.control("POST", "/_emulator/delivery", { duplicates: 9, shuffle: true, seed: 7 });
    await subscribe(CLUSTER);
    rolling("RollingStarted");
    rolling("RollingSucceeded");
    azure.clock.advance(MINUTE);
    await until(idle, "delivered");
    expect(azure.grid.counters).toMatchObject({ published: 2, duplicated: 18, delivered: 20 });
    const types = webhook.notifications().map((event) => String(event["type"]));
    expect(types).toHaveLength(20);
    expect(types).not.toEqual(types.toSorted((a, b) => b.localeCompare(a)));
  });

  it("loses the told fraction, the same events for the same seed", async () => {
    await azure.control("POST", "/_emulator/delivery", { lose: 0.5, seed: 3 });
    await subscribe(CLUSTER);
    for (let i = 0; i < 40; i += 1) rolling("RollingStarted");
    await until(idle, "delivered");
    const { lost, delivered } = azure.grid.counters;
    expect(lost + delivered).toBe(40);
    expect(lost).toBeGreaterThan(8);
    expect(delivered).toBeGreaterThan(8);
    expect((await azure.control("GET", "/_emulator/events")).body).toMatchObject({ lost });
  });

  it.each([
    { duplicates: -1 },
    { duplicates: 1_000 },
    { shuffle: "yes" },
    { lose: 2 },
    { seed: "x" },
  ])("refuses the faults %o", async (faults) => {
    expect((await azure.control("POST", "/_emulator/delivery", faults)).status).toBe(400);
  });

  /** Every request so far is answered, and the engine has noted the answer. */
  function settled(): Promise<void> {
    return until(() => azure.grid.counters.underWay === 0, "all answered");
  }

  function advanceUntil(holds: () => boolean): void {
    for (let i = 0; i < 1_000 && !holds(); i += 1) azure.clock.advance(1_000);
  }
});

describe("in the emulator", () => {
  const IMAGE = "AKSUbuntu-2404gen2containerd-2026";
  const scenario = {
    subscription: SUBSCRIPTION,
    images: [{ region: "westeurope", version: `${IMAGE}06.16.0` }],
    clusters: [
      {
        name: "quay-1",
        resourceGroup: "harbour",
        location: "westeurope",
        pools: [{ name: "np1", count: 2 }],
      },
    ],
    fleets: [
      {
        name: "harbour",
        resourceGroup: "harbour",
        location: "westeurope",
        members: [{ name: "quay-1", cluster: "quay-1", group: "blue" }],
      },
    ],
  };

  it("an update run tells of its gates and of the pools that it rolls", async () => {
    const emulator = await startTestEmulator({ scenario, clock: "manual" });
    const put = (path: string, properties: object): Promise<{ status: number }> => {
      const body = { location: "global", properties };
      return emulator.call(`${path}?api-version=2026-06-01`, { method: "PUT", body });
    };
    const listen = (eventDeliverySchema: string): object => {
      return { destination: webhookAt(webhook.url), eventDeliverySchema };
    };
    const grid = `${GROUP}/providers/Microsoft.EventGrid/systemTopics/gates`;
    const topicType = "Microsoft.ResourceNotifications.AKSResources";
    const steps = [
      await put(grid, { source: `/subscriptions/${SUBSCRIPTION}`, topicType }),
      await put(`${grid}/eventSubscriptions/gates`, listen("CloudEventSchemaV1_0")),
      await put(
        `${CLUSTER}/providers/Microsoft.EventGrid/eventSubscriptions/pools`,
        listen("CloudEventSchemaV1_0"),
      ),
    ];
    expect(steps.map(({ status }) => status)).toEqual([201, 201, 201]);
    await emulator.control("POST", "/images", { region: "westeurope", version: `${IMAGE}07.16.0` });
    const beforeGates = [{ displayName: "preflight", type: "Approval" }];
    const run = await put(`${FLEET}/updateRuns/run-1`, {
      strategy: { stages: [{ name: "stage1", beforeGates, groups: [{ name: "blue" }] }] },
      managedClusterUpdate: {
        upgrade: { type: "NodeImageOnly" },
        nodeImageSelection: { type: "Latest" },
      },
    });
    expect(run.status).toBe(201);
    const start = `${FLEET}/updateRuns/run-1/start?api-version=2026-06-01`;
    expect((await emulator.call(start, { method: "POST" })).status).toBe(200);
    const told = (type: string): boolean =>
      webhook.notifications().some((event) => String(event["type"]).endsWith(type));
    const happens = async (type: string): Promise<void> => {
      await emulator.control("POST", "/clock", { advance: "PT1M" });
      await until(() => told(type), type);
    };

    await happens("FleetGateCreated");
    const gate = String(webhook.notifications()[0]?.["subject"]);
    const approval = { properties: { state: "Completed" } };
    const gatePath = `${gate}?api-version=2026-06-01`;
    await emulator.call(gatePath, { method: "PATCH", body: approval });
    await happens("FleetGateUpdated");
    await emulator.control("POST", "/clock", { advance: "PT3H" });
    await happens("NodePoolRollingSucceeded");
    await until(() => told("NodePoolRollingStarted"), "started");
    const events = (await emulator.control("GET", "/events")) as Record<string, unknown>;
    expect(events).toMatchObject({ published: webhook.notifications().length, retried: 0 });
    await emulator.close();
  });
});

function deadLetters(): object {
  const resourceId = `${GROUP}/providers/Microsoft.Storage/storageAccounts/harbour`;
  return {
    endpointType: "StorageBlob",
    properties: { resourceId, blobContainerName: "dead-letters" },
  };
}

function webhookAt(endpointUrl: string): object {
  return { endpointType: "WebHook", properties: { endpointUrl } };
}

function advanced(operatorType: string, key: string, values: readonly string[]): object {
  return { advancedFilters: [{ operatorType, key, values }] };
}
