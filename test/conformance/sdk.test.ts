import type { AgentPool } from "@azure/arm-containerservice";
import type { UpdateRun } from "@azure/arm-containerservicefleet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScenarioCluster } from "../../emulator/scenario.ts";
import { startEmulatorProcess } from "./emulator-process.ts";
import type { EmulatorProcess } from "./emulator-process.ts";
import { CLOCK, NEW_IMAGE, OLD_IMAGE, scenarioWith } from "./scenario.ts";
import { collect, connect } from "./sdk-clients.ts";
import type { SdkClients } from "./sdk-clients.ts";

const TIMEOUT = 120_000;
const GROUP = "myResourceGroup";
const POLL_MILLISECONDS = 100;
const MAX_POLLS = 600;

function cluster(name: string): ScenarioCluster {
  return {
    name,
    resourceGroup: GROUP,
    location: "eastus",
    kubernetesVersion: "1.32.9",
    pools: [{ name: "nodepool1", count: 2, nodeImageVersion: OLD_IMAGE }],
  };
}

const scenario = scenarioWith({
  images: [
    { region: "eastus", version: OLD_IMAGE },
    { region: "eastus", version: NEW_IMAGE },
  ],
  clusters: ["pools", "whole", "blue", "green", "amber"].map(cluster),
});

let emulator: EmulatorProcess;
let sdk: SdkClients;
beforeAll(async () => {
  emulator = await startEmulatorProcess(scenario, CLOCK);
  sdk = connect(emulator);
});
afterAll(() => emulator?.stop());

const resourceId = (path: string): string =>
  `/subscriptions/${emulator.ready.subscription}/resourceGroups/${GROUP}/providers/Microsoft.ContainerService/${path}`;

function takeSnapshot(name: string, source: string) {
  return sdk.aks.snapshots.createOrUpdate(GROUP, name, {
    location: "eastus",
    tags: { by: "sdk" },
    creationData: { sourceResourceId: resourceId(source) },
    snapshotType: "NodePool",
  });
}

describe.concurrent("@azure/arm-containerservice", () => {
  test(
    "snapshots: create, get, list, tag, delete",
    async () => {
      const made = await takeSnapshot("first", "managedClusters/whole/agentPools/nodepool1");
      expect(made).toMatchObject({
        name: "first",
        type: "Microsoft.ContainerService/Snapshots",
        kubernetesVersion: "1.32.9",
        nodeImageVersion: OLD_IMAGE,
        osSku: "Ubuntu",
        vmSize: "Standard_D4ds_v5",
      });
      expect(await sdk.aks.snapshots.get(GROUP.toLowerCase(), "FIRST")).toMatchObject({
        id: made.id,
        tags: { by: "sdk" },
      });
      const listed = await collect(sdk.aks.snapshots.listByResourceGroup(GROUP));
      expect(listed.map(({ name }) => name)).toContain("first");
      expect((await collect(sdk.aks.snapshots.list())).map(({ id }) => id)).toContain(made.id);
      const tagged = await sdk.aks.snapshots.updateTags(GROUP, "first", { tags: { kind: "kept" } });
      expect(tagged).toMatchObject({ tags: { kind: "kept" }, nodeImageVersion: OLD_IMAGE });
      await sdk.aks.snapshots.delete(GROUP, "first");
      await sdk.aks.snapshots.delete(GROUP, "first");
      await expect(sdk.aks.snapshots.get(GROUP, "first")).rejects.toMatchObject({
        statusCode: 404,
        code: "ResourceNotFound",
      });
    },
    TIMEOUT,
  );

  test(
    "pools: the AKSSnapshotId header decides the image; without it the newest comes",
    async () => {
      const { agentPools } = sdk.aks;
      const ubuntu: AgentPool = { count: 1, mode: "User", vmSize: "Standard_D8ds_v5" };
      expect(await agentPools.createOrUpdate(GROUP, "pools", "newer", ubuntu)).toMatchObject({
        provisioningState: "Succeeded",
        nodeImageVersion: NEW_IMAGE,
      });
      const snapshot = await takeSnapshot("newest", "managedClusters/pools/agentPools/newer");
      const newest = NEW_IMAGE.replace("202606.26", "202606.28");
      await emulator.control("POST", "/images", { region: "eastus", version: newest });
      const headers = { AKSSnapshotId: (snapshot.id ?? "").toLowerCase() };
      await agentPools.upgradeNodeImageVersion(GROUP, "pools", "nodepool1", {
        requestOptions: { headers },
      });
      expect(await agentPools.get(GROUP, "pools", "nodepool1")).toMatchObject({
        nodeImageVersion: NEW_IMAGE,
        creationData: { sourceResourceId: snapshot.id },
      });
      await agentPools.upgradeNodeImageVersion(GROUP, "pools", "newer");
      expect(await agentPools.get(GROUP, "pools", "newer")).toMatchObject({
        nodeImageVersion: newest,
      });
      const profile = await agentPools.getUpgradeProfile(GROUP, "pools", "nodepool1");
      expect(profile.latestNodeImageVersion).toBe(newest);
      await agentPools.delete(GROUP, "pools", "newer");
      const left = await collect(agentPools.list(GROUP, "pools"));
      expect(left.map(({ name }) => name)).toEqual(["nodepool1"]);
    },
    TIMEOUT,
  );

  test(
    "clusters: create from a snapshot, upgrade, stop, start, tag, delete",
    async () => {
      const { managedClusters } = sdk.aks;
      const source = await takeSnapshot("seed", "managedClusters/whole/agentPools/nodepool1");
      const created = await managedClusters.createOrUpdate(GROUP, "made", {
        location: "eastus",
        dnsPrefix: "made",
        identity: { type: "SystemAssigned" },
        agentPoolProfiles: [
          {
            name: "pool",
            mode: "System",
            count: 1,
            creationData: { sourceResourceId: source.id ?? "" },
          },
        ],
      });
      expect(created).toMatchObject({
        provisioningState: "Succeeded",
        agentPoolProfiles: [{ nodeImageVersion: OLD_IMAGE }],
      });
      const { kubernetesVersion: _before, ...rest } = created;
      const wanted = { ...rest, kubernetesVersion: "1.33.5" };
      const upgraded = await managedClusters.createOrUpdate(GROUP, "made", wanted);
      expect(upgraded).toMatchObject({
        kubernetesVersion: "1.33.5",
        agentPoolProfiles: [{ orchestratorVersion: "1.32.9", nodeImageVersion: OLD_IMAGE }],
      });
      await managedClusters.stop(GROUP, "made");
      expect((await managedClusters.get(GROUP, "made")).powerState).toEqual({ code: "Stopped" });
      await managedClusters.start(GROUP, "made");
      const tagged = await managedClusters.updateTags(GROUP, "made", { tags: { team: "harbour" } });
      expect(tagged.tags).toEqual({ team: "harbour" });
      const { kubeconfigs } = await managedClusters.listClusterAdminCredentials(GROUP, "made");
      expect(Buffer.from(kubeconfigs?.[0]?.value ?? "").toString()).toContain("kind: Config");
      await managedClusters.delete(GROUP, "made");
      await expect(managedClusters.get(GROUP, "made")).rejects.toMatchObject({ statusCode: 404 });
    },
    TIMEOUT,
  );

  test(
    "refusals carry code and message",
    async () => {
      const other = sdk.aks.agentPools.createOrUpdate(GROUP, "whole", "nodepool1", {
        vmSize: "Standard_N1",
      });
      await expect(other).rejects.toMatchObject({
        statusCode: 400,
        code: "PropertyChangeNotAllowed",
        message: expect.stringContaining("Standard_N1"),
      });
      await expect(takeSnapshot("none", "managedClusters/no/agentPools/no")).rejects.toMatchObject({
        statusCode: 400,
        code: "InvalidParameter",
      });
    },
    TIMEOUT,
  );
});

