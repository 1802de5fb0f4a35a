import { request as httpsRequest } from "node:https";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScenarioCluster } from "../../emulator/scenario.ts";
import { send } from "../support/emulator.ts";
import type { WireAnswer } from "../support/emulator.ts";
import { startEmulatorProcess } from "./emulator-process.ts";
import type { EmulatorProcess } from "./emulator-process.ts";
import { CLOCK, scenarioWith } from "./scenario.ts";

const TIMEOUT = 120_000;
const FUZZED_REQUESTS = 600;
const TEN_MEGABYTES = 10 * 1024 * 1024;

/** Where nonsense may delete everything. */
const PLAYGROUND = "playground";

function cluster(name: string, resourceGroup = "myResourceGroup"): ScenarioCluster {
  return {
    name,
    resourceGroup,
    location: "eastus",
    kubernetesVersion: "1.32.9",
    pools: [{ name: "nodepool1", count: 1 }],
  };
}

const scenario = scenarioWith({
  clusters: [cluster("steady"), cluster("busy"), cluster("fuzzed", PLAYGROUND)],
  fleets: [
    {
      name: "myFleet",
      resourceGroup: "myResourceGroup",
      location: "eastus",
    },
    {
      name: "fuzzedFleet",
      resourceGroup: PLAYGROUND,
      location: "eastus",
      members: [{ name: "one", cluster: "fuzzed", group: "early" }],
    },
  ],
});

let emulator: EmulatorProcess;
let token: string;
let provider: string;
beforeAll(async () => {
  emulator = await startEmulatorProcess(scenario, CLOCK);
  const { ready } = emulator;
  const resource = encodeURIComponent("https://management.azure.com/");
  const answer = await fetch(`${ready.msi}?api-version=2019-08-01&resource=${resource}`, {
    headers: { "X-IDENTITY-HEADER": "local" },
  });
  token = ((await answer.json()) as { access_token: string }).access_token;
  provider = `/subscriptions/${ready.subscription}/resourceGroups/myResourceGroup/providers/Microsoft.ContainerService`;
});
afterAll(() => emulator?.stop());

