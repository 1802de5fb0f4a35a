import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { send, startTestEmulator } from "../support/emulator.ts";
import type { CallOptions, TestEmulator } from "../support/emulator.ts";

/** What tools ask of Resource Manager beside the resources that they manage. */
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const SUBSCRIPTION_PATH = `/subscriptions/${SUBSCRIPTION}`;
const GROUP = `${SUBSCRIPTION_PATH}/resourceGroups/demo`;
const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/cluster-1`;
const FLEET = `${GROUP}/providers/Microsoft.ContainerService/fleets/fleet-1`;

const scenario: Scenario = {
  ...DEFAULT_SCENARIO,
  subscription: SUBSCRIPTION,
  principals: [
    {
      name: "reader",
      clientId: "99999999-0000-4000-8000-000000000001",
      objectId: "99999999-0000-4000-8000-000000000002",
      roles: [
        { actions: ["*/read"], scope: SUBSCRIPTION_PATH },
        { actions: ["Microsoft.ContainerService/fleets/*"], scope: FLEET },
      ],
    },
  ],
};

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
});
afterAll(() => emulator.close());

function call(path: string, options: CallOptions = {}): ReturnType<TestEmulator["call"]> {
  const separator = path.includes("?") ? "&" : "?";
  return emulator.call(`${path}${separator}api-version=2022-09-01`, options);
}

async function values(path: string): Promise<Record<string, unknown>[]> {
  const { status, json } = await call(path);
  expect(status).toBe(200);
  return (json as { value: Record<string, unknown>[] }).value;
}

test.each([
  ["a subscription", SUBSCRIPTION_PATH],
  ["a resource group", GROUP],
  ["a cluster", CLUSTER],
  ["a fleet", FLEET],
])("the tags of %s are read, merged, taken away and replaced", async (_what, scope) => {
  const path = `${scope}/providers/Microsoft.Resources/tags/default`;
  const patch = (operation: string, tags: object): ReturnType<typeof call> =>
    call(path, { method: "PATCH", body: { operation, properties: { tags } } });
  const tags = async (): Promise<unknown> => (await call(path)).json;
  await call(path, { method: "PUT", body: { properties: { tags: { team: "dock", tier: "1" } } } });
  expect(await tags()).toMatchObject({ properties: { tags: { team: "dock", tier: "1" } } });
  const merged = await patch("Merge", { tier: "2", dry: "no" });
  expect(merged.json).toMatchObject({
    id: `${scope}/providers/Microsoft.Resources/tags/default`,
    properties: { tags: { team: "dock", tier: "2", dry: "no" } },
  });
  await patch("Delete", { dry: "no", team: "another value" });
  expect(await tags()).toMatchObject({ properties: { tags: { team: "dock", tier: "2" } } });
  expect(await tags()).not.toHaveProperty("properties.tags.dry");
  expect((await patch("Shuffle", {})).status).toBe(400);
  const forbidden = await call(path, { method: "PUT", as: "reader", body: {} });
  expect(forbidden.status).toBe(403);
  expect(forbidden.text).toContain("'Microsoft.Resources/tags/write'");
  expect((await call(path, { method: "DELETE" })).status).toBe(200);
  expect(await tags()).toMatchObject({ properties: { tags: {} } });
});

test("tags of a resource that is not there are not found", async () => {
  const path = `${CLUSTER}9/providers/Microsoft.Resources/tags/default`;
  expect(await call(path)).toMatchObject({ status: 404 });
});

test("groups and resources are found by tag and by part of a name", async () => {
  const tag = { method: "PATCH", body: { tags: { team: "dock" } } };
  await call(GROUP, tag);
  await call(CLUSTER, tag);
  const filter = (text: string): string => `$filter=${encodeURIComponent(text)}`;
  const tagged = filter("tagName eq 'Team' and tagValue eq 'dock'");
  const elsewhere = filter("tagName eq 'team' and tagValue eq 'quay'");
  const groups = `${SUBSCRIPTION_PATH}/resourcegroups`;
  expect(await values(`${groups}?${tagged}`)).toMatchObject([{ name: "demo" }]);
  expect(await values(`${groups}?${elsewhere}`)).toEqual([]);
  const resources = `${SUBSCRIPTION_PATH}/resources`;
  expect(await values(`${resources}?${tagged}`)).toMatchObject([{ name: "cluster-1" }]);
  const part = filter("substringof('leet', name)");
  expect(await values(`${resources}?${part}`)).toMatchObject([{ name: "fleet-1" }]);
  expect((await call(`${resources}?${filter("sku/name eq 'x'")}`)).json).toMatchObject({
    error: { code: "InvalidFilterInQueryString" },
  });
});

test("HEAD says whether a resource is there", async () => {
  expect((await call(CLUSTER, { method: "HEAD" })).status).toBe(204);
  expect((await call(`${CLUSTER}9`, { method: "HEAD" })).status).toBe(404);
});

test("role assignments and definitions show what the scenario grants", async () => {
  const at = (scope: string): string =>
    `${scope}/providers/Microsoft.Authorization/roleAssignments`;
  const filter = "$filter=principalId eq '99999999-0000-4000-8000-000000000002'";
  const mine = await values(`${at(SUBSCRIPTION_PATH)}?${encodeURI(filter)}`);
  expect(mine.map(({ properties }) => properties)).toMatchObject([
    { scope: SUBSCRIPTION_PATH, principalType: "ServicePrincipal" },
    { scope: FLEET },
  ]);
  const [first, second] = mine.map(
    ({ properties }) => (properties as { roleDefinitionId: string }).roleDefinitionId,
  );
  expect((await call(String(first))).json).toMatchObject({
    properties: { roleName: "Reader", type: "BuiltInRole" },
  });
  expect((await call(String(second))).json).toMatchObject({
    properties: { permissions: [{ actions: ["Microsoft.ContainerService/fleets/*"] }] },
  });
  const atCluster = await values(`${at(CLUSTER)}?$filter=atScope()`);
  expect(atCluster.map(({ properties }) => (properties as { scope: string }).scope)).toEqual([
    SUBSCRIPTION_PATH,
    SUBSCRIPTION_PATH,
  ]);
});

test("preview flags are what somebody made them", async () => {
  const features = `${SUBSCRIPTION_PATH}/providers/Microsoft.Features`;
  const flag = `${features}/providers/Microsoft.ContainerService/features/SomePreview`;
  expect((await call(flag)).json).toMatchObject({ properties: { state: "NotRegistered" } });
  const forbidden = await call(`${flag}/register`, { method: "POST", as: "reader" });
  expect(forbidden.status).toBe(403);
  expect((await call(`${flag}/register`, { method: "POST" })).status).toBe(200);
  expect((await call(flag.toLowerCase())).json).toMatchObject({
    name: "Microsoft.ContainerService/SomePreview",
    properties: { state: "Registered" },
  });
  expect(await values(`${features}/features`)).toHaveLength(1);
});

test.each([
  ["2015-01-01", { authentication: { loginEndpoint: expect.stringMatching(/\/adfs$/) } }],
  ["2019-05-01", [{ name: "Fleetwright", suffixes: { storage: expect.any(String) } }]],
  ["2022-09-01", { name: "Fleetwright", authentication: { identityProvider: "AAD" } }],
])("the cloud describes itself to tools of %s without a token", async (version, expected) => {
  const path = `/metadata/endpoints?api-version=${version}`;
  const answer = await emulator.call(path, { as: null });
  expect(answer).toMatchObject({ status: 200, json: expected });
});

test("an authority tells MSAL which hosts stand for it", async () => {
  const { host } = new URL(emulator.ready.arm);
  const endpoint = `${emulator.ready.authority}/oauth2/v2.0/authorize`;
  const query = `api-version=1.1&authorization_endpoint=${encodeURIComponent(endpoint)}`;
  const answer = await emulator.call(`/common/discovery/instance?${query}`, { as: null });
  const { tenant_discovery_endpoint: discovery, metadata } = answer.json as {
    tenant_discovery_endpoint: string;
    metadata: unknown;
  };
  expect(metadata).toMatchObject([{ aliases: [host] }]);
  const { json } = await send(discovery, emulator.ca);
  expect(json).toMatchObject({ token_endpoint: `${emulator.ready.authority}/oauth2/v2.0/token` });
});

test("the tenant tells providers, their operations and the types of topics", async () => {
  expect(await values("/providers")).toContainEqual(
    expect.objectContaining({ namespace: "Microsoft.ContainerService" }),
  );
  const operations = await values("/providers/microsoft.containerservice/operations");
  expect(operations.map(({ name }) => name)).toContain(
    "Microsoft.ContainerService/fleets/updateRuns/write",
  );
  const types = "/providers/Microsoft.EventGrid/topicTypes";
  expect((await values(types)).length).toBeGreaterThan(1);
  const events = await values(`${types}/Microsoft.ContainerService.ManagedClusters/eventTypes`);
  expect(events.map(({ name }) => name)).toContain(
    "Microsoft.ContainerService.NodePoolRollingFailed",
  );
  expect((await call("/providers/Microsoft.ContainerService/fleets")).status).toBe(404);
  expect((await call("/providers/Microsoft.Nothing")).status).toBe(404);
});

test.each(["trustedAccessRoleBindings", "managedNamespaces", "privateEndpointConnections"])(
  "a cluster has no %s, and says so",
  async (type) => {
    expect(await values(`${CLUSTER}/${type}`)).toEqual([]);
    expect((await call(`${CLUSTER}/${type}/x`)).status).toBe(404);
    expect((await call(`${CLUSTER}/${type}/x`, { method: "PUT", body: {} })).status).toBe(405);
    expect((await call(`${CLUSTER}9/${type}`)).status).toBe(404);
  },
);

test("an access profile holds the kubeconfig of its role", async () => {
  const path = `${CLUSTER}/accessProfiles/clusterAdmin/listCredential`;
  const { kubeConfig } = (
    (await call(path, { method: "POST" })).json as { properties: { kubeConfig: string } }
  ).properties;
  expect(Buffer.from(kubeConfig, "base64").toString()).toContain("clusterAdmin_demo_cluster-1");
  expect((await call(path, { method: "POST", as: "reader" })).status).toBe(403);
});

test("pages are as short as $top asks, and the next one is of the same filtered list", async () => {
  for (const name of ["first", "second"]) {
    const body = { location: "westeurope", tags: { kind: "paged" } };
    const path = `${GROUP}/providers/Microsoft.ContainerService/fleets/${name}`;
    expect((await call(path, { method: "PUT", body })).status).toBe(201);
  }
  const filter = encodeURIComponent("tagName eq 'kind' and tagValue eq 'paged'");
  const first = await call(`${SUBSCRIPTION_PATH}/resources?$filter=${filter}&$top=1`);
  const { value, nextLink } = first.json as { value: unknown[]; nextLink: string };
  expect(value).toMatchObject([{ name: "first" }]);
  const second = await emulator.call(nextLink.slice(emulator.ready.arm.length));
  expect(second.json).toMatchObject({ value: [{ name: "second" }] });
  expect(second.json).not.toHaveProperty("nextLink");
});

test("names of tags are offered, given values and taken back", async () => {
  const names = `${SUBSCRIPTION_PATH}/tagNames`;
  expect((await call(`${names}/team`, { method: "PUT" })).status).toBe(201);
  expect((await call(`${names}/team`, { method: "PUT" })).status).toBe(200);
  const value = await call(`${names}/team/tagValues/dock`, { method: "PUT" });
  expect(value).toMatchObject({ status: 201, json: { tagValue: "dock" } });
  expect(await values(names)).toMatchObject([{ tagName: "team", values: [{ tagValue: "dock" }] }]);
  expect((await call(`${names}/team/tagValues/dock`, { method: "DELETE" })).status).toBe(200);
  expect((await call(`${names}/team`, { method: "DELETE" })).status).toBe(200);
  expect((await call(`${names}/team`, { method: "DELETE" })).status).toBe(204);
  expect(await values(names)).toEqual([]);
});

test("preview flags are registered the newer way, too", async () => {
  const provider = `${SUBSCRIPTION_PATH}/providers/Microsoft.Features/featureProviders/Microsoft.ContainerService`;
  const flag = `${provider}/subscriptionFeatureRegistrations/NewerPreview`;
  expect((await call(flag, { method: "PUT", body: {} })).json).toMatchObject({
    name: "NewerPreview",
    properties: { state: "Registered", providerNamespace: "Microsoft.ContainerService" },
  });
  const all = `${SUBSCRIPTION_PATH}/providers/Microsoft.Features/subscriptionFeatureRegistrations`;
  expect(JSON.stringify(await values(all))).toContain("NewerPreview");
  expect((await call(flag, { method: "DELETE" })).json).toMatchObject({
    properties: { state: "Unregistered" },
  });
});

test("what is not offered is refused by its name", async () => {
  const refusal = async (path: string, options: CallOptions): Promise<unknown> => {
    const { status, json } = await call(path, options);
    return [status, (json as { error: { code: string; message: string } }).error];
  };
  const post = { method: "POST", body: { resources: ["*"] } };
  expect(await refusal(`${GROUP}/exportTemplate`, post)).toEqual([
    400,
    { code: "NotSupported", message: expect.stringContaining("exportTemplate") },
  ]);
  expect(await refusal(`${GROUP}/moveResources`, post)).toMatchObject([400, {}]);
  const snapshots = `${GROUP}/providers/Microsoft.ContainerService/managedClusterSnapshots`;
  expect(await values(snapshots)).toEqual([]);
  expect(await refusal(`${snapshots}/s`, { method: "PUT", body: {} })).toMatchObject([
    400,
    { code: "NotSupported" },
  ]);
  const domains = `${GROUP}/providers/Microsoft.EventGrid/domains`;
  expect(await values(domains)).toEqual([]);
  expect(await refusal(`${domains}/d`, { method: "PUT", body: {} })).toMatchObject([
    400,
    { code: "NotSupported", message: expect.stringContaining("domains") },
  ]);
});

test("actions are told as roles name them, and systems of nodes as older clients ask for them", async () => {
  const path = "/providers/Microsoft.Authorization/providerOperations";
  expect((await values(path)).length).toBeGreaterThan(3);
  const one = await call(`${path}/microsoft.containerservice`);
  expect(JSON.stringify(one.json)).toContain("Microsoft.ContainerService/fleets/members/write");
  expect((await call(`${path}/Microsoft.Nothing`)).status).toBe(404);
  const options = `${SUBSCRIPTION_PATH}/providers/Microsoft.ContainerService/locations/eastus/osOptions/default`;
  expect((await call(options)).json).toMatchObject({
    properties: { osOptionPropertyList: [{ osType: "Linux" }, { osType: "Windows" }] },
  });
});
