import { once } from "node:events";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/demo`;
const PROVIDER = `${GROUP}/providers/Microsoft.ContainerService`;

const scenario: Scenario = {
  ...DEFAULT_SCENARIO,
  subscription: SUBSCRIPTION,
  principals: [
    {
      name: "reader",
      clientId: "99999999-0000-4000-8000-000000000001",
      roles: [{ actions: ["*/read"], scope: `/subscriptions/${SUBSCRIPTION}` }],
    },
    { name: "nobody", clientId: "99999999-0000-4000-8000-000000000002" },
  ],
};

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
});
afterAll(() => emulator.close());

const REFUSALS = [
  {
    name: "no token",
    as: null,
    path: `${GROUP}?api-version=2021-04-01`,
    status: 401,
    code: "AuthenticationFailed",
  },
  { name: "no api-version", path: GROUP, status: 400, code: "MissingApiVersionParameter" },
  {
    name: "a bad api-version",
    path: `${GROUP}?api-version=latest`,
    status: 400,
    code: "InvalidApiVersionParameter",
  },
  {
    name: "another subscription",
    path: "/subscriptions/0/resourceGroups/demo?api-version=2021-04-01",
    status: 404,
    code: "SubscriptionNotFound",
  },
  {
    name: "an unknown group",
    path: `/subscriptions/${SUBSCRIPTION}/resourceGroups/none/providers/Microsoft.ContainerService/fleets?api-version=2025-03-01`,
    status: 404,
    code: "ResourceGroupNotFound",
  },
  {
    name: "an unknown provider",
    path: `${GROUP}/providers/Microsoft.Nothing/things?api-version=2025-03-01`,
    status: 404,
    code: "InvalidResourceNamespace",
  },
  {
    name: "an unknown type",
    path: `${PROVIDER}/things/x?api-version=2025-03-01`,
    status: 404,
    code: "InvalidResourceType",
  },
  {
    name: "an unknown cluster",
    path: `${PROVIDER}/managedClusters/none?api-version=2026-04-01`,
    status: 404,
    code: "ResourceNotFound",
  },
  {
    name: "a path of nobody",
    path: "/somewhere?api-version=2025-03-01",
    status: 404,
    code: "InvalidResourceType",
  },
  {
    name: "invalid JSON",
    method: "PUT",
    body: "{",
    path: `${PROVIDER}/fleets/f?api-version=2025-03-01`,
    status: 400,
    code: "InvalidRequestContent",
  },
  {
    name: "an array as body",
    method: "PUT",
    body: "[1]",
    path: `${PROVIDER}/fleets/f?api-version=2025-03-01`,
    status: 400,
    code: "InvalidRequestContent",
  },
  {
    name: "a body nested ten thousand times",
    method: "PUT",
    body: `{"location":"westeurope","properties":{"x":${"[".repeat(10_000)}${"]".repeat(10_000)}}}`,
    path: `${PROVIDER}/fleets/f?api-version=2025-03-01`,
    status: 400,
    code: "InvalidRequestContent",
  },
  {
    name: "a method that nothing takes",
    method: "TRACE",
    path: `${PROVIDER}/fleets/fleet-1?api-version=2025-03-01`,
    status: 405,
    code: "MethodNotAllowed",
  },
  {
    name: "a name of 300 characters",
    method: "PUT",
    body: { location: "westeurope" },
    path: `${PROVIDER}/fleets/${"x".repeat(300)}?api-version=2025-03-01`,
    status: 400,
    code: "InvalidParameter",
  },
  {
    name: "an unknown operation",
    path: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westeurope/operations/0?api-version=2016-03-30`,
    status: 404,
    code: "NotFound",
  },
];

test.each(REFUSALS)("$name is refused with $code", async ({ path, status, code, ...options }) => {
  const answer = await emulator.call(path, options);
  expect(answer.json).toEqual({ error: { code, message: expect.any(String) } });
  expect(answer.status).toBe(status);
});

