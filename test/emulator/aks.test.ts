import type { AgentPool, ContainerServiceClient } from "@azure/arm-containerservice";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const OLD = "AKSUbuntu-2204gen2containerd-202606.16.0";
const NEW = "AKSUbuntu-2204gen2containerd-202606.26.0";
/** So fast that hours of upgrading pass between two looks of a poller. */
const FAST = 100_000;

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  kubernetesVersions: ["1.32.9", "1.33.5"],
  images: [
    { region: "westeurope", version: OLD },
    { region: "northeurope", version: OLD },
  ],
  clusters: [
    {
      name: "quay",
      resourceGroup: "harbour",
      location: "westeurope",
      kubernetesVersion: "1.32.9",
      pools: [
        { name: "system", count: 2 },
        { name: "apps", count: 3, vmSize: "Standard_D8ds_v5" },
      ],
    },
  ],
};

let emulator: TestEmulator;
let aks: ContainerServiceClient;
beforeEach(async () => {
  emulator = await startTestEmulator({ scenario, clock: FAST });
  aks = emulator.aks;
});
afterEach(() => emulator.close());

const poolId = (name: string): string =>
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/managedClusters/quay/agentPools/${name}`;
const snapshotPath = (name: string): string =>
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/snapshots/${name}`;

function takeSnapshot(name: string, pool = "apps", location = "westeurope"): Promise<unknown> {
  return aks.snapshots.createOrUpdate("harbour", name, {
    location,
    creationData: { sourceResourceId: poolId(pool) },
    snapshotType: "NodePool",
    tags: { kind: "outgoing" },
  });
}

function release(region: string, version: string): Promise<unknown> {
  return emulator.control("POST", "/images", { region, version });
}

function upgradeImage(snapshot?: string): Promise<void> {
  const headers = snapshot === undefined ? {} : { AKSSnapshotId: snapshotPath(snapshot) };
  return Promise.resolve(
    aks.agentPools.upgradeNodeImageVersion("harbour", "quay", "apps", {
      ...emulator.polling,
      requestOptions: { headers },
    }),
  );
}

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of pages) found.push(one);
  return found;
}

test("a cluster carries what every client reads", async () => {
  const [listed] = await collect(aks.managedClusters.list());
  const read = await aks.managedClusters.get("harbour", "quay");
  expect(listed).toEqual(read);
  expect(read).toMatchObject({
    location: "westeurope",
    provisioningState: "Succeeded",
    powerState: { code: "Running" },
    kubernetesVersion: "1.32.9",
    maxAgentPools: 100,
    servicePrincipalProfile: { clientId: "msi" },
    agentPoolProfiles: [
      { name: "system", count: 2, mode: "System", nodeImageVersion: OLD },
      { name: "apps", count: 3, mode: "User", osSKU: "Ubuntu", orchestratorVersion: "1.32.9" },
    ],
  });
  expect(read.id).toContain("/resourcegroups/harbour/");
});

test("pools are listed in pages, the last one empty", async () => {
  const pools = await collect(aks.agentPools.list("harbour", "quay"));
  expect(pools.map(({ name }) => name)).toEqual(["system", "apps"]);
  const path = `${poolId("").slice(0, -1)}?api-version=2026-04-01`;
  const first = (await emulator.call(path)).json as { nextLink: string };
  const second = await emulator.call(first.nextLink.replace(emulator.ready.arm, ""));
  expect(second.json).toEqual({ value: [] });
});

test("a pool is added, scaled and deleted, keeping fields that the emulator does not know", async () => {
  const added = await aks.agentPools.createOrUpdate(
    "harbour",
    "quay",
    "green",
    { count: 1, vmSize: "Standard_D4ds_v5", mode: "User", tags: { colour: "green" }, maxPods: 60 },
    emulator.polling,
  );
  expect(added).toMatchObject({
    provisioningState: "Succeeded",
    nodeImageVersion: OLD,
    maxPods: 60,
    tags: { colour: "green" },
    upgradeSettings: { undrainableNodeBehavior: "Schedule" },
  });
  const writable: AgentPool = { ...added, count: 2 };
  const scaled = await aks.agentPools.createOrUpdate(
    "harbour",
    "quay",
    "green",
    writable,
    emulator.polling,
  );
  expect(scaled).toMatchObject({ count: 2, nodeImageVersion: OLD, maxPods: 60 });
  await aks.agentPools.delete("harbour", "quay", "green", emulator.polling);
  await expect(aks.agentPools.get("harbour", "quay", "green")).rejects.toMatchObject({
    statusCode: 404,
  });
});

