import type { ContainerServiceFleetClient, UpdateRun } from "@azure/arm-containerservicefleet";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Scenario, ScenarioCluster } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const PROVIDER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
const FLEET = `${PROVIDER}/fleets/port`;
const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const NEW = `${FAMILY}-202606.26.0`;
const GATED = "2026-06-01";
const PLAIN = "2025-03-01";

function cluster(name: string): ScenarioCluster {
  return {
    name,
    resourceGroup: "harbour",
    location: "westeurope",
    kubernetesVersion: "1.33.5",
    pools: [{ name: "system", count: 2 }],
  };
}

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  kubernetesVersions: ["1.32.9", "1.33.5"],
  images: [{ region: "westeurope", version: OLD }],
  clusters: [cluster("one"), cluster("two"), cluster("spare")],
  fleets: [
    {
      name: "port",
      resourceGroup: "harbour",
      location: "westeurope",
      members: [
        { name: "one", cluster: "one", group: "canary" },
        { name: "two", cluster: "two", group: "rest" },
      ],
    },
  ],
};

let emulator: TestEmulator;
let fleet: ContainerServiceFleetClient;

async function restart(clock: "manual" | number): Promise<void> {
  await emulator?.close();
  emulator = await startTestEmulator({ scenario, clock });
  fleet = emulator.fleet;
}
beforeEach(() => restart("manual"));
afterEach(() => emulator.close());

const NODE_IMAGE_ONLY = { upgrade: { type: "NodeImageOnly" } };
const stages = [
  { name: "first", groups: [{ name: "canary" }], afterStageWaitInSeconds: 3_600 },
  { name: "second", groups: [{ name: "rest" }] },
];

function createRun(
  name: string,
  properties: object = { strategy: { stages } },
): Promise<UpdateRun> {
  return Promise.resolve(
    fleet.updateRuns.createOrUpdate("harbour", "port", name, {
      properties: { managedClusterUpdate: NODE_IMAGE_ONLY, ...properties },
    }),
  );
}

function raw(path: string, options: object = {}, apiVersion = GATED): Promise<WireAnswer> {
  return emulator.call(`${FLEET}${path}?api-version=${apiVersion}`, options);
}

function advance(duration: string): Promise<unknown> {
  return emulator.control("POST", "/clock", { advance: duration });
}

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of pages) found.push(one);
  return found;
}

test("fleets and members are created as long-running operations", async () => {
  await restart(100_000);
  const created = await fleet.fleets.create(
    "harbour",
    "pier",
    { location: "westeurope", tags: { a: "1" } },
    emulator.polling,
  );
  expect(created).toMatchObject({ name: "pier", properties: { provisioningState: "Succeeded" } });
  const member = await fleet.fleetMembers.create(
    "harbour",
    "pier",
    "spare",
    { properties: { clusterResourceId: `${PROVIDER}/managedClusters/spare`, group: "g" } },
    emulator.polling,
  );
  expect(member.properties).toMatchObject({ provisioningState: "Succeeded", group: "g" });
  const moved = await fleet.fleetMembers.updateAsync("harbour", "pier", "spare", {
    properties: { group: "h" },
  });
  expect(moved.properties).toMatchObject({
    group: "h",
    clusterResourceId: member.properties?.clusterResourceId,
  });
  expect(moved.eTag).not.toBe(member.eTag);
  await fleet.fleetMembers.delete("harbour", "pier", "spare", emulator.polling);
  await fleet.fleets.delete("harbour", "pier", emulator.polling);
  const names = (await collect(fleet.fleets.listBySubscription())).map(({ name }) => name);
  expect(names).toEqual(["port"]);
});

test("a fleet is Creating first; its ETag moves when the creation ends", async () => {
  const path = `${PROVIDER}/fleets/slow?api-version=${PLAIN}`;
  const made = await emulator.call(path, { method: "PUT", body: { location: "westeurope" } });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({ properties: { provisioningState: "Creating" } });
  await advance("PT1M");
  const ready = await emulator.call(path);
  expect(ready.json).toMatchObject({ properties: { provisioningState: "Succeeded" } });
  expect((ready.json as UpdateRun).eTag).not.toBe((made.json as UpdateRun).eTag);
});

