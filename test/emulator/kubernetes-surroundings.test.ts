import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Principal } from "../../emulator/service.ts";
import { MINUTE, SECOND } from "../../shared/core/duration.ts";
import type { Cluster, World } from "../../shared/simulator/model.ts";
import { send } from "../support/emulator.ts";
import { KubernetesClient } from "./kubernetes-client.ts";
import type { Answer } from "./kubernetes-client.ts";
import { clusterId, startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { quayWorld } from "./kubernetes-world.ts";

/** What clients ask of a cluster beside what is simulated in it. */
const READER: Principal = {
  objectId: "aaaaaaaa-0000-4000-8000-000000000001",
  clientId: "aaaaaaaa-0000-4000-8000-000000000002",
  name: "node-reader",
  grants: [
    {
      actions: ["Microsoft.ContainerService/managedClusters/nodes/read"],
      scope: clusterId("quay"),
    },
  ],
};
const APPLY = "application/apply-patch+yaml";

let world: World;
let quay: Cluster;
let server: KubernetesServer;
let api: KubernetesClient;
beforeAll(async () => {
  ({ world, quay } = quayWorld());
  server = await startKubernetesServer(world, { principals: [READER] });
  api = new KubernetesClient(server, "quay");
});
afterAll(() => server.close());

const post = (path: string, body: unknown): Promise<Answer> => api.call("POST", path, { body });

const SHOP = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "shop", labels: { tier: "front" }, annotations: { note: "kept" } },
  spec: {
    replicas: 2,
    minReadySeconds: 7,
    selector: { matchLabels: { app: "shop" } },
    template: {
      metadata: { labels: { app: "shop" }, annotations: { built: "today" } },
      spec: { containers: [{ name: "till", image: "shop:1", ports: [{ containerPort: 80 }] }] },
    },
  },
};

describe("a workload comes back as it was written", () => {
  test("and so do its ReplicaSet and pods, when it is scaled and changed, too", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    expect((await post(path, SHOP)).status).toBe(201);
    expect((await api.get(`${path}/shop`)).body).toMatchObject(SHOP);
    const scale = { type: "application/merge-patch+json", body: { spec: { replicas: 3 } } };
    await api.call("PATCH", `${path}/shop/scale`, scale);
    expect((await api.get(`${path}/shop`)).body.spec).toMatchObject({ ...SHOP.spec, replicas: 3 });
    const type = "application/strategic-merge-patch+json";
    const containers = [{ name: "till", image: "shop:2" }];
    await api.call("PATCH", `${path}/shop`, {
      type,
      body: { spec: { template: { spec: { containers } } } },
    });
    world.advanceTo(world.now + MINUTE);
    const pods = await api.get("/api/v1/namespaces/default/pods?labelSelector=app%3Dshop");
    expect(pods.body.items).toHaveLength(3);
    expect(pods.body.items[0]?.spec.containers).toMatchObject([
      { name: "till", image: "shop:2", ports: [{ containerPort: 80 }] },
    ]);
    const sets = await api.get("/apis/apps/v1/namespaces/default/replicasets");
    expect(sets.body.items.map(({ spec }) => spec.template)).toContainEqual(
      expect.objectContaining({ spec: expect.objectContaining({ containers: expect.anything() }) }),
    );
  });

  test("but not after it was deleted and made again", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const other = { ...SHOP, metadata: { name: "kiosk", annotations: { old: "1" } } };
    await post(path, other);
    await api.call("DELETE", `${path}/kiosk`);
    await post(path, { ...SHOP, metadata: { name: "kiosk" } });
    expect((await api.get(`${path}/kiosk`)).body.metadata.annotations).not.toHaveProperty("old");
  });

  test("without containers that are none", async () => {
    const template = { metadata: { labels: { app: "odd" } }, spec: { containers: [7, "x"] } };
    const odd = {
      ...SHOP,
      metadata: { name: "odd" },
      spec: { selector: { matchLabels: { app: "odd" } }, template },
    };
    await post("/apis/apps/v1/namespaces/default/deployments", odd);
    const table = await api.get("/apis/apps/v1/namespaces/default/deployments", {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    });
    expect(table.body.kind).toBe("Table");
  });
});

