import { afterEach, expect, test } from "vitest";
import type { Scenario, ScenarioCluster } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator, WireAnswer } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const PROVIDER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
const RUN = `${PROVIDER}/fleets/port/updateRuns/r1`;
const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const NEW = `${FAMILY}-202606.26.0`;

function cluster(name: string): ScenarioCluster {
  return {
    name,
    resourceGroup: "harbour",
    location: "westeurope",
    kubernetesVersion: "1.33.5",
    pools: [{ name: "system", count: 1 }],
    workloads: [{ name: "web" }],
    // Without room for a disruption the pool's drain, and so the member, fails.
    ...(name === "blocked"
      ? { budgets: [{ name: "web", selector: { app: "web" }, maxUnavailable: 0 }] }
      : {}),
  };
}

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  images: [
    { region: "westeurope", version: OLD },
    { region: "westeurope", version: NEW },
  ],
  clusters: ["one", "two", "blocked"].map((name) => ({
    ...cluster(name),
    pools: [{ name: "system", count: 1, nodeImageVersion: OLD }],
  })),
  fleets: [
    {
      name: "port",
      resourceGroup: "harbour",
      location: "westeurope",
      members: ["one", "two", "blocked"].map((name) => ({ name, cluster: name, group: name })),
    },
  ],
};

let emulator: TestEmulator;
afterEach(() => emulator.close());

function call(path: string, options: object = {}): Promise<WireAnswer> {
  return emulator.call(`${path}?api-version=2026-06-01`, options);
}

function advance(duration: string): Promise<unknown> {
  return emulator.control("POST", "/clock", { advance: duration });
}

const stage = (group: string, more: object = {}): object => ({
  name: `stage-${group}`,
  groups: [{ name: group }],
  ...more,
});
const gate = [{ displayName: "CAB", type: "Approval" }];
const WAITING = [stage("one", { afterStageWaitInSeconds: 3_600 }), stage("two")];

function create(stages: readonly object[]): Promise<WireAnswer> {
  const managedClusterUpdate = { upgrade: { type: "NodeImageOnly" } };
  const body = { properties: { managedClusterUpdate, strategy: { stages } } };
  return call(RUN, { method: "PUT", body });
}

const post = (action: string, body?: object): Promise<WireAnswer> =>
  call(`${RUN}/${action}`, { method: "POST", ...(body ? { body } : {}) });

const skip = (type: string, name: string): Promise<WireAnswer> =>
  post("skip", { targets: [{ type, name }] });

async function begin(stages: readonly object[], wait: string): Promise<void> {
  await create(stages);
  await post("start");
  await advance(wait);
}

/** How a run gets into each of its states. */
const WAYS: Readonly<Record<string, () => Promise<void>>> = {
  NotStarted: async () => {
    await create(WAITING);
  },
  Running: () => begin(WAITING, "PT1M"),
  Pending: () => begin([stage("one", { beforeGates: gate }), stage("two")], "PT1M"),
  Stopping: async () => {
    await begin(WAITING, "PT1M");
    await post("stop");
  },
  Stopped: async () => {
    await begin(WAITING, "PT1M");
    await post("stop");
    await advance("PT6H");
  },
  Failed: () => begin([stage("blocked"), stage("two")], "PT12H"),
  Skipped: () => begin([stage("nobody")], "PT1M"),
  Completed: () => begin([stage("two")], "PT12H"),
};