const REFUSED_MEMBERS = [
  { name: "an unknown cluster", cluster: "none", status: 400 },
  { name: "a cluster that is a member already", cluster: "one", status: 409 },
];

test.each(REFUSED_MEMBERS)("$name cannot join", async ({ cluster: name, status }) => {
  const properties = { clusterResourceId: `${PROVIDER}/managedClusters/${name}` };
  const answer = await raw("/members/late", { method: "PUT", body: { properties } });
  expect(answer.status).toBe(status);
});

test("a run copies the strategy that it names when it is created", async () => {
  await fleet.fleetUpdateStrategies.createOrUpdate("harbour", "port", "waves", {
    properties: { strategy: { stages } },
  });
  const run = await createRun("r1", { updateStrategyId: `${FLEET}/updateStrategies/waves` });
  await fleet.fleetUpdateStrategies.createOrUpdate("harbour", "port", "waves", {
    properties: { strategy: { stages: [{ name: "other", groups: [{ name: "rest" }] }] } },
  });
  const after = await fleet.updateRuns.get("harbour", "port", "r1");
  expect(after.properties?.strategy).toEqual(run.properties?.strategy);
  expect(run.properties?.strategy?.stages.map(({ name }) => name)).toEqual(["first", "second"]);
  expect(run.properties?.status).toMatchObject({
    status: { state: "NotStarted" },
    stages: [
      {
        name: "first",
        groups: [{ name: "canary", members: [{ name: "one", status: { state: "NotStarted" } }] }],
        afterStageWaitStatus: { status: { state: "NotStarted" }, waitDurationInSeconds: 3_600 },
      },
      { name: "second" },
    ],
  });
});

test("start answers with the state and the ETag of before, then the run rolls to its end", async () => {
  await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
  const created = await createRun("r1", {
    strategy: { stages },
    managedClusterUpdate: {
      ...NODE_IMAGE_ONLY,
      nodeImageSelection: { type: "Custom", customNodeImageVersions: [{ version: NEW }] },
    },
  });
  const started = await raw("/updateRuns/r1/start", { method: "POST" }, PLAIN);
  expect(started.status).toBe(200);
  expect(started.json).toMatchObject({
    eTag: created.eTag,
    properties: { status: { status: { state: "NotStarted" } } },
  });
  await advance("PT2S");
  const running = await fleet.updateRuns.get("harbour", "port", "r1");
  expect(running.properties?.status?.status?.state).toBe("Running");
  expect(running.eTag).not.toBe(created.eTag);
  await advance("P1D");
  const { json, text } = await raw("/updateRuns/r1", {}, PLAIN);
  expect(json).toMatchObject({
    properties: {
      status: {
        status: { state: "Completed", startTime: expect.any(String) },
        stages: [
          {
            status: { state: "Completed" },
            afterStageWaitStatus: { status: { state: "Completed" } },
          },
          { groups: [{ members: [{ name: "two", status: { state: "Completed" } }] }] },
        ],
      },
    },
  });
  expect(text).not.toContain("null");
  const pool = await emulator.aks.agentPools.get("harbour", "two", "system");
  expect(pool.nodeImageVersion).toBe(NEW);
  const history = (await emulator.control("GET", "/history")) as {
    transitions: { kind: string; change?: string; at: string }[];
  };
  const upgraded = history.transitions.filter(({ change }) => change === "Upgraded");
  expect(upgraded).toHaveLength(4);
});

test("gates and maxConcurrency are seen with 2026-06-01 and hidden from 2025-03-01", async () => {
  const gate = { displayName: "fleetwright: verified", type: "Approval" };
  const gated = [{ ...stages[0], maxConcurrency: "50%", afterGates: [gate] }, stages[1]];
  const properties = { strategy: { stages: gated }, managedClusterUpdate: NODE_IMAGE_ONLY };
  const put = await raw("/updateRuns/r1", { method: "PUT", body: { properties } });
  expect(put.status).toBe(201);
  expect(put.json).toMatchObject({
    properties: {
      strategy: { stages: [{ afterGates: [gate], maxConcurrency: "50%" }, {}] },
      status: {
        stages: [{ maxConcurrency: 1, afterGates: [{ status: { state: "NotStarted" } }] }, {}],
      },
    },
  });
  const plain = await raw("/updateRuns/r1", {}, PLAIN);
  expect(plain.text).not.toMatch(/afterGates|maxConcurrency/);
  expect((await raw("/gates", {}, PLAIN)).json).toMatchObject({
    error: { code: "NoRegisteredProviderFound" },
  });
});