test("a pool that is being deleted keeps what was written on it; the next of its name begins anew", async () => {
  await emulator.close();
  emulator = await startTestEmulator({ scenario, clock: 0 });
  const { agentPools } = emulator.aks;
  const put = async (tags: Record<string, string>) => {
    const operation = agentPools.createOrUpdate(
      "harbour",
      "quay",
      "green",
      { count: 1, vmSize: "Standard_D4ds_v5", tags },
      emulator.polling,
    );
    await operation.submitted();
    await emulator.control("POST", "/clock", { advance: "PT1H" });
    await operation;
  };
  await put({ colour: "green" });
  const deletion = agentPools.delete("harbour", "quay", "green", emulator.polling);
  await deletion.submitted();
  expect(await agentPools.get("harbour", "quay", "green")).toMatchObject({
    provisioningState: "Deleting",
    tags: { colour: "green" },
  });
  await emulator.control("POST", "/clock", { advance: "PT1H" });
  await deletion;
  await put({ shape: "round" });
  expect((await agentPools.get("harbour", "quay", "green")).tags).toEqual({ shape: "round" });
});

test("a snapshot copies the read-only fields of its pool, and only those", async () => {
  await takeSnapshot("before");
  const snapshot = await aks.snapshots.get("harbour", "BEFORE");
  expect(snapshot).toMatchObject({
    name: "before",
    type: "Microsoft.ContainerService/Snapshots",
    nodeImageVersion: OLD,
    kubernetesVersion: "1.32.9",
    osType: "Linux",
    osSku: "Ubuntu",
    vmSize: "Standard_D8ds_v5",
    tags: { kind: "outgoing" },
  });
  expect(snapshot).not.toHaveProperty("provisioningState");
  await aks.snapshots.updateTags("harbour", "before", { tags: { kind: "kept" } });
  const all = await collect(aks.snapshots.list());
  expect(all.map(({ tags }) => tags)).toEqual([{ kind: "kept" }]);
  await aks.snapshots.delete("harbour", "before");
  await aks.snapshots.delete("harbour", "before");
  expect(await collect(aks.snapshots.listByResourceGroup("harbour"))).toEqual([]);
});

test("a pool goes to the newest image, back to a snapshot's only where that is allowed", async () => {
  await takeSnapshot("before");
  await release("westeurope", NEW);
  const { latestNodeImageVersion } = await aks.agentPools.getUpgradeProfile(
    "harbour",
    "quay",
    "apps",
  );
  expect(latestNodeImageVersion).toBe(NEW);
  await upgradeImage();
  expect(await aks.agentPools.get("harbour", "quay", "apps")).toMatchObject({
    nodeImageVersion: NEW,
    provisioningState: "Succeeded",
  });
  await expect(upgradeImage("before")).rejects.toMatchObject({
    statusCode: 400,
    code: "InvalidParameter",
  });
});

test("with the AKSSnapshotId header a pool goes to the snapshot's image, not to the newest", async () => {
  await release("westeurope", NEW);
  await aks.agentPools.upgradeNodeImageVersion("harbour", "quay", "apps", emulator.polling);
  await takeSnapshot("newer", "apps");
  await release("westeurope", "AKSUbuntu-2204gen2containerd-202606.30.0");
  await aks.agentPools.createOrUpdate(
    "harbour",
    "quay",
    "pinned",
    {
      count: 1,
      vmSize: "Standard_D4ds_v5",
      creationData: { sourceResourceId: snapshotPath("newer") },
    },
    emulator.polling,
  );
  const pinned = await aks.agentPools.get("harbour", "quay", "pinned");
  expect(pinned).toMatchObject({
    nodeImageVersion: NEW,
    orchestratorVersion: "1.32.9",
    creationData: { sourceResourceId: snapshotPath("newer") },
  });
});