function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<WireAnswer> {
  return send(`${emulator.ready.arm}${path}`, emulator.ca, {
    method,
    body,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
}

async function expectWell(): Promise<void> {
  const path = `${provider}/managedClusters/steady?api-version=2026-04-01`;
  expect(await call("GET", path)).toMatchObject({
    status: 200,
    json: { properties: { provisioningState: "Succeeded" } },
  });
}

describe("long-running operations", () => {
  const BEGINNINGS = [
    { method: "POST", path: "agentPools/nodepool1/upgradeNodeImageVersion", status: 202 },
    { method: "PUT", path: "agentPools/extra", body: { properties: { count: 1 } }, status: 201 },
    { method: "DELETE", path: "agentPools/extra", status: 202 },
    { method: "POST", path: "stop", status: 202 },
    { method: "POST", path: "start", status: 202 },
  ];

  test.each(BEGINNINGS)(
    "$method $path: Retry-After is at least a second until it ends",
    async ({ method, path, body, status }) => {
      const url = `${provider}/managedClusters/busy/${path}?api-version=2026-04-01`;
      const begun = await call(method, url, body);
      expect(begun.status).toBe(status);
      const poll = String(begun.headers["azure-asyncoperation"]).slice(emulator.ready.arm.length);
      for (let answer = begun, polls = 0; ; polls++) {
        const pause = Number(answer.headers["retry-after"]);
        expect(pause).toBeGreaterThanOrEqual(1);
        answer = await call("GET", poll);
        const state = (answer.json as { status: string }).status;
        if (state !== "InProgress") {
          expect(state).toBe("Succeeded");
          break;
        }
        expect(polls).toBeLessThan(60);
        await emulator.control("POST", "/clock", { advance: "PT1M" });
      }
      const { location } = begun.headers;
      if (typeof location === "string") {
        const result = await call("GET", location.slice(emulator.ready.arm.length));
        expect([200, 204]).toContain(result.status);
      }
    },
    TIMEOUT,
  );
});

describe("addresses", () => {
  const SPELLINGS = [
    { name: "lower case", spell: (path: string) => path.toLowerCase() },
    { name: "upper case", spell: (path: string) => path.toUpperCase() },
    { name: "a trailing slash", spell: (path: string) => `${path}/` },
    { name: "doubled slashes", spell: (path: string) => path.replaceAll("/", "//") },
    {
      name: "percent-encoded letters",
      spell: (path: string) => path.replace("steady", "s%74eady"),
    },
  ];

  test.each(SPELLINGS)("$name is the same resource", async ({ spell }) => {
    const path = spell(`${provider}/managedClusters/steady`);
    expect(await call("GET", `${path}?api-version=2026-04-01`)).toMatchObject({
      status: 200,
      json: { name: "steady", id: expect.stringContaining("/resourcegroups/myResourceGroup/") },
    });
  });

  const QUERIES = [
    "api%2Dversion=2025-03-01",
    "API-VERSION=2025-03-01",
    "%61pi-version=2025-03-01",
  ];

  test.each(QUERIES)("the query ?%s is understood", async (query) => {
    expect(await call("GET", `${provider}/fleets/myFleet?${query}`)).toMatchObject({
      status: 200,
      json: { name: "myFleet" },
    });
  });
});

describe("what makes no sense", () => {
  test("ten megabytes get an ARM error, whether they are JSON or not", async () => {
    const path = `${provider}/fleets/big?api-version=2025-03-01`;
    const json = JSON.stringify({ location: "eastus", tags: { a: "x".repeat(TEN_MEGABYTES) } });
    for (const body of [json, Buffer.alloc(TEN_MEGABYTES + 1, "a")]) {
      const answer = await call("PUT", path, body);
      expect(answer.status).toBe(413);
      expect(answer.json).toEqual({ error: armError() });
    }
    await expectWell();
  });

  test("a body that ends half-way does no harm", async () => {
    const path = `${emulator.ready.arm}${provider}/fleets/cut?api-version=2025-03-01`;
    await new Promise<void>((resolve) => {
      const headers = { authorization: `Bearer ${token}`, "content-length": "1000" };
      const cut = httpsRequest(path, { method: "PUT", headers, ca: emulator.ca, agent: false });
      cut.on("error", () => resolve());
      cut.write('{"location":');
      setTimeout(() => cut.destroy(), 50);
      cut.on("close", () => resolve());
    });
    await expectWell();
  });

  test(
    "every nonsense is answered: below 500, and each refusal as an ARM error",
    async () => {
      await fc.assert(
        fc.asyncProperty(nonsense(), async ({ method, path, query, body }) => {
          const answer = await call(method, `${path}?${query}`, body, {
            "content-type": "application/json",
            // Node leaves it out of a GET, and the body would look like the next request.
            "content-length": String(Buffer.byteLength(body)),
          });
          expect(answer.status).toBeGreaterThanOrEqual(200);
          expect(answer.status).toBeLessThan(500);
          if (answer.status >= 400 && method !== "HEAD") {
            expect(answer.json).toEqual({ error: armError() });
          }
        }),
        { numRuns: FUZZED_REQUESTS },
      );
      await expectWell();
    },
    TIMEOUT,
  );

  test(
    "and so do Entra, Event Grid, GitHub, the key vault and control, each in its own words",
    async () => {
      await fc.assert(
        fc.asyncProperty(nonsenseElsewhere(), async ({ method, path, query, type, body }) => {
          const answer = await call(method, `${path}?${query}`, body, {
            "content-type": type,
            "content-length": String(Buffer.byteLength(body)),
          });
          expect(answer.status).toBeGreaterThanOrEqual(200);
          expect(answer.status).toBeLessThan(500);
        }),
        { numRuns: FUZZED_REQUESTS },
      );
      await expectWell();
    },
    TIMEOUT,
  );
});

function armError() {
  return { code: expect.stringMatching(/^\w+$/), message: expect.stringMatching(/./) };
}

/** Bodies that would be accepted, by the address that takes them. */
const SENSIBLE: Readonly<Record<string, object>> = {
  "managedClusters/fuzzed": {
    location: "eastus",
    tags: { a: "b" },
    identity: { type: "SystemAssigned" },
    properties: {
      kubernetesVersion: "1.32.9",
      dnsPrefix: "x",
      autoUpgradeProfile: { upgradeChannel: "none" },
      agentPoolProfiles: [
        { name: "nodepool1", count: 1, mode: "System", upgradeSettings: { maxSurge: "1" } },
      ],
    },
  },
  "managedClusters/fuzzed/agentPools/fresh": {
    properties: {
      count: 1,
      mode: "User",
      vmSize: "Standard_D4ds_v5",
      orchestratorVersion: "1.32.9",
      nodeLabels: { a: "b" },
      nodeTaints: ["a=b:NoSchedule"],
      powerState: { code: "Running" },
      creationData: { sourceResourceId: "/x" },
      upgradeSettings: { maxSurge: "33%", drainTimeoutInMinutes: 30 },
    },
  },
  "managedClusters/fuzzed/agentPools/nodepool1/deleteMachines": { machineNames: ["one"] },
  "snapshots/new": { location: "eastus", properties: { creationData: { sourceResourceId: "/x" } } },
  "fleets/fuzzedFleet": { location: "eastus", tags: { a: "b" } },
  "fleets/fuzzedFleet/members/one": { properties: { clusterResourceId: "/x", group: "early" } },
  "fleets/fuzzedFleet/updateStrategies/new": {
    properties: {
      strategy: {
        stages: [{ name: "a", groups: [{ name: "early" }], afterStageWaitInSeconds: 60 }],
      },
    },
  },
  "fleets/fuzzedFleet/updateRuns/new": {
    properties: {
      strategy: {
        stages: [
          {
            name: "a",
            maxConcurrency: "50%",
            groups: [{ name: "early", beforeGates: [{ displayName: "g", type: "Approval" }] }],
          },
        ],
      },
      managedClusterUpdate: {
        upgrade: { type: "Full", kubernetesVersion: "1.33.5" },
        nodeImageSelection: { type: "Custom", customNodeImageVersions: [{ version: "x" }] },
      },
    },
  },
  "fleets/fuzzedFleet/updateRuns/new/skip": { targets: [{ type: "Stage", name: "a" }] },
  "fleets/fuzzedFleet/updateRuns/new/start": {},
  "fleets/fuzzedFleet/updateRuns/new/stop": {},
  "fleets/fuzzedFleet/autoUpgradeProfiles/new": { properties: { channel: "NodeImage" } },
  "fleets/fuzzedFleet/autoUpgradeProfiles/new/generateUpdateRun": {},
};
/** The same of other namespaces. */
const SENSIBLE_BESIDE: Readonly<Record<string, object>> = {
  "Microsoft.EventGrid/topics/new": {
    location: "eastus",
    properties: { inputSchema: "CloudEventSchemaV1_0" },
  },
  "Microsoft.EventGrid/topics/new/regenerateKey": { keyName: "key1" },
  "Microsoft.EventGrid/topics/new/eventSubscriptions/new": {
    properties: {
      // Nobody listens there: the handshake fails at once.
      destination: {
        endpointType: "WebHook",
        properties: {
          endpointUrl: "http://127.0.0.1:1/",
          deliveryAttributeMappings: [{ name: "x", type: "Static", properties: { value: "y" } }],
        },
      },
      filter: { advancedFilters: [{ operatorType: "StringIn", key: "data.a", values: ["b"] }] },
      retryPolicy: { maxDeliveryAttempts: 3 },
    },
  },
  "Microsoft.Authorization/locks/new": { properties: { level: "CanNotDelete" } },
  "Microsoft.Authorization/roleDefinitions/22222222-0000-4000-8000-000000000001": {
    properties: { roleName: "new", permissions: [{ actions: ["*/read"], notActions: ["*"] }] },
  },
  "Microsoft.Authorization/roleAssignments/22222222-0000-4000-8000-000000000002": {
    properties: {
      principalId: "22222222-0000-4000-8000-000000000003",
      principalType: "Group",
      roleDefinitionId: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    },
  },
  "Microsoft.Resources/tags/default": { properties: { tags: { a: "b" } } },
};
/** Bodies of services that are not ARM. Control's own clock, faults and tokens stay as they are. */
const SENSIBLE_ELSEWHERE: Readonly<Record<string, object>> = {
  "/TENANT/oauth2/v2.0/token": { grant_type: "client_credentials", client_id: "x", scope: "y" },
  "/adfs/oauth2/token": { grant_type: "client_credentials", client_assertion: "a.b.c" },
  "/topics/new/api/events": [{ id: "1", source: "/x", type: "t", specversion: "1.0", data: {} }],
  "/providers/Microsoft.ResourceGraph/resources": { query: "resources", options: { $top: 1 } },
  "/_emulator/images": { region: "eastus", version: "AKSUbuntu-2204gen2containerd-202606.16.0" },
  "/_emulator/capacities": { region: "eastus", vmSize: "Standard_D4ds_v5", machines: 1 },
  "/_emulator/oidc": { subject: "repo:o/r:environment:prod", claims: { a: "b" } },
  "/github/repos/o/r/issues": { title: "t", body: "b", labels: ["l"], assignees: [] },
  "/github/repos/o/r/git/trees": { tree: [{ path: "a", mode: "100644", content: "b" }] },
  "/github/repos/o/r/check-runs": { name: "n", head_sha: "abc", output: { title: "t" } },
  "/github/graphql": { query: "{ viewer { login } }", variables: {} },
};
const HOSTILE = [null, true, -1, 1e308, "", "x".repeat(5_000), "\u0000", "__proto__", [], [[]], {}];
const NAMES = ["..", "__proto__", "constructor", "default", "providers", "agentPools", "fleets"];

interface Nonsense {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
}

/** Sensible requests of which one field was spoiled, and addresses that nobody ever meant. */
function nonsense(): fc.Arbitrary<Nonsense> {
  const group = `/subscriptions/${emulator.ready.subscription}/resourceGroups/${PLAYGROUND}`;
  const base = `${group}/providers/Microsoft.ContainerService`;
  const hostile = fc.oneof(fc.constantFrom<unknown>(...HOSTILE), fc.jsonValue({ maxDepth: 2 }));
  const targets = [
    ...Object.entries(SENSIBLE).map(([target, body]) => [`${base}/${target}`, body] as const),
    ...Object.entries(SENSIBLE_BESIDE).map(
      ([target, body]) => [`${group}/providers/${target}`, body] as const,
    ),
  ];
  const spoiled = fc
    .tuple(fc.constantFrom(...targets), fc.nat(), hostile)
    .map(([[target, body], at, value]) => ({
      path: target,
      body: JSON.stringify(spoil(body, at, value)),
      method: isAction(target) ? "POST" : "PUT",
      query: "api-version=2026-06-01",
    }));
  const segment = fc.oneof(
    fc.constantFrom(...NAMES),
    fc.string({ unit: "grapheme", maxLength: 40 }),
  );
  const path = fc
    .tuple(
      fc.constantFrom("", base, `${base}/managedClusters/fuzzed`, `${group}/providers`),
      fc.array(segment),
    )
    .map(([start, parts]) => `${start}/${parts.map((part) => encodeURIComponent(part)).join("/")}`);
  const lost = fc.record({
    method: fc.constantFrom("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"),
    path: fc.oneof(path, fc.constantFrom("/subscriptions", "/%ff", "/%")),
    query: fc.constantFrom("api-version=2025-03-01", "", "api-version=", "%", "$skiptoken=-1"),
    body: fc.oneof(fc.json(), fc.string()),
  });
  return fc.oneof({ weight: 2, arbitrary: spoiled }, { weight: 1, arbitrary: lost });
}

/** Types and names come in pairs after the namespace; what stands alone in the end is done. */
function isAction(path: string): boolean {
  const [, target = ""] = path.split("/providers/");
  return target.split("/").length % 2 === 0;
}

interface NonsenseElsewhere extends Nonsense {
  readonly type: string;
}

function nonsenseElsewhere(): fc.Arbitrary<NonsenseElsewhere> {
  const hostile = fc.oneof(fc.constantFrom<unknown>(...HOSTILE), fc.jsonValue({ maxDepth: 2 }));
  const place = fc.constantFrom(...Object.entries(SENSIBLE_ELSEWHERE));
  const spoiled = fc.tuple(place, fc.nat(), hostile).map(([[target, body], at, value]) => {
    const path = target.replace("TENANT", emulator.ready.tenant);
    const spoilt = spoil(body, at, value);
    return path.endsWith("/token")
      ? { path, body: formOf(spoilt), type: "application/x-www-form-urlencoded" }
      : { path, body: JSON.stringify(spoilt), type: "application/json" };
  });
  const mangled = fc.record({
    path: place.chain(([target]) =>
      fc
        .string({ unit: "grapheme", maxLength: 20 })
        .map((name) => `${target}/${encodeURIComponent(name)}`),
    ),
    body: fc.oneof(fc.json(), fc.string()),
    type: fc.constantFrom("application/json", "text/plain", "application/x-www-form-urlencoded"),
  });
  return fc
    .tuple(
      fc.oneof({ weight: 2, arbitrary: spoiled }, { weight: 1, arbitrary: mangled }),
      fc.constantFrom("POST", "POST", "POST", "GET", "PUT", "PATCH"),
      fc.constantFrom("api-version=2021-03-01", "", "%", "per_page=-1&page=x", "resource=%00"),
    )
    .map(([request, method, query]) => ({ ...request, method, query }));
}

function formOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const fields = Object.entries(value).map(([key, member]): [string, string] => [
    key,
    typeof member === "string" ? member : JSON.stringify(member ?? null),
  ]);
  return new URLSearchParams(fields).toString();
}

/** The body with the member at a position, counted through the whole, replaced. */
function spoil(body: object, at: number, value: unknown): unknown {
  const places = placesIn(body);
  const place = places[at % places.length] ?? [];
  return replaced(body, place, value);
}

function placesIn(value: unknown): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [[]];
  const below = Object.entries(value).flatMap(([key, member]) =>
    placesIn(member).map((place) => [key, ...place]),
  );
  return [[], ...below];
}

function replaced(body: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(body)) {
    return body.map((one: unknown, index) =>
      String(index) === key ? replaced(one, rest, value) : one,
    );
  }
  const members = { ...(body as Readonly<Record<string, unknown>>) };
  return { ...members, [key]: replaced(members[key], rest, value) };
}