test("a stage waits for its gate and its wait; the gate is approved by a PATCH with its ETag", async () => {
  await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
  const gate = { displayName: "ours", type: "Approval" };
  const gated = [{ ...stages[0], afterGates: [gate] }, stages[1]];
  const properties = { strategy: { stages: gated }, managedClusterUpdate: NODE_IMAGE_ONLY };
  await raw("/updateRuns/r1", { method: "PUT", body: { properties } });
  await raw("/updateRuns/r1/start", { method: "POST" });
  await advance("P1D");
  const { value } = (await raw("/gates")).json as { value: GateBody[] };
  expect(value).toMatchObject([
    {
      properties: {
        displayName: "ours",
        gateType: "Approval",
        state: "Pending",
        target: {
          id: `${FLEET}/updateRuns/r1`,
          updateRunProperties: { name: "r1", stage: "first", timing: "After" },
        },
      },
    },
  ]);
  const waiting = (await raw("/updateRuns/r1")).json;
  expect(waiting).toMatchObject({
    properties: {
      status: {
        status: { state: "Pending" },
        stages: [
          { afterGates: [{ gateId: value[0]?.id }] },
          { groups: [{ members: [{ status: { state: "NotStarted" } }] }] },
        ],
      },
    },
  });
  const path = `/gates/${value[0]?.name}`;
  const body = { properties: { state: "Completed" } };
  const stale = await raw(path, { method: "PATCH", body, headers: { "if-match": '"old"' } });
  expect(stale.status).toBe(412);
  const headers = { "if-match": value[0]?.eTag ?? "" };
  const approved = await raw(path, { method: "PATCH", body, headers });
  expect(approved.status).toBe(202);
  const operation = String(approved.headers["azure-asyncoperation"]).replace(
    emulator.ready.arm,
    "",
  );
  expect((await emulator.call(operation)).json).toMatchObject({ status: "Succeeded" });
  await advance("P1D");
  expect((await raw("/updateRuns/r1")).json).toMatchObject({
    properties: { status: { status: { state: "Completed" } } },
  });
});

interface GateBody {
  readonly id: string;
  readonly name: string;
  readonly eTag: string;
}

test("skip works before the start and says so on the member", async () => {
  await createRun("r1");
  const skipped = await fleet.updateRuns.skip("harbour", "port", "r1", {
    targets: [{ type: "Group", name: "canary" }],
  });
  expect(skipped?.properties?.status?.stages?.[0]?.groups?.[0]).toMatchObject({
    status: { state: "Skipped" },
    members: [{ status: { state: "Skipped" }, message: "skipped by request." }],
  });
});

test("a run that is started cannot be changed, one that is not can", async () => {
  await createRun("r1");
  const other = { strategy: { stages: [stages[0]] } };
  const changed = await createRun("r1", other);
  expect(changed.properties?.strategy?.stages).toHaveLength(1);
  await raw("/updateRuns/r1/start", { method: "POST" });
  await expect(createRun("r1")).rejects.toMatchObject({ statusCode: 409 });
  await expect(createRun("r1", other)).resolves.toMatchObject({ name: "r1" });
});

test("deletes answer as recorded: 200 and empty, then 204", async () => {
  await createRun("r1");
  const first = await raw("/updateRuns/r1", { method: "DELETE" });
  expect([first.status, first.text]).toEqual([200, ""]);
  expect((await raw("/updateRuns/r1", { method: "DELETE" })).status).toBe(204);
});

test("If-None-Match: * creates a run once", async () => {
  const properties = { managedClusterUpdate: NODE_IMAGE_ONLY };
  const options = { method: "PUT", body: { properties }, headers: { "if-none-match": "*" } };
  expect((await raw("/updateRuns/r1", options)).status).toBe(201);
  const again = await raw("/updateRuns/r1", options);
  expect(again.status).toBe(412);
  expect(again.json).toMatchObject({ error: { code: "PreconditionFailed" } });
});

