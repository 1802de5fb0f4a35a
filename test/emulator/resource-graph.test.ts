import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";

/** Azure's answer to "where is every run of every fleet": a query over all that the caller may read. */
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/demo`;
const FLEET = `${GROUP}/providers/Microsoft.ContainerService/fleets/fleet-1`;
const QUERIES = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01";
const CLUSTERS = "resources | where type =~ 'Microsoft.ContainerService/managedClusters'";

const cluster = DEFAULT_SCENARIO.clusters?.[0];
const scenario: Scenario = {
  ...DEFAULT_SCENARIO,
  subscription: SUBSCRIPTION,
  throttling: false,
  clusters: cluster
    ? [
        { ...cluster, tags: { team: "dock" } },
        { ...cluster, name: "cluster-2", kubernetesVersion: "1.32.7" },
      ]
    : [],
  principals: [
    {
      name: "fleet-reader",
      clientId: "99999999-0000-4000-8000-000000000001",
      roles: [{ actions: ["*/read"], scope: FLEET }],
    },
  ],
};

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  const managedClusterUpdate = {
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Latest" },
  };
  await emulator.call(`${FLEET}/updateRuns/run-1?api-version=2026-06-01`, {
    method: "PUT",
    body: { properties: { managedClusterUpdate } },
  });
});
afterAll(() => emulator.close());

function ask(query: unknown, more: object = {}, as = "owner"): ReturnType<TestEmulator["call"]> {
  return emulator.call(QUERIES, { method: "POST", body: { query, ...more }, as });
}

async function rows(query: string, as?: string): Promise<unknown> {
  const { status, json, text } = await ask(query, {}, as);
  expect(status, text).toBe(200);
  return (json as { data: unknown }).data;
}

test.each<[string, unknown]>([
  [
    `${CLUSTERS} | project name, location`,
    [
      { name: "cluster-1", location: "westeurope" },
      { name: "cluster-2", location: "westeurope" },
    ],
  ],
  [
    `${CLUSTERS} | where tags.team == 'dock' and isnotempty(name) | project n = toupper(name)`,
    [{ n: "CLUSTER-1" }],
  ],
  [`${CLUSTERS} | where not(tags['team'] == 'dock') | project name`, [{ name: "cluster-2" }]],
  [
    `${CLUSTERS} | where properties.kubernetesVersion in~ ('1.33.5', '1.34.1') | count`,
    [{ Count: 1 }],
  ],
  [
    `${CLUSTERS} | where name !in ("cluster-1") or name startswith 'x' | project name`,
    [{ name: "cluster-2" }],
  ],
  [
    `${CLUSTERS} | mv-expand pool = properties.agentPoolProfiles
     | extend nodes = toint(pool['count']) // of one pool
     | where nodes >= 3 | project name, nodes | order by name desc`,
    [
      { name: "cluster-2", nodes: 3 },
      { name: "cluster-1", nodes: 3 },
    ],
  ],
  [
    `${CLUSTERS} | project name, version = tostring(properties.kubernetesVersion) | top 1 by version asc`,
    [{ name: "cluster-2", version: "1.32.7" }],
  ],
  [
    "resources | summarize number = count() by type | sort by number, type asc",
    [
      { type: "microsoft.containerservice/managedclusters", number: 2 },
      { type: "microsoft.containerservice/fleets", number: 1 },
    ],
  ],
  ["resources | distinct location", [{ location: "westeurope" }]],
  [
    `${CLUSTERS} | project-away properties, id | take 1 | project name, id`,
    [{ name: "cluster-1", id: null }],
  ],
  ["ResourceContainers | where type endswith '/resourcegroups' | project name", [{ name: "demo" }]],
  [
    `aksresources | where type == 'microsoft.containerservice/fleets/updateruns'
     | project name, state = properties.status.status.state, resourceGroup`,
    [{ name: "run-1", state: "NotStarted", resourceGroup: "demo" }],
  ],
  ["aksresources | where type has 'members' | project name", [{ name: "cluster-1" }]],
  ["containerserviceeventresources", []],
])("%s", async (query, expected) => {
  expect(await rows(query)).toEqual(expected);
});

test("rows are those that the caller may read", async () => {
  expect(await rows("resources | project name", "fleet-reader")).toEqual([{ name: "fleet-1" }]);
  expect(await rows("resourcecontainers", "fleet-reader")).toEqual([]);
  const elsewhere = { subscriptions: ["22222222-2222-3333-4444-555555555555"] };
  expect((await ask("resources", elsewhere)).json).toMatchObject({ totalRecords: 0, data: [] });
  const asked = emulator.environment.audit.entries.filter(({ path }) => path.includes("Graph"));
  expect(asked).toEqual([]);
});

test("an answer has pages, and the form of a table when asked for", async () => {
  const options = { $top: 1, resultFormat: "table" };
  const { json } = await ask(`${CLUSTERS} | project name`, { options });
  expect(json).toMatchObject({
    totalRecords: 2,
    count: 1,
    resultTruncated: "true",
    data: { columns: [{ name: "name", type: "string" }], rows: [["cluster-1"]] },
  });
  const { $skipToken } = json as { $skipToken: string };
  const rest = await ask(`${CLUSTERS} | project name`, { options: { $skipToken } });
  expect(rest.json).toMatchObject({ data: [{ name: "cluster-2" }], resultTruncated: "false" });
});

test.each([
  ["resources | join kind=inner (resources) on id", "'join'"],
  ["resources | where name matches regex 'x'", "'matches'"],
  ["resources | where base64_decode_tostring(name) == 'x'", "'base64_decode_tostring'"],
  ["resources | where (name == 'x'", "not understood"],
  [`resources | where ${"(".repeat(500)}`, "not understood"],
  ["resources | where name == 'unclosed", "not understood"],
  ["virtualmachines", "no table 'virtualmachines'"],
  ["", "required"],
  [17, "required"],
])("%j is refused, and why", async (query, why) => {
  const { status, json } = await ask(query);
  expect([status, json]).toMatchObject([400, { error: { code: "InvalidQuery" } }]);
  expect(JSON.stringify(json)).toContain(why);
});

test("no query brings it down", async () => {
  const words =
    "resources|where name =~ in~ ( ) ' \" , . [ 0 ] and or not( order by take -1 project x = mv-expand properties summarize count() __proto__".split(
      " ",
    );
  const query = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(query, async (parts) => {
      const { status } = await ask(`resources | ${parts.join(" ")}`);
      expect([200, 400]).toContain(status);
    }),
    { numRuns: 300 },
  );
});