test("a 401 says where tokens are to be had", async () => {
  const answer = await emulator.call(`${GROUP}?api-version=2021-04-01`, { as: null });
  expect(answer.headers["www-authenticate"]).toMatch(/^Bearer authorization_uri="https:\/\//);
});

test("a token for another audience is refused", async () => {
  const token = emulator.token("owner", "https://storage.azure.com");
  const headers = { authorization: `Bearer ${token}` };
  const answer = await emulator.call(`${GROUP}?api-version=2021-04-01`, { as: null, headers });
  expect(answer.json).toMatchObject({ error: { code: "InvalidAuthenticationTokenAudience" } });
});

test("a principal without the role is told the action and the scope", async () => {
  const path = `${PROVIDER}/fleets/fleet-1/updateRuns/r1`;
  const options = { method: "POST", as: "reader" };
  const answer = await emulator.call(`${path}/start?api-version=2025-03-01`, options);
  expect(answer.status).toBe(403);
  expect(answer.json).toMatchObject({
    error: {
      code: "AuthorizationFailed",
      message: expect.stringContaining(
        `action 'Microsoft.ContainerService/fleets/updateRuns/start/action' over scope '${path}'`,
      ),
    },
  });
});

test("the subscription is listed for those who hold a role in it", async () => {
  const path = "/subscriptions?api-version=2019-11-01";
  const list = async (as: string): Promise<unknown> => (await emulator.call(path, { as })).json;
  expect(await list("reader")).toMatchObject({
    value: [{ subscriptionId: SUBSCRIPTION, state: "Enabled" }],
  });
  expect(await list("nobody")).toEqual({ value: [] });
});

test("paths compare without case, and query keys may be percent-encoded", async () => {
  const path = `${PROVIDER}/fleets/fleet-1`
    .toUpperCase()
    .replace("/SUBSCRIPTIONS", "//subscriptions");
  const answer = await emulator.call(`${path}?api%2Dversion=2025-03-01`);
  expect(answer.json).toMatchObject({ name: "fleet-1", id: `${PROVIDER}/fleets/fleet-1` });
});

test("resource groups are made, changed, read and deleted", async () => {
  const path = `/subscriptions/${SUBSCRIPTION}/resourcegroups/Fresh?api-version=2021-04-01`;
  const put = { method: "PUT", body: { location: "northeurope", tags: { a: "1" } } };
  expect((await emulator.call(path, put)).status).toBe(201);
  expect((await emulator.call(path, put)).status).toBe(200);
  const read = await emulator.call(path.replace("Fresh", "fresh"));
  expect(read.json).toMatchObject({ name: "Fresh", location: "northeurope", tags: { a: "1" } });
  expect((await emulator.call(path, { method: "DELETE" })).status).toBe(200);
  expect((await emulator.call(path)).status).toBe(404);
});

test("every answer carries the virtual time", async () => {
  const before = (await emulator.call("/nothing")).headers["date"];
  await emulator.control("POST", "/clock", { advance: "PT2H" });
  const after = (await emulator.call("/nothing")).headers["date"];
  expect(Date.parse(String(after)) - Date.parse(String(before))).toBe(2 * 3_600_000);
});

test("ten megabytes are refused, one byte less is an error of the service", async () => {
  const path = `${PROVIDER}/fleets/big?api-version=2025-03-01`;
  const limit = 10 * 1024 * 1024;
  const tooLarge = await emulator.call(path, { method: "PUT", body: Buffer.alloc(limit + 1, "a") });
  expect(tooLarge.status).toBe(413);
  const large = await emulator.call(path, { method: "PUT", body: Buffer.alloc(limit, "a") });
  expect(large.status).toBe(400);
});

test("bytes that are not HTTP do no harm", async () => {
  const socket = connect({ port: Number(new URL(emulator.ready.arm).port), ca: emulator.ca });
  socket.write("\0\0\0 what is this\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 400/);
  expect((await emulator.call(`${GROUP}?api-version=2021-04-01`)).status).toBe(200);
});

test("faults disturb the calls they match, as often as asked", async () => {
  const path = `${PROVIDER}/fleets?api-version=2025-03-01`;
  await emulator.control("POST", "/faults", {
    service: "arm",
    match: { method: "GET", path: "/fleets$" },
    status: 429,
    count: 2,
    retryAfter: 7,
  });
  const other = await emulator.call(`${PROVIDER}/managedClusters?api-version=2026-04-01`);
  expect(other.status).toBe(200);
  const first = await emulator.call(path);
  expect([first.status, first.headers["retry-after"]]).toEqual([429, "7"]);
  expect((await emulator.call(path)).status).toBe(429);
  expect((await emulator.call(path)).status).toBe(200);
  await emulator.control("POST", "/faults", { status: 0 });
  await expect(emulator.call(path)).rejects.toThrow(/hang up|ECONNRESET/);
});

test("the audit keeps writes and counts every call by operation", async () => {
  await emulator.call(`${PROVIDER}/fleets/fleet-1?api-version=2025-03-01`, {
    method: "PATCH",
    body: { tags: { seen: "yes" } },
  });
  const audit = (await emulator.control("GET", "/audit")) as {
    entries: Record<string, unknown>[];
    calls: { byService: Record<string, { byOperation: Record<string, number> }> };
  };
  expect(audit.entries.at(-1)).toMatchObject({
    service: "arm",
    operation: "PATCH fleets",
    principal: "owner",
    status: 200,
  });
  const { byOperation } = audit.calls.byService["arm"] ?? { byOperation: {} };
  expect(byOperation["LIST fleets"]).toBeGreaterThan(0);
  expect(audit.entries.some((entry) => entry["method"] === "GET")).toBe(false);
});

test("the token buckets answer 429 with a Retry-After and fill again with virtual time", async () => {
  const throttled = await startTestEmulator({
    scenario: { ...scenario, throttling: true },
    clock: "manual",
  });
  try {
    const path = `${PROVIDER}/managedClusters/cluster-1?api-version=2026-04-01`;
    const statuses: number[] = [];
    for (let index = 0; index < 61; index++) statuses.push((await throttled.call(path)).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    const refused = await throttled.call(path);
    expect(refused.json).toMatchObject({ error: { code: "Throttled" } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    await throttled.control("POST", "/clock", { advance: 1_500 });
    expect((await throttled.call(path)).status).toBe(200);
  } finally {
    await throttled.close();
  }
});

test("the clock is slowed to a pace, and refuses one that is none", async () => {
  const fast = await startTestEmulator({ scenario, clock: 100_000 });
  try {
    expect(await fast.control("POST", "/clock", { factor: 0 })).toMatchObject({ factor: 0 });
    const stopped = await fast.control("GET", "/clock");
    expect(await fast.control("GET", "/clock")).toEqual(stopped);
    const wrong = { method: "POST", body: { factor: -1 }, as: null } as const;
    expect((await fast.call("/_emulator/clock", wrong)).status).toBe(400);
  } finally {
    await fast.close();
  }
});