test("the first answer to a node image upgrade shows the pool as it was", async () => {
  await emulator.close();
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  await release("westeurope", NEW);
  const path = `${poolId("apps")}/upgradeNodeImageVersion?api-version=2026-04-01`;
  const answer = await emulator.call(path, { method: "POST" });
  expect(answer.status).toBe(202);
  expect(answer.json).toMatchObject({
    properties: { provisioningState: "UpgradingNodeImageVersion", nodeImageVersion: OLD },
  });
  expect(answer.headers["retry-after"]).toBe("1");
  const operation = String(answer.headers["azure-asyncoperation"]).replace(emulator.ready.arm, "");
  expect((await emulator.call(operation)).json).toMatchObject({ status: "InProgress" });
  const location = String(answer.headers["location"]).replace(emulator.ready.arm, "");
  expect((await emulator.call(location)).status).toBe(202);
  const busy = await emulator.call(path, { method: "POST" });
  expect(busy.status).toBe(409);
  expect(busy.json).toMatchObject({ error: { code: "OperationNotAllowed" } });
  await emulator.control("POST", "/clock", { advance: "P1D" });
  expect((await emulator.call(operation)).json).toMatchObject({
    status: "Succeeded",
    endTime: expect.stringMatching(/Z$/),
  });
  expect((await emulator.call(location)).json).toMatchObject({
    properties: { nodeImageVersion: NEW },
  });
});

const SNAPSHOT_REFUSALS = [
  { name: "another region", location: "northeurope", pool: "apps", message: /region/ },
  { name: "no such pool", location: "westeurope", pool: "none", message: /not found/ },
];

test.each(SNAPSHOT_REFUSALS)("no snapshot of $name", async ({ location, pool, message }) => {
  await expect(takeSnapshot("refused", pool, location)).rejects.toMatchObject({
    statusCode: 400,
    message: expect.stringMatching(message),
  });
});

test("no snapshot of a pool that is being upgraded", async () => {
  await emulator.close();
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  aks = emulator.aks;
  await release("westeurope", NEW);
  const path = `${poolId("apps")}/upgradeNodeImageVersion?api-version=2026-04-01`;
  await emulator.call(path, { method: "POST" });
  await expect(takeSnapshot("refused")).rejects.toThrow(/must be 'Succeeded'/);
});

const USE_REFUSALS = [
  { name: "another VM family", vmSize: "Standard_E4s_v5", advance: 0, message: /family/ },
  { name: "an expired image", vmSize: "Standard_D4ds_v5", advance: "P90D", message: /expired/ },
];

test.each(USE_REFUSALS)("a pool of $name is refused", async ({ vmSize, advance, message }) => {
  await takeSnapshot("source");
  await emulator.control("POST", "/clock", { advance });
  const creationData = { sourceResourceId: snapshotPath("source") };
  const adding = aks.agentPools.createOrUpdate("harbour", "quay", "late", {
    count: 1,
    vmSize,
    creationData,
  });
  await expect(adding).rejects.toMatchObject({
    statusCode: 400,
    message: expect.stringMatching(message),
  });
});

test("a cluster is created from a snapshot, upgraded, stopped, started and deleted", async () => {
  await takeSnapshot("source", "system");
  const created = await aks.managedClusters.createOrUpdate(
    "harbour",
    "jetty",
    {
      location: "northeurope",
      kubernetesVersion: "1.32.9",
      dnsPrefix: "jetty",
      identity: { type: "SystemAssigned" },
      agentPoolProfiles: [
        {
          name: "system",
          mode: "System",
          count: 1,
          vmSize: "Standard_D4ds_v5",
          creationData: { sourceResourceId: snapshotPath("source") },
        },
      ],
    },
    emulator.polling,
  );
  expect(created).toMatchObject({
    provisioningState: "Succeeded",
    autoUpgradeProfile: { nodeOSUpgradeChannel: "NodeImage" },
    agentPoolProfiles: [{ nodeImageVersion: OLD }],
  });
  const profile = await aks.managedClusters.getUpgradeProfile("harbour", "jetty");
  expect(profile.controlPlaneProfile?.upgrades).toMatchObject([{ kubernetesVersion: "1.33.5" }]);
  const upgraded = await aks.managedClusters.createOrUpdate(
    "harbour",
    "jetty",
    { ...created, kubernetesVersion: "1.33.5" },
    emulator.polling,
  );
  expect(upgraded).toMatchObject({
    kubernetesVersion: "1.33.5",
    agentPoolProfiles: [{ orchestratorVersion: "1.32.9" }],
  });
  await aks.managedClusters.stop("harbour", "jetty", emulator.polling);
  const stopped = await aks.managedClusters.get("harbour", "jetty");
  expect(stopped.powerState).toEqual({ code: "Stopped" });
  await aks.managedClusters.start("harbour", "jetty", emulator.polling);
  await aks.managedClusters.delete("harbour", "jetty", emulator.polling);
  const names = (await collect(aks.managedClusters.list())).map(({ name }) => name);
  expect(names).toEqual(["quay"]);
});

