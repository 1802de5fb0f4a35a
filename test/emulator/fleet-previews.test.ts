import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Scenario, ScenarioCluster } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const PORT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/fleets/port`;
const LINUX = "AKSUbuntu-2204gen2containerd";
const WINDOWS = "AKSWindows-2022-containerd";
const PREVIEW = "2026-06-02-preview";
const GATED = "2026-06-01";
const PLAIN = "2025-03-01";

function cluster(name: string, more: Partial<ScenarioCluster> = {}): ScenarioCluster {
  return {
    name,
    resourceGroup: "harbour",
    location: "westeurope",
    kubernetesVersion: "1.33.5",
    pools: [{ name: "np", count: 1, nodeImageVersion: `${LINUX}-202606.16.0` }],
    ...more,
  };
}

/** Without room for a disruption the drain, and so the member, fails. */
const BLOCKED: Partial<ScenarioCluster> = {
  workloads: [{ name: "web" }],
  budgets: [{ name: "web", selector: { app: "web" }, maxUnavailable: 0 }],
};

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  throttling: false,
  images: ["202606.16.0", "202606.26.0"].map((version) => ({
    region: "westeurope",
    version: `${LINUX}-${version}`,
  })),
  clusters: [
    cluster("one"),
    cluster("two", BLOCKED),
    cluster("three"),
    cluster("four", {
      location: "northeurope",
      pools: [
        { name: "np", nodeImageVersion: `${LINUX}-202606.16.0` },
        { name: "win", osType: "Windows", nodeImageVersion: `${WINDOWS}-20348.3207.250214` },
      ],
    }),
  ],
  fleets: [
    {
      name: "port",
      resourceGroup: "harbour",
      location: "westeurope",
      members: [
        { name: "one", cluster: "one", group: "a", labels: { env: "prod" } },
        { name: "two", cluster: "two", group: "a", labels: { env: "prod", tier: "web" } },
        { name: "three", cluster: "three", group: "a" },
      ],
    },
    {
      name: "isles",
      resourceGroup: "harbour",
      location: "northeurope",
      members: [{ name: "four", cluster: "four" }],
    },
  ],
};

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
});
afterAll(() => emulator.close());
beforeEach(async () => {
  await call("DELETE", "updateRuns/r1");
});

function call(
  method: string,
  path: string,
  properties?: object,
  { version = PREVIEW, fleet = PORT } = {},
): Promise<WireAnswer> {
  const body = properties === undefined ? {} : { body: { properties } };
  return emulator.call(`${fleet}/${path}?api-version=${version}`, { method, ...body });
}

function advance(duration: string): Promise<unknown> {
  return emulator.control("POST", "/clock", { advance: duration });
}

function create(stages: readonly object[], version?: string): Promise<WireAnswer> {
  const managedClusterUpdate = { upgrade: { type: "NodeImageOnly" } };
  const properties = { managedClusterUpdate, strategy: { stages } };
  return call("PUT", "updateRuns/r1", properties, { ...(version && { version }) });
}

const seen = (version: string): Promise<WireAnswer> =>
  call("GET", "updateRuns/r1", undefined, { version });

const TOLERANT = [
  {
    name: "s",
    maxAllowedFailures: "50%",
    groups: [{ name: "a", maxAllowedFailures: "1", maxConcurrency: "3" }],
  },
];

test("a run goes on past a tolerated failure, and counts it where the api-version has the fields", async () => {
  expect((await create(TOLERANT)).status).toBe(201);
  await call("POST", "updateRuns/r1/start");
  await advance("PT3H");
  const limits = { failureCount: 1, maxConcurrency: 3 };
  expect((await seen(PREVIEW)).json).toMatchObject({
    properties: {
      strategy: { stages: TOLERANT },
      status: {
        status: { state: "Completed" },
        failureCount: 1,
        stages: [
          {
            failureCount: 1,
            maxAllowedFailures: 2,
            status: { state: "Completed" },
            groups: [{ ...limits, maxAllowedFailures: 1, status: { state: "Completed" } }],
          },
        ],
      },
    },
  });
  const gated = (await seen(GATED)).text;
  expect(gated).toContain('"maxConcurrency":3');
  expect(gated).not.toMatch(/maxAllowedFailures|failureCount/);
  expect((await seen(PLAIN)).text).not.toMatch(/maxAllowedFailures|failureCount|maxConcurrency/);
});

test("Resource Graph finds the run that went on past its failures", async () => {
  await create(TOLERANT);
  await call("POST", "updateRuns/r1/start");
  await advance("PT3H");
  // Source: learn.microsoft.com/azure/kubernetes-fleet/howto-monitor-update-runs, "building alerts"
  const ask = async (query: string): Promise<unknown> => {
    const path = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01";
    const body = { query, subscriptions: [SUBSCRIPTION] };
    return ((await emulator.call(path, { method: "POST", body })).json as { data: unknown }).data;
  };
  const runs = `aksresources
    | where type == "microsoft.containerservice/fleets/updateruns"
    | where id contains ('Microsoft.ContainerService/fleets/port')
    | extend parsedProps = parse_json(properties)`;
  const alert = `${runs}
    | extend state = tostring(parsedProps.status.status.state), failureCount = toint(parsedProps.status.failureCount)
    | where state == "Failed" or failureCount > 0
    | project name, state, failureCount`;
  expect(await ask(alert)).toEqual([{ name: "r1", state: "Completed", failureCount: 1 }]);
  const members = `${runs}
    | mv-expand stages = parsedProps.status.stages
    | mv-expand groups = stages.groups
    | mv-expand members = groups.members
    | where stages.name == "s" and groups.name == "a" and members.status.state == "Failed"
    | project stageName = stages.name, groupFailureCount = toint(groups.failureCount), memberName = tostring(members.name)
    | order by stageName asc, memberName asc`;
  expect(await ask(members)).toEqual([{ stageName: "s", groupFailureCount: 1, memberName: "two" }]);
});

test("an api-version that does not know maxAllowedFailures does not take it", async () => {
  await create(TOLERANT, GATED);
  expect((await seen(PREVIEW)).json).toMatchObject({
    properties: { status: { failureCount: 0, stages: [{ maxAllowedFailures: 0 }] } },
  });
});

test("a strategy keeps them for every run that is made of it, whatever api-version makes it", async () => {
  await call("PUT", "updateStrategies/tolerant", { strategy: { stages: TOLERANT } });
  const strategy = await call("GET", "updateStrategies/tolerant", undefined, { version: GATED });
  expect(strategy.text).not.toContain("maxAllowedFailures");
  await call(
    "PUT",
    "updateRuns/r1",
    {
      updateStrategyId: `${PORT}/updateStrategies/tolerant`,
      managedClusterUpdate: { upgrade: { type: "NodeImageOnly" } },
    },
    { version: PLAIN },
  );
  expect((await seen(PREVIEW)).json).toMatchObject({
    properties: { status: { stages: [{ maxAllowedFailures: 2 }] } },
  });
});

test("an older api-version that writes a strategy or run leaves in place what it does not know", async () => {
  const gates = [{ displayName: "CAB", type: "Approval" }];
  const [first] = TOLERANT;
  const stages = [
    { ...first, afterGates: gates },
    { name: "new", groups: [{ name: "b" }] },
  ];
  await call("PUT", "updateStrategies/kept", { strategy: { stages } });
  await create(stages);
  const plain = [
    { name: "new", groups: [{ name: "b" }], afterStageWaitInSeconds: 60 },
    { name: "s", groups: [{ name: "a" }, { name: "c" }] },
  ];
  await call("PUT", "updateStrategies/kept", { strategy: { stages: plain } }, { version: PLAIN });
  await create(plain, PLAIN);
  const kept = {
    strategy: {
      stages: [
        plain[0],
        { ...first, afterGates: gates, groups: [...(first?.groups ?? []), { name: "c" }] },
      ],
    },
  };
  expect((await call("GET", "updateStrategies/kept")).json).toMatchObject({ properties: kept });
  expect((await seen(PREVIEW)).json).toMatchObject({ properties: kept });
});

test.each([
  [{ maxAllowedFailures: 2 }, "maxAllowedFailures 2 must be a text"],
  [{ maxAllowedFailures: "101%" }, 'maxAllowedFailures "101%" must be'],
  [{ maxAllowedFailures: "-1" }, 'maxAllowedFailures "-1" must be'],
  [{ memberSelector: { byName: "one" } }, 'memberSelector takes {"byLabel"'],
  [{ memberSelector: { byLabel: "env=prod,," } }, "unable to parse requirement"],
  [{ beforeGates: [{ displayName: "x", type: "ScheduledStart" }] }, "'ScheduledStart' is not"],
  [
    {
      beforeGates: [
        {
          displayName: "x",
          type: "ScheduledStart",
          scheduledStartConfiguration: {
            startDay: "Friday",
            startTime: "24:00",
            utcOffset: "+00:00",
          },
        },
      ],
    },
    "must have a startDay",
  ],
])("%j is refused", async (more, message) => {
  const { status, text } = await create([{ name: "s", groups: [{ name: "a" }], ...more }]);
  expect([status, text]).toEqual([400, expect.stringContaining(message.replaceAll('"', '\\"'))]);
});

const membersOf = ({ json }: WireAnswer): unknown => {
  const { properties } = json as { properties: { status: { stages: { groups: Group[] }[] } } };
  return properties.status.stages.map(({ groups }) =>
    groups.map(({ name, members = [] }) => [name, ...members.map((one) => one.name)]),
  );
};
type Group = { readonly name: string; readonly members?: readonly { readonly name: string }[] };

test("members are selected by their labels and by those that Fleet adds", async () => {
  const stages = [
    { name: "web", memberSelector: { byLabel: "env in (prod, test),tier" } },
    {
      name: "rest",
      memberSelector: { byLabel: "fleet.azure.com/location=westeurope" },
      groups: [{ name: "unlabelled", memberSelector: { byLabel: "!env" } }, { name: "a" }],
    },
  ];
  const made = await create(stages);
  expect(made.status).toBe(201);
  expect(membersOf(made)).toEqual([
    [["web", "two"]],
    [
      ["unlabelled", "three"],
      ["a", "one"],
    ],
  ]);
  expect((await seen(GATED)).text).not.toContain("memberSelector");
});

const FRIDAY = { startDay: "Friday", startTime: "18:00", utcOffset: "-05:00" };

test("a scheduled start opens at its time; only the preview shows the schedule", async () => {
  const gate = {
    displayName: "Friday evening",
    type: "ScheduledStart",
    scheduledStartConfiguration: FRIDAY,
  };
  await create([{ name: "s", groups: [{ name: "a", beforeGates: [gate] }] }]);
  await call("POST", "updateRuns/r1/start");
  await advance("PT1M");
  const gates = (await call("GET", "gates")).json as {
    value: { name: string; properties: { scheduledStartProperties: object; state: string } }[];
  };
  const [{ name = "", properties } = {}] = gates.value;
  expect(properties).toMatchObject({
    gateType: "ScheduledStart",
    state: "Pending",
    scheduledStartProperties: {
      ...FRIDAY,
      absoluteStartTime: expect.stringMatching(/T23:00:00/) as string,
    },
    target: { updateRunProperties: { stage: "s", group: "a", timing: "Before" } },
  });
  expect((await call("GET", "gates", undefined, { version: GATED })).text).not.toContain(
    "scheduledStart",
  );
  // What an older client reads it can write back.
  const stored = (await seen(GATED)).json as { properties: object };
  const back = await call("PUT", "updateRuns/r1", stored.properties, { version: GATED });
  expect(back.status).toBe(200);
  expect((await seen(PREVIEW)).text).toContain('"scheduledStartConfiguration"');
  await advance("P7D");
  expect((await call("GET", `gates/${name}`)).json).toMatchObject({
    properties: { state: "Completed" },
  });
});

test("the channel SecurityPatch is of the preview alone, and leaves Windows pools be", async () => {
  const fleet = PORT.replace("port", "isles");
  const profile = { channel: "SecurityPatch" };
  const path = "autoUpgradeProfiles/patches";
  expect((await call("PUT", path, profile, { fleet, version: GATED })).status).toBe(400);
  expect((await call("PUT", path, profile, { fleet })).status).toBe(201);
  for (const version of [`${LINUX}-202606.26.0`, `${WINDOWS}-20348.3328.250312`]) {
    await emulator.control("POST", "/images", { region: "northeurope", version });
  }
  await advance("PT6H");
  const pools = await emulator.call(
    `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/managedClusters/four/agentPools?api-version=2026-04-01`,
  );
  expect(pools.json).toMatchObject({
    value: [
      { properties: { nodeImageVersion: `${LINUX}-202606.26.0` } },
      { properties: { nodeImageVersion: `${WINDOWS}-20348.3207.250214` } },
    ],
  });
});