const IMAGES_ONLY = { upgrade: { type: "NodeImageOnly" }, nodeImageSelection: { type: "Latest" } };
const stages = [
  { name: "stage1", groups: [{ name: "early" }], afterStageWaitInSeconds: 600 },
  { name: "stage2", groups: [{ name: "late" }] },
];

describe("@azure/arm-containerservicefleet", () => {
  beforeAll(async () => {
    const { fleets, fleetMembers, fleetUpdateStrategies } = sdk.fleet;
    const fleet = await fleets.create(GROUP, "harbour", { location: "eastus" });
    expect(fleet.properties?.provisioningState).toBe("Succeeded");
    const groups = { blue: "early", green: "late", amber: "late" };
    await Promise.all(
      Object.entries(groups).map(async ([name, group]) => {
        const clusterResourceId = resourceId(`managedClusters/${name}`);
        const properties = { clusterResourceId, group };
        const member = await fleetMembers.create(GROUP, "harbour", name, { properties });
        expect(member.properties?.provisioningState).toBe("Succeeded");
      }),
    );
    await fleetUpdateStrategies.createOrUpdate(GROUP, "harbour", "ordered", {
      properties: { strategy: { stages } },
    });
    // Joining keeps a cluster busy for some minutes, and a run fails a member that is busy.
    await Promise.all(Object.keys(groups).map(settled));
  }, TIMEOUT);

  async function settled(cluster: string): Promise<void> {
    for (let poll = 0; poll < MAX_POLLS; poll++) {
      const { provisioningState } = await sdk.aks.managedClusters.get(GROUP, cluster);
      if (provisioningState === "Succeeded") return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
    throw new Error(`${cluster} is not Succeeded`);
  }

  function createRun(name: string, properties: object): Promise<UpdateRun> {
    return Promise.resolve(
      sdk.fleet.updateRuns.createOrUpdate(GROUP, "harbour", name, {
        properties: { managedClusterUpdate: IMAGES_ONLY, ...properties },
      }),
    );
  }

  async function runWhen(name: string, states: readonly string[]): Promise<UpdateRun> {
    for (let poll = 0; poll < MAX_POLLS; poll++) {
      const run = await sdk.fleet.updateRuns.get(GROUP, "harbour", name);
      if (states.includes(run.properties?.status?.status?.state ?? "")) return run;
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
    throw new Error(`${name} did not become ${states.join(" or ")}`);
  }

  const stateOf = (run: UpdateRun): string | undefined => run.properties?.status?.status?.state;

  test(
    "one by one: one stage, one member after the other",
    async () => {
      const made = await createRun("one-by-one", {});
      expect(made.properties?.provisioningState).toBe("Succeeded");
      expect(stateOf(made)).toBe("NotStarted");
      await sdk.fleet.updateRuns.start(GROUP, "harbour", "one-by-one");
      const done = await runWhen("one-by-one", ["Completed", "Failed"]);
      const members = done.properties?.status?.stages?.flatMap(({ groups }) =>
        (groups ?? []).flatMap((group) => group.members ?? []),
      );
      expect(members?.map(({ name, status }) => [name, status?.state])).toEqual([
        ["amber", "Completed"],
        ["blue", "Completed"],
        ["green", "Completed"],
      ]);
    },
    TIMEOUT,
  );

  test(
    "stages of its own, stopped and started again",
    async () => {
      const newest = NEW_IMAGE.replace("202606.26", "202606.29");
      await emulator.control("POST", "/images", { region: "eastus", version: newest });
      await createRun("staged", { strategy: { stages } });
      await sdk.fleet.updateRuns.start(GROUP, "harbour", "staged");
      await runWhen("staged", ["Running"]);
      await sdk.fleet.updateRuns.stop(GROUP, "harbour", "staged");
      const stopped = await runWhen("staged", ["Stopped"]);
      expect(stopped.properties?.status?.stages?.[1]?.status?.state).toBe("NotStarted");
      await sdk.fleet.updateRuns.start(GROUP, "harbour", "staged");
      const done = await runWhen("staged", ["Completed", "Failed"]);
      expect(done.properties?.status?.stages).toMatchObject([
        {
          name: "stage1",
          status: { state: "Completed" },
          afterStageWaitStatus: { status: { state: "Completed" }, waitDurationInSeconds: 600 },
        },
        { name: "stage2", status: { state: "Completed" } },
      ]);
    },
    TIMEOUT,
  );

  test(
    "a named strategy is copied; members, groups, stages and waits are skipped",
    async () => {
      const updateStrategyId = resourceId("fleets/harbour/updateStrategies/ordered");
      const made = await createRun("named", { updateStrategyId });
      expect(made.properties?.strategy).toMatchObject({ stages });
      const { updateRuns } = sdk.fleet;
      const skipped = await updateRuns.skip(GROUP, "harbour", "named", {
        targets: [
          { type: "Member", name: "blue" },
          { type: "AfterStageWait", name: "stage1" },
          { type: "Group", name: "late" },
          { type: "Stage", name: "stage2" },
        ],
      });
      expect(skipped.properties?.status?.stages).toMatchObject([
        { groups: [{ members: [{ name: "blue", status: { state: "Skipped" } }] }] },
        { groups: [{ status: { state: "Skipped" } }] },
      ]);
      await updateRuns.delete(GROUP, "harbour", "named");
      await expect(updateRuns.get(GROUP, "harbour", "named")).rejects.toMatchObject({
        statusCode: 404,
        code: "ResourceNotFound",
      });
    },
    TIMEOUT,
  );

  test(
    "refusals carry code and message; ETags protect",
    async () => {
      const { fleetUpdateStrategies, updateRuns, fleetMembers, fleets } = sdk.fleet;
      await createRun("done-nothing", { strategy: { stages } });
      await expect(updateRuns.stop(GROUP, "harbour", "done-nothing")).rejects.toMatchObject({
        code: "OperationNotAllowed",
      });
      const badName = createRun("Not_A_Name", {});
      await expect(badName).rejects.toMatchObject({ statusCode: 400 });
      const strategy = { properties: { strategy: { stages } } };
      const stale = fleetUpdateStrategies.createOrUpdate(GROUP, "harbour", "ordered", strategy, {
        ifNoneMatch: "*",
      });
      await expect(stale).rejects.toMatchObject({ statusCode: 412 });
      const missing = fleetMembers.get(GROUP, "harbour", "nobody");
      await expect(missing).rejects.toMatchObject({ statusCode: 404, code: "ResourceNotFound" });
      const moved = await fleetMembers.updateAsync(GROUP, "harbour", "amber", {
        properties: { group: "early" },
      });
      expect(moved.properties?.group).toBe("early");
      const tagged = await fleets.updateAsync(GROUP, "harbour", { tags: { a: "b" } });
      expect(tagged.tags).toEqual({ a: "b" });
      await fleetMembers.delete(GROUP, "harbour", "amber");
      expect(await collect(fleetMembers.listByFleet(GROUP, "harbour"))).toHaveLength(2);
      await fleets.delete(GROUP, "harbour");
      expect(await collect(fleets.listByResourceGroup(GROUP))).toEqual([]);
    },
    TIMEOUT,
  );
});