const REFUSED_POOLS = [
  { name: "a name with capitals and dashes", pool: "Not-A-Pool", body: { count: 1 } },
  { name: "a count below zero", pool: "apps", body: { count: -1 } },
  { name: "another VM size", pool: "apps", body: { count: 3, vmSize: "Standard_D2s_v5" } },
  {
    name: "a soak of two hours",
    pool: "apps",
    body: { count: 3, upgradeSettings: { nodeSoakDurationInMinutes: 120 } },
  },
  {
    name: "a surge of nonsense",
    pool: "apps",
    body: { count: 3, upgradeSettings: { maxSurge: "many" } },
  },
  {
    name: "unavailable nodes in a system pool",
    pool: "system",
    body: { count: 2, upgradeSettings: { maxUnavailable: "1" } },
  },
  { name: "an unknown version", pool: "apps", body: { count: 3, orchestratorVersion: "1.99.1" } },
];

test.each(REFUSED_POOLS)("a pool with $name is refused with 400", async ({ pool, body }) => {
  await expect(aks.agentPools.createOrUpdate("harbour", "quay", pool, body)).rejects.toMatchObject({
    statusCode: 400,
  });
});

test("If-Match with an old ETag of a pool is a 409 EtagMismatch", async () => {
  const { eTag } = await aks.agentPools.get("harbour", "quay", "apps");
  await aks.agentPools.createOrUpdate("harbour", "quay", "apps", { count: 4 }, emulator.polling);
  const stale = aks.agentPools.createOrUpdate(
    "harbour",
    "quay",
    "apps",
    { count: 5 },
    { ifMatch: eTag ?? "" },
  );
  await expect(stale).rejects.toMatchObject({ statusCode: 409, code: "EtagMismatch" });
});

test("credentials lead to the cluster's Kubernetes API", async () => {
  const admin = await aks.managedClusters.listClusterAdminCredentials("harbour", "quay");
  const user = await aks.managedClusters.listClusterUserCredentials("harbour", "quay", {
    format: "exec",
  });
  const read = (credentials: typeof admin): Kubeconfig =>
    parse(Buffer.from(credentials.kubeconfigs?.[0]?.value ?? "").toString()) as Kubeconfig;
  const [cluster] = read(admin).clusters;
  expect(cluster?.cluster.server).toBe(
    `${emulator.ready.arm}/clusters/${SUBSCRIPTION}/harbour/quay`,
  );
  expect(
    Buffer.from(cluster?.cluster["certificate-authority-data"] ?? "", "base64").toString(),
  ).toBe(emulator.ca);
  expect(read(user).users[0]?.user).toMatchObject({ exec: { command: "kubelogin" } });
  const server = `/clusters/${SUBSCRIPTION}/harbour/quay`;
  const headers = { authorization: `Bearer ${read(admin).users[0]?.user["token"]}` };
  const nodes = await emulator.call(`${server}/api/v1/nodes`, { as: null, headers });
  expect((nodes.json as { items: unknown[] }).items).toHaveLength(5);
});

interface Kubeconfig {
  readonly clusters: {
    readonly cluster: {
      readonly server: string;
      readonly "certificate-authority-data": string;
    };
  }[];
  readonly users: { readonly user: Readonly<Record<string, unknown>> }[];
}
