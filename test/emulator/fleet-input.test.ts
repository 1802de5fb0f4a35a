import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const PORT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/fleets/port`;
const IMAGE = "AKSUbuntu-2204gen2containerd-202606.16.0";

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  throttling: false,
  images: [{ region: "westeurope", version: IMAGE }],
  clusters: [
    {
      name: "one",
      resourceGroup: "harbour",
      location: "westeurope",
      kubernetesVersion: "1.33.5",
      pools: [{ name: "np" }],
    },
  ],
  fleets: [
    {
      name: "port",
      resourceGroup: "harbour",
      location: "westeurope",
      members: [{ name: "one", cluster: "one", group: "a" }],
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
  apiVersion = "2026-06-01",
): Promise<WireAnswer> {
  const body = properties === undefined ? {} : { body: { properties } };
  return emulator.call(`${PORT}/${path}?api-version=${apiVersion}`, { method, ...body });
}

const NODE_IMAGES = { upgrade: { type: "NodeImageOnly" } };
const stage = (more: object, group: object = {}): object => ({
  stages: [{ name: "first", groups: [{ name: "a", ...group }], ...more }],
});
const groups = (count: number): object =>
  stage({ groups: Array.from({ length: count }, (_, index) => ({ name: `g${index}` })) });
const full = (kubernetesVersion?: string): object => ({
  managedClusterUpdate: { upgrade: { type: "Full", kubernetesVersion } },
});
const images = (customNodeImageVersions: unknown, type = "Custom"): object => ({
  managedClusterUpdate: {
    ...NODE_IMAGES,
    nodeImageSelection: { type, customNodeImageVersions },
  },
});
const version = (name: string): object => ({ version: name });

/** Each is refused in words that name the field; a limit that is passed over would be no limit. */
const REFUSED: readonly (readonly [string, string, object, RegExp])[] = [
  ["strategies", "no stage", { strategy: { stages: [] } }, /at least one stage/],
  ["strategies", "no groups", { strategy: stage({ groups: [] }) }, /no groups/],
  ["strategies", "51 groups", { strategy: groups(51) }, /51 groups/],
  ["strategies", "a bad name", { strategy: stage({ name: "First" }) }, /'First' is invalid/],
  ["strategies", "a negative wait", { strategy: stage({ afterStageWaitInSeconds: -1 }) }, /-1/],
  [
    "strategies",
    "a wait in a text",
    { strategy: stage({ afterStageWaitInSeconds: "60" }) },
    /"60"/,
  ],
  ["strategies", "a limit that is no text", { strategy: stage({ maxConcurrency: 3 }) }, /"3" or/],
  ["strategies", "a limit of 0", { strategy: stage({ maxConcurrency: "0" }) }, /"0"/],
  ["strategies", "101%", { strategy: stage({ maxConcurrency: "101%" }) }, /101%/],
  ["strategies", "51 of a stage", { strategy: stage({ maxConcurrency: "51" }) }, /limit of 50/],
  ["strategies", "51 of a group", { strategy: stage({}, { maxConcurrency: "51" }) }, /limit of 50/],
  ["strategies", "gates that are no list", { strategy: stage({ afterGates: "CAB" }) }, /list/],
  [
    "strategies",
    "a gate that is a text",
    { strategy: stage({ afterGates: ["CAB"] }) },
    /not a gate/,
  ],
  ["strategies", "a gate without a name", { strategy: stage({ afterGates: [{}] }) }, /displayName/],
  ["runs", "no upgrade", {}, /upgrade is required/],
  ["runs", "Full without a version", full(), /kubernetesVersion is required/],
  ["runs", "Full with half a version", full("1.34"), /1\.33\.5/],
  ["runs", "images without a version", images([]), /is required for Custom/],
  ["runs", "images that are texts", images([IMAGE]), /"version"/],
  ["runs", "an image that is none", images([version("latest")]), /'latest' is not a node image/],
  ["runs", "two images of a family", images([version(IMAGE), version(IMAGE)]), /of the family/],
  ["runs", "images with Latest", images([version(IMAGE)], "Latest"), /must be empty/],
  ["profiles", "a channel that is none", { channel: "Weekly" }, /'Weekly'/],
  ["profiles", "no version to go to", { channel: "TargetKubernetesVersion" }, /as in 1\.33/],
  [
    "profiles",
    "a patch version to go to",
    { channel: "TargetKubernetesVersion", targetKubernetesVersion: "1.33.5" },
    /1\.33\.5/,
  ],
  [
    "profiles",
    "a version of Stable",
    { channel: "Stable", targetKubernetesVersion: "1.33" },
    /empty/,
  ],
  [
    "profiles",
    "images of its own",
    { channel: "Rapid", nodeImageSelection: { type: "Custom" } },
    /'Custom'/,
  ],
];

const ADDRESSES: Readonly<Record<string, string>> = {
  strategies: "updateStrategies/s1",
  runs: "updateRuns/r1",
  profiles: "autoUpgradeProfiles/p1",
};

test.each(REFUSED)("%s: %s is refused", async (kind, _, properties, message) => {
  const answer = await call("PUT", ADDRESSES[kind] ?? "", properties);
  expect([answer.status, answer.json]).toEqual([
    400,
    { error: { code: "InvalidParameter", message: expect.stringMatching(message) } },
  ]);
});

test("50 groups, a limit of 50 and a gate are taken", async () => {
  const strategy = {
    stages: [
      {
        ...(groups(50) as { stages: object[] }).stages[0],
        maxConcurrency: "50",
        afterGates: [{ displayName: "CAB", type: "Approval" }],
      },
    ],
  };
  expect((await call("PUT", "updateStrategies/s1", { strategy })).status).toBeLessThan(300);
});

test("a channel of a later api-version is refused by an older one", async () => {
  const target = { channel: "TargetKubernetesVersion", targetKubernetesVersion: "1.33" };
  expect((await call("PUT", "autoUpgradeProfiles/p1", target, "2025-03-01")).status).toBe(400);
  expect((await call("PUT", "autoUpgradeProfiles/p1", target)).status).toBeLessThan(300);
});

test("a strategy is named or written, not both; the copy of a named one is edited in the run", async () => {
  const updateStrategyId = `${PORT}/updateStrategies/named`;
  await call("PUT", "updateStrategies/named", { strategy: stage({}) });
  const base = { managedClusterUpdate: NODE_IMAGES, updateStrategyId };
  const both = await call("PUT", "updateRuns/r1", { ...base, strategy: stage({}) });
  expect(both.status).toBe(400);
  await call("PUT", "updateRuns/r1", base);
  await call("PUT", "updateStrategies/named", { strategy: stage({ afterStageWaitInSeconds: 60 }) });
  const copied = { properties: { strategy: stage({}) } };
  expect((await call("PUT", "updateRuns/r1", base)).json).toMatchObject(copied);
  expect((await call("GET", "updateRuns/r1")).json).toMatchObject(copied);
  const edited = { ...base, strategy: stage({ afterStageWaitInSeconds: 30 }) };
  expect((await call("PUT", "updateRuns/r1", edited)).json).toMatchObject({
    properties: {
      strategy: { stages: [{ afterStageWaitInSeconds: 30 }] },
      status: { stages: [{ afterStageWaitStatus: { waitDurationInSeconds: 30 } }] },
    },
  });
});

test("a member's group is changed, refused when no group can have the name, and taken away", async () => {
  const patch = (group: string | null): Promise<WireAnswer> =>
    call("PATCH", "members/one", { group });
  expect((await patch("blue")).json).toMatchObject({ properties: { group: "blue" } });
  expect((await patch("Not OK!")).status).toBe(400);
  const { properties } = (await patch(null)).json as { properties: object };
  expect(properties).not.toHaveProperty("group");
  const run = await call("PUT", "updateRuns/r1", {
    managedClusterUpdate: NODE_IMAGES,
    strategy: stage({}, { name: "blue" }),
  });
  expect(JSON.stringify(run.json)).not.toContain('"members"');
});