describe("objects that nothing acts on", () => {
  test("are kept, changed, listed and deleted", async () => {
    const path = "/api/v1/namespaces/default/configmaps";
    const metadata = { name: "settings", creationTimestamp: null };
    const made = await post(path, { metadata, data: { colour: "blue" } });
    expect(Date.parse(String(made.body.metadata.creationTimestamp))).toBe(world.now);
    expect(made.body).toMatchObject({ kind: "ConfigMap", metadata: { uid: expect.any(String) } });
    const type = "application/merge-patch+json";
    const patch = { type, body: { data: { size: "l" } } };
    const patched = await api.call("PATCH", `${path}/settings`, patch);
    expect(patched.body.data).toEqual({ colour: "blue", size: "l" });
    expect(Number(patched.body.metadata.resourceVersion)).toBeGreaterThan(
      Number(made.body.metadata.resourceVersion),
    );
    const again = await api.call("PATCH", `${path}/settings`, patch);
    expect(again.body.metadata.resourceVersion).toBe(patched.body.metadata.resourceVersion);
    expect((await api.get("/api/v1/configmaps")).body.items).toHaveLength(1);
    expect((await api.call("DELETE", `${path}/settings`)).status).toBe(200);
    expect((await api.get(`${path}/settings`)).status).toBe(404);
  });

  test("a service's selector is patched member by member, as a switch from blue to green asks", async () => {
    const path = "/api/v1/namespaces/default/services";
    const ports = [{ port: 80 }];
    const spec = { type: "LoadBalancer", selector: { app: "till", slot: "blue" }, ports };
    await post(path, { metadata: { name: "till" }, spec });
    const type = "application/strategic-merge-patch+json";
    const body = { spec: { selector: { slot: "green" } } };
    const patched = await api.call("PATCH", `${path}/till`, { type, body });
    expect(patched.body.spec.selector).toEqual({ app: "till", slot: "green" });
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const { rows } = (await api.get(`${path}/till`, { accept })).body;
    const [{ cells }] = rows as [{ cells: unknown[] }];
    expect(cells).toEqual(expect.arrayContaining(["<pending>", "app=till,slot=green"]));
    await api.call("DELETE", `${path}/till`);
  });

  test("are refused when they are nested too deep to be written out again", async () => {
    const depth = 20_000;
    const data = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const body = `{"metadata": {"name": "deep"}, "data": ${data}}`;
    const refused = await post("/api/v1/namespaces/default/configmaps", body);
    expect(refused).toMatchObject({ status: 400, body: { kind: "Status" } });
  });

  test("get a name when they ask for one", async () => {
    const body = { metadata: { generateName: "job-" } };
    const names = [];
    for (let index = 0; index < 2; index++) {
      const made = await post("/api/v1/namespaces/default/secrets", body);
      names.push(made.body.metadata.name);
    }
    expect(names).toEqual([
      expect.stringMatching(/^job-[a-z0-9]{5}$/),
      expect.stringMatching(/^job-[a-z0-9]{5}$/),
    ]);
    expect(names[0]).not.toBe(names[1]);
  });

  test("are not made where their controller would make pods", async () => {
    const path = "/apis/batch/v1/namespaces/default/jobs";
    expect((await api.get(path)).body).toMatchObject({ kind: "JobList", items: [] });
    expect((await post(path, { metadata: { name: "once" } })).status).toBe(405);
  });

  test("include the service of the API server and the kubelets' leases", async () => {
    const services = await api.get("/api/v1/services", {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    });
    const [{ cells }] = services.body.rows as [{ cells: unknown[] }];
    expect(cells.slice(0, 5)).toEqual(["kubernetes", "ClusterIP", "10.0.0.1", "<none>", "443/TCP"]);
    const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    const renewals = async (): Promise<unknown[]> =>
      (await api.get(leases)).body.items.map(({ spec }) => spec.renewTime);
    const before = await renewals();
    expect(before).toHaveLength(quay.nodes.size);
    world.advanceTo(world.now + 10 * SECOND);
    expect(await renewals()).not.toEqual(before);
  });
});

describe("namespaces", () => {
  test("are made, labelled and deleted with what is in them", async () => {
    const missing = await post("/api/v1/namespaces/pier/configmaps", { metadata: { name: "a" } });
    expect(missing.body.message).toBe('namespaces "pier" not found');
    await post("/api/v1/namespaces", { metadata: { name: "pier", labels: { a: "b" } } });
    await post("/api/v1/namespaces/pier/configmaps", { metadata: { name: "a" } });
    await post("/apis/apps/v1/namespaces/pier/deployments", SHOP);
    world.advanceTo(world.now + MINUTE);
    expect((await api.get("/api/v1/namespaces/pier")).body.metadata.labels).toMatchObject({
      a: "b",
    });
    const ending = await api.call("DELETE", "/api/v1/namespaces/pier");
    expect(ending.body.status).toEqual({ phase: "Terminating" });
    const late = await post("/api/v1/namespaces/pier/configmaps", { metadata: { name: "b" } });
    expect(late).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining("because it is being terminated") },
    });
    // What is in it is there for a while, for whoever deletes it one by one.
    const shop = "/apis/apps/v1/namespaces/pier/deployments/shop";
    expect((await api.call("DELETE", shop)).status).toBe(200);
    server.clock.advance(10 * MINUTE);
    expect((await api.get("/api/v1/namespaces/pier")).status).toBe(404);
    expect((await api.get("/api/v1/namespaces/pier/pods")).body.items).toEqual([]);
    expect((await api.get("/api/v1/namespaces/pier/configmaps")).body.items).toEqual([]);
  });

  test("of the system stay", async () => {
    const refused = await api.call("DELETE", "/api/v1/namespaces/kube-system");
    expect(refused.status).toBe(403);
    expect(quay.workloads.size).toBeGreaterThan(0);
  });
});