/** What a user may do in each state; everything else is a 409. Source: update run states of the concept page. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  NotStarted: ["start", "skip", "edit"],
  Running: ["stop", "skip"],
  Pending: ["stop", "skip"],
  Stopping: ["stop"],
  Stopped: ["start"],
  Failed: ["start", "skip"],
  Skipped: ["stop"],
  Completed: [],
};

const ACTIONS: Readonly<Record<string, () => Promise<WireAnswer>>> = {
  start: () => post("start"),
  stop: () => post("stop"),
  skip: () => skip("Stage", "stage-two"),
  edit: () => create([stage("two", { afterStageWaitInSeconds: 1 })]),
};

const CASES = Object.keys(WAYS).flatMap((state) =>
  Object.keys(ACTIONS).map((action) => ({
    state,
    action,
    status: ALLOWED[state]?.includes(action) ? 200 : 409,
  })),
);

test.each(CASES)("$action of a run that is $state: $status", async ({ state, action, status }) => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  await WAYS[state]?.();
  expect((await call(RUN)).json).toMatchObject({
    properties: { status: { status: { state } } },
  });
  const answer = await ACTIONS[action]?.();
  expect(answer?.status).toBe(status);
  if (status === 200) return;
  expect(answer?.json).toEqual({
    error: { code: "OperationNotAllowed", message: expect.stringContaining(state) },
  });
});

test.each(Object.keys(WAYS))(
  "a run that is %s can be deleted, and its gates go with it",
  async (state) => {
    emulator = await startTestEmulator({ scenario, clock: "manual" });
    await WAYS[state]?.();
    const answer = await call(RUN, { method: "DELETE" });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect((await call(RUN)).status).toBe(404);
    expect((await call(`${PROVIDER}/fleets/port/gates`)).json).toEqual({ value: [] });
  },
);

test("a run that is stopped right after its start never begins, and starts again when asked", async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  await create(WAITING);
  await post("start");
  expect((await post("stop")).status).toBe(200);
  await advance("PT6H");
  expect((await call(RUN)).json).toMatchObject({
    properties: {
      status: {
        status: { state: "Stopped" },
        stages: [{ status: { state: "NotStarted" } }, { status: { state: "NotStarted" } }],
      },
    },
  });
  await post("start");
  await advance("PT12H");
  expect((await call(RUN)).json).toMatchObject({
    properties: { status: { status: { state: "Completed" } } },
  });
});

test("a PUT changes what nobody knows in any state, and what is to be done until the start alone", async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  await create(WAITING);
  const put = (more: object): Promise<WireAnswer> => {
    const managedClusterUpdate = { upgrade: { type: "NodeImageOnly" } };
    const properties = { managedClusterUpdate, strategy: { stages: WAITING }, ...more };
    return call(RUN, { method: "PUT", body: { properties } });
  };
  const created = await put({ note: { of: ["the", "future"] } });
  expect(created.json).toMatchObject({ properties: { note: { of: ["the", "future"] } } });
  const same = await put({ note: { of: ["the", "future"] } });
  expect(same.json).toEqual(created.json);
  await post("start");
  expect((await put({ strategy: { stages: [stage("two")] } })).status).toBe(409);
  expect((await put({ note: "later" })).json).toMatchObject({ properties: { note: "later" } });
  await advance("PT12H");
  const read = (await call(RUN)).json as { properties: { strategy: object } };
  expect(read.properties.strategy).toEqual({ stages: WAITING });
  // What a client read may be written back as it stands.
  const written = await call(RUN, { method: "PUT", body: read });
  expect([written.status, (written.json as typeof read).properties]).toEqual([
    200,
    read.properties,
  ]);
});

const TARGETS = [
  { type: "Member", name: "one", status: 409, why: "it is being upgraded" },
  { type: "Member", name: "two", status: 200, why: "it waits" },
  { type: "Group", name: "one", status: 200, why: "its member may finish" },
  { type: "Stage", name: "stage-one", status: 200, why: "its member may finish" },
  { type: "AfterStageWait", name: "stage-one", status: 200, why: "it has not begun" },
  { type: "AfterStageWait", name: "stage-two", status: 400, why: "there is no wait" },
  { type: "Group", name: "nobody", status: 400, why: "there is no such group" },
  { type: "Gate", name: "CAB", status: 400, why: "a gate cannot be skipped by itself" },
];

test.each(TARGETS)(
  "skip $type $name of a running run: $status, $why",
  async ({ type, name, status }) => {
    emulator = await startTestEmulator({ scenario, clock: "manual" });
    await WAYS["Running"]?.();
    const answer = await skip(type, name);
    expect(answer.status).toBe(status);
  },
);

test("a wait that is skipped while it runs ends at once, and moves the ETag", async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  await begin(WAITING, "PT1M");
  const isWaiting = async (): Promise<boolean> =>
    JSON.stringify((await call(RUN)).json).includes(
      '"afterStageWaitStatus":{"status":{"startTime"',
    );
  for (let minutes = 0; minutes < 180 && !(await isWaiting()); minutes++) await advance("PT1M");
  const before = (await call(RUN)).json as { eTag: string };
  const after = (await skip("AfterStageWait", "stage-one")).json as { eTag: string };
  expect(after.eTag).not.toBe(before.eTag);
  expect(after).toMatchObject({
    properties: {
      status: {
        stages: [
          {
            status: { state: "Completed" },
            afterStageWaitStatus: {
              status: { state: "Skipped", completedTime: expect.any(String) },
            },
          },
          { status: { state: "Running" } },
        ],
      },
    },
  });
});

test("a stale If-Match keeps a start from happening", async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  const { eTag } = (await create(WAITING)).json as { eTag: string };
  await create([stage("two")]);
  const stale = { method: "POST", headers: { "if-match": eTag } };
  const answer = await call(`${RUN}/start`, stale);
  expect(answer.status).toBe(412);
  await advance("PT1H");
  expect((await call(RUN)).json).toMatchObject({
    properties: { status: { status: { state: "NotStarted" } } },
  });
});

test("a cluster that joins is Updating for some minutes after its member is ready", async () => {
  const { fleets: _, ...without } = scenario;
  const fleets = [{ name: "port", resourceGroup: "harbour", location: "westeurope" }];
  emulator = await startTestEmulator({ scenario: { ...without, fleets }, clock: "manual" });
  const clusterResourceId = `${PROVIDER}/managedClusters/one`;
  const member = `${PROVIDER}/fleets/port/members/one`;
  const body = { properties: { clusterResourceId } };
  expect((await call(member, { method: "PUT", body })).json).toMatchObject({
    properties: { provisioningState: "Joining" },
  });
  await advance("PT40S");
  expect((await call(member)).json).toMatchObject({
    properties: { provisioningState: "Succeeded" },
  });
  const busy = { provisioningState: "Updating" };
  expect((await call(clusterResourceId)).json).toMatchObject({
    properties: { ...busy, agentPoolProfiles: [busy] },
  });
  await advance("PT10M");
  expect((await call(clusterResourceId)).json).toMatchObject({
    properties: { provisioningState: "Succeeded" },
  });
});

const IMAGES = { region: "westeurope", version: `${FAMILY}-202607.02.0` };
const PROFILE = `${PROVIDER}/fleets/port/autoUpgradeProfiles/nightly`;

interface Listed {
  readonly value: readonly { readonly name: string; readonly properties: object }[];
}

test("a NodeImage profile creates and starts a Consistent run when an image is released, and says so", async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  const body = { properties: { channel: "NodeImage" } };
  const made = await call(PROFILE, { method: "PUT", body });
  expect(made.json).toMatchObject({ properties: { autoUpgradeProfileStatus: {} } });
  const runs = `${PROVIDER}/fleets/port/updateRuns`;
  await emulator.control("POST", "/images", { ...IMAGES, region: "northeurope" });
  await advance("PT1M");
  expect((await call(runs)).json).toEqual({ value: [] });
  await emulator.control("POST", "/images", IMAGES);
  await advance("PT1M");
  const { value } = (await call(runs)).json as Listed;
  expect(value).toHaveLength(1);
  expect(value[0]?.name).toMatch(/^auto-nightly-nodeimage-202607-02-0-[0-9a-f]{7}$/);
  expect(value[0]?.properties).toMatchObject({
    autoUpgradeProfileId: PROFILE,
    managedClusterUpdate: {
      upgrade: { type: "NodeImageOnly" },
      nodeImageSelection: { type: "Consistent" },
    },
    status: { status: { state: "Running" } },
  });
  expect((await call(PROFILE)).json).toMatchObject({
    properties: {
      autoUpgradeProfileStatus: {
        lastTriggerStatus: "Succeeded",
        lastTriggerUpgradeVersions: [IMAGES.version],
        lastTriggeredAt: expect.stringMatching(/Z$/),
      },
    },
  });
  const again = await call(`${PROFILE}/generateUpdateRun`, { method: "POST" });
  expect(again.json).toEqual({ id: `${runs}/${value[0]?.name}` });
});

test("a disabled profile starts nothing, yet generates a run when asked; Kubernetes channels follow releases", async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  const runs = `${PROVIDER}/fleets/port/updateRuns`;
  const put = (properties: object): Promise<WireAnswer> =>
    call(PROFILE, { method: "PUT", body: { properties } });
  await put({ channel: "NodeImage", disabled: true });
  await emulator.control("POST", "/images", IMAGES);
  await advance("PT1M");
  expect((await call(runs)).json).toEqual({ value: [] });
  const asked = await call(`${PROFILE}/generateUpdateRun`, { method: "POST" });
  expect(asked.status).toBe(200);
  const generated = (await call(runs)).json as Listed;
  expect(generated.value[0]?.properties).toMatchObject({
    status: { status: { state: "NotStarted" } },
  });
  await put({ channel: "Rapid" });
  await emulator.control("POST", "/kubernetes-versions", { version: "1.34.9" });
  await advance("PT1M");
  const { value } = (await call(runs)).json as Listed;
  expect(value.map(({ name }) => name.slice(0, 25))).toContain("auto-nightly-rapid-1-34-9");
});