test("fields that nobody knows come back unchanged", async () => {
  const strategy = { stages: [{ ...stages[0], fromTheFuture: { a: [1] } }] };
  const body = { properties: { strategy, note: "kept" } };
  await raw("/updateStrategies/waves", { method: "PUT", body });
  expect((await raw("/updateStrategies/waves")).json).toMatchObject(body);
});

const TOO_MANY = Array.from({ length: 51 }, (_, index) => ({ name: `g${index}` }));
const REFUSED_STRATEGIES = [
  { name: "no stages", stages: [] },
  { name: "a stage without groups", stages: [{ name: "a", groups: [] }] },
  { name: "51 groups in a stage", stages: [{ name: "a", groups: TOO_MANY }] },
  { name: "two stages of one name", stages: [{ ...stages[1] }, { ...stages[1] }] },
  { name: "a group named twice", stages: [{ name: "a", groups: [{ name: "x" }, { name: "x" }] }] },
  {
    name: "a group in two stages",
    stages: [stages[0], { name: "second", groups: [{ name: "canary" }] }],
  },
  {
    name: "a stage that would upgrade 51 at once",
    stages: [{ ...stages[0], maxConcurrency: "51" }],
  },
  { name: "a stage name with capitals", stages: [{ name: "Canary", groups: [{ name: "x" }] }] },
  { name: "a wait below zero", stages: [{ ...stages[0], afterStageWaitInSeconds: -1 }] },
  { name: "maxConcurrency 0", stages: [{ ...stages[0], maxConcurrency: "0" }] },
  { name: "a gate without a name", stages: [{ ...stages[0], afterGates: [{ type: "Approval" }] }] },
];

test.each(REFUSED_STRATEGIES)("a strategy with $name is refused", async ({ stages: refused }) => {
  const body = { properties: { strategy: { stages: refused } } };
  const answer = await raw("/updateStrategies/bad", { method: "PUT", body });
  expect(answer.status).toBe(400);
  expect(answer.json).toEqual({ error: { code: "InvalidParameter", message: expect.any(String) } });
});

const custom = (...versions: string[]): object => ({
  type: "Custom",
  customNodeImageVersions: versions.map((version) => ({ version })),
});
const REFUSED_RUNS = [
  { name: "no upgrade", update: {} },
  {
    name: "NodeImageOnly with a version",
    update: { upgrade: { type: "NodeImageOnly", kubernetesVersion: "1.33.5" } },
  },
  { name: "Full without a version", update: { upgrade: { type: "Full" } } },
  { name: "an unknown type", update: { upgrade: { type: "Half" } } },
  { name: "Custom without images", update: { ...NODE_IMAGE_ONLY, nodeImageSelection: custom() } },
  {
    name: "two images of a family",
    update: { ...NODE_IMAGE_ONLY, nodeImageSelection: custom(OLD, NEW) },
  },
];

test.each(REFUSED_RUNS)("a run with $name is refused", async ({ update }) => {
  const body = { properties: { managedClusterUpdate: update } };
  const answer = await raw("/updateRuns/bad", { method: "PUT", body });
  expect(answer.status).toBe(400);
});

test("a run that names a strategy which is not there is refused", async () => {
  await expect(
    createRun("r1", { updateStrategyId: `${FLEET}/updateStrategies/none` }),
  ).rejects.toMatchObject({ statusCode: 400 });
});

test("a profile generates a run that is not started, once per version", async () => {
  await raw("/autoUpgradeProfiles/patch", {
    method: "PUT",
    body: { properties: { channel: "Stable" } },
  });
  const generate = (): Promise<WireAnswer> =>
    raw("/autoUpgradeProfiles/patch/generateUpdateRun", { method: "POST" });
  const first = (await generate()).json as { id: string };
  expect((await generate()).json).toEqual(first);
  const run = await emulator.call(`${first.id}?api-version=${GATED}`);
  expect(run.json).toMatchObject({
    properties: {
      autoUpgradeProfileId: `${FLEET}/autoUpgradeProfiles/patch`,
      managedClusterUpdate: { upgrade: { type: "Full", kubernetesVersion: "1.32.9" } },
      status: { status: { state: "NotStarted" } },
    },
  });
});