describe("server-side apply", () => {
  const path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/kiosk";
  const budget =
    "{metadata: {name: kiosk}, spec: {minAvailable: 1, selector: {matchLabels: {app: kiosk}}}}";

  test("makes what is not there and sets what is described", async () => {
    const apply = (body: string): Promise<Answer> =>
      api.call("PATCH", `${path}?fieldManager=me`, { type: APPLY, body });
    expect((await apply(budget)).status).toBe(201);
    const second = await apply(budget.replace("minAvailable: 1", "minAvailable: 2"));
    expect(second).toMatchObject({ status: 200, body: { spec: { minAvailable: 2 } } });
  });

  test("wants to know who applies", async () => {
    expect((await api.call("PATCH", path, { type: APPLY, body: budget })).status).toBe(400);
  });
});

describe("who am I, and what may I", () => {
  const RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
  const SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

  test("an administrator may do everything", async () => {
    expect((await post(SELF, {})).body.status).toMatchObject({
      userInfo: { groups: expect.arrayContaining(["system:masters"]) },
    });
    const { status } = (await post(RULES, { spec: { namespace: "default" } })).body;
    expect(status.resourceRules).toContainEqual({
      verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
      apiGroups: ["policy"],
      resources: ["poddisruptionbudgets"],
    });
  });

  test("a principal what its actions allow", async () => {
    const as = { token: READER.name, body: {} };
    const self = await api.call("POST", SELF, as);
    expect(self.body.status).toMatchObject({ userInfo: { username: READER.objectId } });
    expect((await api.call("POST", RULES, as)).body.status.resourceRules).toEqual([
      { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["nodes"] },
    ]);
  });
});

test("pods have empty logs and no containers to run something in", async () => {
  const [pod] = quay.pods.values();
  const path = `/api/v1/namespaces/${pod?.namespace}/pods/${pod?.name}`;
  expect(await api.get(`${path}/log`)).toMatchObject({ status: 200, body: { text: "" } });
  expect((await api.get("/api/v1/namespaces/default/pods/none/log")).status).toBe(404);
  expect((await api.call("POST", `${path}/exec?command=ls`)).body.message).toContain(
    "run no containers",
  );
});

test("paths without the cluster's address reach the cluster of an administrator's token", async () => {
  const raw = (path: string, token: string): ReturnType<typeof send> =>
    send(`${server.environment.origin()}${path}`, server.caPem, {
      headers: { authorization: `Bearer ${token}` },
    });
  const token = server.adminToken("quay");
  expect(await raw("/healthz", token)).toMatchObject({ status: 200, text: "ok" });
  expect((await raw("/readyz?verbose", token)).text).toContain("readyz check passed");
  expect((await raw("/api/v1/nodes", token)).json).toMatchObject({ kind: "NodeList" });
  expect((await raw("/healthz", "0".repeat(64))).status).toBe(404);
});

test("an autoscaler is one object in both its versions, of which clients prefer the newer", async () => {
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "crane" };
  const path = (version: string): string =>
    `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
  const spec = { scaleTargetRef, minReplicas: 1, maxReplicas: 3 };
  const older = { ...spec, targetCPUUtilizationPercentage: 70 };
  expect((await post(path("v1"), { metadata: { name: "crane" }, spec: older })).status).toBe(201);
  const target = { type: "Utilization", averageUtilization: 70 };
  const newer = (await api.get(`${path("v2")}/crane`)).body;
  expect(newer).toMatchObject({
    apiVersion: "autoscaling/v2",
    spec: { ...spec, metrics: [{ type: "Resource", resource: { name: "cpu", target } }] },
  });
  const merge = { type: "application/merge-patch+json", body: { spec: { maxReplicas: 5 } } };
  await api.call("PATCH", `${path("v2")}/crane`, merge);
  const again = (await api.get(`${path("v1")}/crane`)).body;
  expect(again).toMatchObject({ apiVersion: "autoscaling/v1", spec: { ...older, maxReplicas: 5 } });
  expect(again.metadata.uid).toBe(newer.metadata.uid);
  const { body } = await api.get("/apis/autoscaling");
  expect(body).toMatchObject({
    preferredVersion: { version: "v2" },
    versions: [{ version: "v2" }, { version: "v1" }],
  });
  await api.call("DELETE", `${path("v1")}/crane`);
  expect((await api.get(`${path("v2")}/crane`)).status).toBe(404);
});
